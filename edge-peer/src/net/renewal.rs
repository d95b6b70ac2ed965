//! The certificate's renewal: at half of its life, silently, over the device listener.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use rand::RngExt;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{
    client::{Client, FetchError},
    identity::{Identity, IdentityError, Validity},
};
use crate::{
    device_key::{self, DeviceKeyStore, signing_request},
    metrics::Metrics,
    policy::epoch_ms,
    state::{Access, StateError, StateFolder, names},
};

/// The first wait after a failed renewal, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// The longest sleep without a look at the clock, which may have jumped over a suspend.
const LOOK: Duration = Duration::from_secs(60);

/// Why the certificate was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// The DMS does not answer.
    #[error("the DMS did not answer: {0}")]
    Away(#[from] FetchError),
    /// It refused.
    #[error("the DMS refused with status {0}; if the device was revoked, enrol it anew")]
    Refused(u16),
    /// Its answer makes no sense.
    #[error("the DMS's answer is not a certificate: {0}")]
    Answer(#[from] serde_json::Error),
    /// The key or the certificate cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The device's key.
    #[error(transparent)]
    Key(#[from] device_key::KeyError),
    /// No request could be made.
    #[error("no request could be made: {0}")]
    Request(#[from] rcgen::Error),
    /// The certificate cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
}

#[derive(Deserialize)]
struct Answer {
    certificate_pem: String,
}

/// Renews the certificate.
pub struct Renewal {
    /// Where it lies.
    pub state: StateFolder,
    /// Where its key is.
    pub keys: Arc<dyn DeviceKeyStore>,
    /// Where it is used.
    pub identity: Identity,
    /// Asks the DMS.
    pub client: Client,
    /// Shows when it ends.
    pub metrics: Metrics,
}

impl Renewal {
    /// Renews whenever it is time, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.renew_forever()).await;
    }

    async fn renew_forever(&self) {
        let mut wait = FIRST_WAIT;
        loop {
            self.show();
            sleep_until(due(self.identity.validity())).await;
            match self.renew().await {
                Ok(()) => {
                    wait = FIRST_WAIT;
                    tracing::info!("the device's certificate was renewed");
                }
                Err(e) => {
                    if self.identity.validity().until < SystemTime::now() {
                        tracing::error!(error = %e, "the certificate has expired: enrol anew");
                    } else {
                        tracing::warn!(error = %e, "the certificate was not renewed yet");
                    }
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
        }
    }

    /// Renews now, with the same key.
    ///
    /// # Errors
    /// [`RenewalError`]; the old certificate stays in use.
    pub async fn renew(&self) -> Result<(), RenewalError> {
        let key = self.keys.load()?;
        let request = signing_request(&*key)?;
        let passed = self.client.renew(&request, key.level()).await?;
        if !passed.status.is_success() {
            return Err(RenewalError::Refused(passed.status.as_u16()));
        }
        let answer: Answer = serde_json::from_slice(&passed.body)?;
        let certificate = answer.certificate_pem.as_bytes();
        self.identity.replace(certificate, key)?;
        self.state
            .write(names::CERTIFICATE, certificate, Access::Public)?;
        Ok(())
    }

    fn show(&self) {
        let until = epoch_ms(self.identity.validity().until) / 1_000;
        let until = i64::try_from(until).unwrap_or(i64::MAX);
        self.metrics.certificate_until.set(until);
    }
}

/// Half of the life, give or take a tenth: a thousand agents enrolled together do not renew
/// together.
fn due(validity: Validity) -> SystemTime {
    let life = validity.until.duration_since(validity.from);
    let tenth = life.unwrap_or_default() / 10;
    let jitter = tenth.mul_f64(rand::rng().random_range(0.0..=1.0));
    validity.renew_at() - tenth / 2 + jitter
}

async fn sleep_until(moment: SystemTime) {
    while let Ok(left) = moment.duration_since(SystemTime::now()) {
        tokio::time::sleep(left.min(LOOK)).await;
    }
}
