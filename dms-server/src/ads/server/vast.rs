//! A VAST server: what its documents lead to is fetched, level by level, until the time is up.

use std::time::Duration;

use bytes::Bytes;
use dms_ads::decision::{Ad, Decision};
use dms_ads::macros::{self, Break, Values};
use dms_ads::vast::resolver::{Outcome, Report, Resolver, Step};
use dms_ads::vast::{VastError, code};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::time::{Instant, timeout_at};

use super::{Asked, DecisionHook, Failure, Position, ServerConfig, TIMEOUT_MAX};
use crate::egress::{Egress, EgressError, Outgoing, Take};
use crate::state::App;

/// How long telling ad servers of errors may take, all of them together.
const REPORTS_MAX: Duration = Duration::from_secs(20);

/// A VAST server.
#[derive(Debug)]
pub(super) struct VastServer {
    pub(super) app: App,
    pub(super) config: ServerConfig,
}

impl DecisionHook for VastServer {
    fn decide<'a>(
        &'a self,
        asked: &'a Asked,
        budget: Duration,
    ) -> BoxFuture<'a, Result<Decision, Failure>> {
        Box::pin(async move {
            let budget = budget.min(Duration::from_millis(self.config.timeout_ms));
            let values = self.values(asked);
            let (headers, room) = (self.headers(asked), asked.length_ms);
            let egress = &self.app.egress;
            let outcome = resolve(egress, &self.config.url, &headers, &values, room, budget).await;
            self.tell(outcome.reports, values.clone());
            if outcome.ads.is_empty() {
                let error = outcome.error;
                return Err(error.map_or_else(no_ad, Failure::from));
            }
            let later = Values {
                later: true,
                ..values
            };
            let ads = outcome.ads.into_iter().map(|ad| filled(ad, &later));
            Ok(Decision {
                ads: ads.collect(),
                errors: Vec::new(),
            })
        })
    }
}

impl VastServer {
    /// What macros are filled with. Who watches is told only where it was switched on.
    fn values(&self, asked: &Asked) -> Values {
        let viewer = asked.viewer.as_ref().filter(|_| self.config.forward_viewer);
        let viewer = viewer.map(|viewer| macros::Viewer {
            address: viewer.address.map(|address| address.to_string()),
            agent: viewer.agent.clone(),
            id: viewer.pseudonym.map(|id| id.to_string()),
        });
        Values {
            now_ms: Some(self.app.clock.now_ms()),
            random: Some(rand::random()),
            content_ms: Some(asked.at_ms),
            position: Some(match asked.position {
                Position::Pre => Break::Pre,
                Position::Mid => Break::Mid,
                Position::Post => Break::Post,
            }),
            break_ms: asked.length_ms,
            transaction: Some(uuid::Uuid::new_v4().to_string()),
            content: Some(asked.title.to_string()),
            categories: asked.categories.clone(),
            viewer,
            ..Values::default()
        }
    }

    fn headers(&self, asked: &Asked) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let accept = HeaderValue::from_static("application/xml, text/xml;q=0.9");
        headers.insert(header::ACCEPT, accept);
        let viewer = asked.viewer.as_ref().filter(|_| self.config.forward_viewer);
        let Some(viewer) = viewer else {
            return headers;
        };
        let address = viewer.address.map(|address| address.to_string());
        for (name, value) in [
            ("x-device-ip", address.as_deref()),
            ("x-device-user-agent", viewer.agent.as_deref()),
        ] {
            if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }

    /// Tells the ad servers what failed. Nobody waits for it, and nobody asks what came of it.
    fn tell(&self, reports: Vec<Report>, values: Values) {
        if reports.is_empty() {
            return;
        }
        let app = self.app.clone();
        self.app.tasks.spawn(async move {
            let deadline = Instant::now() + REPORTS_MAX;
            for report in reports {
                let values = Values {
                    error: Some(report.code),
                    ..values.clone()
                };
                let url = macros::expand(&report.url, &values);
                let request = Outgoing {
                    take: Take::First(0),
                    ..Outgoing::get(&url)
                };
                tokio::select! {
                    () = app.stop.cancelled() => return,
                    told = timeout_at(deadline, app.egress.send(request)) => match told {
                        Ok(Ok(_)) => {}
                        Ok(Err(error)) => tracing::debug!(%error, "an ad server is not told of an error"),
                        Err(_) => return,
                    },
                }
            }
        });
    }
}

fn no_ad() -> Failure {
    Failure::of(code::NO_AD, "there is no ad")
}

impl From<VastError> for Failure {
    fn from(error: VastError) -> Self {
        Self {
            path: Some(error.path).filter(|path| !path.is_empty()),
            ..Self::of(error.code, error.text)
        }
    }
}

/// Follows an ad server's answers within a time.
pub(super) async fn resolve(
    egress: &Egress,
    url: &str,
    headers: &HeaderMap,
    values: &Values,
    room_ms: Option<u64>,
    budget: Duration,
) -> Outcome {
    let deadline = Instant::now() + budget.min(TIMEOUT_MAX);
    let resolver = Resolver::new(url, room_ms);
    follow(egress, resolver, headers, values, deadline).await
}

/// Drives a resolver until it is done or the time is up.
pub(super) async fn follow(
    egress: &Egress,
    mut resolver: Resolver,
    headers: &HeaderMap,
    values: &Values,
    deadline: Instant,
) -> Outcome {
    while let Step::Fetch(url) = resolver.step() {
        let url = macros::expand(&url, values);
        match timeout_at(deadline, fetch(egress, &url, headers)).await {
            Ok(Ok(bytes)) => resolver.answer(Ok(&bytes)),
            Ok(Err(error)) => resolver.answer(Err(error)),
            Err(_) => {
                let text = "the ad servers took longer than they may";
                resolver.give_up(VastError::new(code::TIMEOUT, "", text));
            }
        }
    }
    resolver.finish()
}

/// One document.
async fn fetch(egress: &Egress, url: &str, headers: &HeaderMap) -> Result<Bytes, VastError> {
    let request = Outgoing {
        headers: headers.clone(),
        ..Outgoing::get(url)
    };
    let answer = egress.send(request).await;
    // VAST has one code for all that can happen on the way.
    let answer = answer
        .map_err(|error: EgressError| VastError::new(code::TIMEOUT, "", error.to_string()))?;
    if answer.status == StatusCode::NO_CONTENT {
        return Ok(Bytes::new());
    }
    if !answer.status.is_success() {
        let text = format!("the ad server answered {}", answer.status.as_u16());
        return Err(VastError::new(code::TIMEOUT, "", text));
    }
    let encoding = answer.headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        let text = "the answer is compressed, which was not asked for";
        return Err(VastError::new(code::XML, "", text));
    }
    Ok(answer.body)
}

/// An ad with what is known already in its URLs.
fn filled(mut ad: Ad, values: &Values) -> Ad {
    let values = Values {
        universal_id: ad.universal_id.clone(),
        ..values.clone()
    };
    let fill = |url: &mut String| *url = macros::expand(url, &values);
    ad.tracking
        .iter_mut()
        .for_each(|tracker| fill(&mut tracker.url));
    ad.errors.iter_mut().for_each(fill);
    ad.click.iter_mut().for_each(fill);
    for companion in &mut ad.companions {
        companion.click.iter_mut().for_each(fill);
        companion.views.iter_mut().for_each(fill);
    }
    ad
}
