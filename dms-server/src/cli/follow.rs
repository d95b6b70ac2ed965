//! Waits until a title is complete or failed, with its progress shown.

use std::time::Duration;

use super::progress::{Progress, Unit};
use super::{Client, Failure};
use crate::publish::state::TitleState;
use crate::publish::view::Title;

/// How often the server is asked.
const EVERY: Duration = Duration::from_millis(400);
/// How often in a row it may be away: some minutes.
const AWAY_MAX: u32 = 300;

/// The title in its last state.
///
/// # Errors
/// That the title was deleted meanwhile, or the server stays away.
pub async fn until_over(client: &Client, id: &str) -> Result<Title, Failure> {
    let mut progress = Progress::new("queued", 1000, Unit::Permille);
    let mut away = 0;
    loop {
        match client.get::<Title>(&format!("/api/v1/titles/{id}")).await {
            Ok(title) => {
                away = 0;
                progress.rename(title.state.as_str());
                progress.at((title.progress_percent * 10.0) as u64, title.eta_seconds);
                if title.state.is_final() {
                    progress.done();
                    return Ok(title);
                }
            }
            Err(failure) if failure.is_passing() && away < AWAY_MAX => {
                if away == 0 {
                    progress.say("the DMS is away; waiting for it");
                }
                away += 1;
            }
            Err(failure) => return Err(failure),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// A failed title as a failure.
///
/// # Errors
/// [`Failure::Title`] when the title failed.
pub fn outcome(title: &Title) -> Result<(), Failure> {
    if title.state != TitleState::Failed {
        return Ok(());
    }
    let (code, message) = match &title.error {
        Some(error) => (error.code.clone(), error.message.clone()),
        None => ("transcoder_crashed".into(), "Publishing failed.".into()),
    };
    Err(Failure::Title { code, message })
}
