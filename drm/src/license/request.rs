//! What a player asks the DMS with.

use serde::{Deserialize, Serialize};

use super::RecipientPublicKey;

/// The JSON body of a licence request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseRequest {
    /// The title's id in its text form.
    pub title: String,
    /// The key to seal the track keys to.
    pub recipient_key: RecipientPublicKey,
}
