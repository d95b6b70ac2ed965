//! Proposals: list, approve, dismiss.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use swarm::site::proposal::{Proposal, Target};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Board, approve, board, db, unknown};
use crate::audit::act;
use crate::auth::{NetworkAdmin, NetworkReader};
use crate::extract::{Json, Path};
use crate::problem::{ProblemBody, Result};
use crate::site::routes::{change_header, check_name};
use crate::site::row_id;
use crate::state::App;

/// PCs that a proposal names.
const DEVICES_MAX: usize = 20;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_proposals))
        .routes(routes!(approve_proposal))
        .routes(routes!(dismiss_proposal))
}

/// A site that is proposed, or subnets for one that is there.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Names it for as long as it proposes the same.
    pub key: String,
    /// The site that grows; null: a new one.
    pub site: Option<Uuid>,
    /// The site's name, or one to begin with.
    pub name: String,
    /// The subnets that it has now.
    pub subnets_now: Vec<String>,
    /// The subnets that come.
    pub subnets_added: Vec<String>,
    /// How many PCs were seen there.
    pub pcs: usize,
    /// Some of them.
    pub devices: Vec<Uuid>,
    /// Whether they have one gateway.
    pub same_gateway: bool,
    /// Their DHCP domain, if they all have the same.
    pub domain: Option<String>,
    /// The median of their round trips, milliseconds.
    pub rtt_ms: Option<u32>,
    /// The office is behind NAT: the subnet is the address that it calls from.
    pub behind_nat: bool,
}

/// A subnet that cannot be proposed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AmbiguousView {
    /// The subnet.
    pub subnet: String,
    /// How many gateways it lies behind.
    pub gateways: usize,
    /// How many PCs say so.
    pub pcs: usize,
}

/// What can be proposed now.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BoardView {
    /// Those with most PCs first.
    pub proposals: Vec<ProposalView>,
    /// Subnets that lie behind several gateways, such as those of homes.
    pub ambiguous: Vec<AmbiguousView>,
    /// PCs in no site that are in no proposal: they use the origin.
    pub pcs_left: usize,
    /// Proposals that somebody dismissed.
    pub dismissed: usize,
}

impl From<Board> for BoardView {
    fn from(board: Board) -> Self {
        let view = |(key, proposal): &(String, Proposal)| proposal_view(&board, key, proposal);
        let ambiguous = board.ambiguous.iter().map(|found| AmbiguousView {
            subnet: found.subnet.to_string(),
            gateways: found.gateways,
            pcs: found.devices.len(),
        });
        Self {
            proposals: board.proposals.iter().map(view).collect(),
            ambiguous: ambiguous.collect(),
            pcs_left: board.left,
            dismissed: board.dismissed,
        }
    }
}

fn proposal_view(board: &Board, key: &str, proposal: &Proposal) -> ProposalView {
    let texts = |subnets: &[swarm::site::Cidr]| subnets.iter().map(ToString::to_string).collect();
    let site = match &proposal.target {
        Target::Grow { site } => board.sites.iter().find(|there| there.id == *site),
        Target::New { .. } => None,
    };
    let name = match &proposal.target {
        Target::New { name } => name.clone(),
        Target::Grow { .. } => site.map_or_else(String::new, |site| site.name.clone()),
    };
    let devices = proposal.devices.iter().take(DEVICES_MAX);
    ProposalView {
        key: key.to_owned(),
        site: site.map(|site| row_id(site.id)),
        name,
        subnets_now: site.map_or_else(Vec::new, |site| texts(&site.subnets)),
        subnets_added: texts(&proposal.subnets),
        pcs: proposal.devices.len(),
        devices: devices.map(|id| Uuid::from_bytes(id.0)).collect(),
        same_gateway: proposal.gateway.is_some(),
        domain: proposal.domain.clone(),
        rtt_ms: proposal.rtt_ms,
        behind_nat: proposal.behind_nat,
    }
}

/// Sites proposed from what PCs in no site see: gateway, domain, subnets. Until one is approved such PCs use the origin.
#[utoipa::path(get, path = "/api/v1/site-proposals", tag = "sites", security(("token" = ["read_network"])),
    responses((status = 200, body = BoardView)))]
async fn list_proposals(_: NetworkReader, State(app): State<App>) -> Result<Json<BoardView>> {
    Ok(Json(board(&app).await?.into()))
}

/// Which proposal.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ProposalPath {
    /// The proposal's key.
    proposal: String,
}

/// How a proposal is put into effect.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveBody {
    /// The new site's name; without it, the one proposed.
    pub name: Option<String>,
}

/// Puts a proposal into effect: its PCs peer at once. The change can be taken back like any other.
#[utoipa::path(post, path = "/api/v1/site-proposals/{proposal}/approve", tag = "sites", params(ProposalPath),
    security(("token" = ["network"])),
    responses((status = 204, headers(("dms-change" = String))), (status = 400, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn approve_proposal(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<ProposalPath>,
    Json(body): Json<ApproveBody>,
) -> Result<impl IntoResponse> {
    let name = body.name.map(|name| check_name(&name)).transpose()?;
    let change = approve(&app, &caller, &path.proposal, name).await?;
    Ok((StatusCode::NO_CONTENT, change_header(change)))
}

/// Does not want a proposal: it is not shown again unless its subnets change.
#[utoipa::path(delete, path = "/api/v1/site-proposals/{proposal}", tag = "sites", params(ProposalPath),
    security(("token" = ["network"])), responses((status = 204), (status = 404, body = ProblemBody)))]
async fn dismiss_proposal(
    NetworkAdmin(caller): NetworkAdmin,
    State(app): State<App>,
    Path(path): Path<ProposalPath>,
) -> Result<StatusCode> {
    let board = board(&app).await?;
    let found = board
        .proposals
        .iter()
        .find(|(key, _)| *key == path.proposal);
    let (key, proposal) = found.ok_or_else(unknown)?;
    let subnets: Vec<String> = proposal.subnets.iter().map(ToString::to_string).collect();
    let object = ("proposal", key.clone());
    let note = app
        .note(&caller, act::PROPOSAL_DISMISSED, object)
        .with("subnets", subnets.join(" "));
    db::dismiss(&app.db, key, &note).await?;
    Ok(StatusCode::NO_CONTENT)
}
