//! `dms ads`: reports, receipts and their check, the comparison with a log.

use std::path::{Path, PathBuf};

use reqwest::Method;
use uuid::Uuid;

use super::when::{self, When};
use super::{Client, Connection, Failure, names};
use crate::ads::report::reconcile::AdReconciliation;
use crate::ads::report::{AdReport, export};

/// What ads came to.
#[derive(clap::Subcommand, Debug)]
pub(super) enum Verb {
    /// What ads came to, as JSON
    Report {
        #[command(flatten)]
        time: Time,
        /// campaign, site, hour, title or server
        #[arg(long, default_value = "campaign")]
        by: String,
    },
    /// Compare a decision server's log with what was counted here
    Reconcile {
        /// CSV with the columns instance (or transaction), event and time
        log: PathBuf,
        /// Of this decision server or ad campaign only
        #[arg(long, value_parser = names::id)]
        server: Option<Uuid>,
        #[command(flatten)]
        time: Time,
    },
    /// Events that devices signed
    Receipts {
        #[command(subcommand)]
        verb: Receipts,
    },
}

#[derive(clap::Args, Debug)]
pub(super) struct Time {
    /// From this UTC date [default: a week before the end]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    from: Option<When>,
    /// Up to this UTC date [default: now]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    to: Option<When>,
}

impl Time {
    fn query(&self) -> String {
        let part = |name: &str, at: Option<When>| at.map(|at| format!("{name}={}", at.ms()));
        let parts = [part("from", self.from), part("to", self.to)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("&")
    }
}

#[derive(clap::Subcommand, Debug)]
pub(super) enum Receipts {
    /// Print them as JSON lines
    Export {
        /// Of this ad campaign or decision server only
        #[arg(long, value_parser = names::id)]
        campaign: Option<Uuid>,
    },
    /// Check a file of them, without a server
    Verify {
        /// What `export` printed
        file: PathBuf,
        /// The authority's certificate to trust, PEM [default: the one in the file]
        #[arg(long)]
        ca: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub(super) async fn run(verb: Verb, connection: &Connection) -> Result<(), Failure> {
    if let Verb::Receipts {
        verb: Receipts::Verify { file, ca },
    } = &verb
    {
        return verify(file, ca.as_deref());
    }
    let client = Client::new(connection)?;
    match verb {
        Verb::Report { time, by } => {
            let path = format!("/api/v1/ads/report?by={by}&{}", time.query());
            let report: AdReport = client.get(path.trim_end_matches('&')).await?;
            print(&report)
        }
        Verb::Reconcile { log, server, time } => {
            let server = server.map(|server| format!("server={server}&"));
            let path = format!(
                "/api/v1/ads/reconcile?{}{}",
                server.unwrap_or_default(),
                time.query()
            );
            let request = client.request(Method::POST, path.trim_end_matches(['&', '?']));
            let compared: AdReconciliation = client.json(request.body(read(&log)?)).await?;
            print(&compared)
        }
        Verb::Receipts {
            verb: Receipts::Export { campaign },
        } => {
            let campaign = campaign.map(|campaign| format!("?campaign={campaign}"));
            let path = format!("/api/v1/ads/receipts{}", campaign.unwrap_or_default());
            export_to_output(&client, &path).await
        }
        // Checked above: it needs no server.
        Verb::Receipts {
            verb: Receipts::Verify { .. },
        } => Ok(()),
    }
}

async fn export_to_output(client: &Client, path: &str) -> Result<(), Failure> {
    use futures_util::StreamExt;
    use tokio::io::AsyncWriteExt;

    let answer = client.send(client.request(Method::GET, path)).await?;
    let mut bytes = answer.bytes_stream();
    let mut out = tokio::io::stdout();
    let failed = |source| Failure::File {
        path: PathBuf::from("standard output"),
        source,
    };
    while let Some(part) = bytes.next().await {
        let part = part.map_err(|error| Failure::Unreachable {
            url: client.url().to_owned(),
            cause: error.to_string(),
        })?;
        out.write_all(&part).await.map_err(failed)?;
    }
    out.flush().await.map_err(failed)
}

fn verify(file: &Path, ca: Option<&Path>) -> Result<(), Failure> {
    let ca = ca.map(read).transpose()?;
    let verified = export::verify(&read(file)?, ca.as_deref());
    for (line, why) in &verified.bad {
        eprintln!("line {line}: {why}");
    }
    println!(
        "{} receipts hold, {} do not",
        verified.good,
        verified.bad.len()
    );
    if verified.bad.is_empty() {
        return Ok(());
    }
    Err(Failure::Found("not every receipt holds".to_owned()))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

fn print<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    // Plain strings and numbers always serialise.
    println!(
        "{}",
        serde_json::to_string_pretty(value).unwrap_or_default()
    );
    Ok(())
}
