//! What a player asks the DMS with.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::RecipientPublicKey;
use crate::lease;

/// The JSON body of a licence request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenseRequest {
    /// The title's id in its text form.
    pub title: String,
    /// The key to seal the track keys to.
    pub recipient_key: RecipientPublicKey,
    /// The person that a device asks for: a secret of theirs. A page is known by its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonSecret>,
    /// The id of the licence that this one is to go on with, in its text form: the same stream plays on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
    /// Whether it is to be used without contact to the DMS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    /// What the device's watch says, when it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<lease::Contact>,
}

impl LicenseRequest {
    /// A request for a title with nobody signed in and no licence before it.
    #[must_use]
    pub fn new(title: String, recipient_key: RecipientPublicKey) -> Self {
        Self {
            title,
            recipient_key,
            person: None,
            renews: None,
            offline: false,
            watch: None,
        }
    }
}

/// A secret that stands for a person. Its `Debug` does not show it, and it is zeroed when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct PersonSecret(String);

impl PersonSecret {
    /// Takes the secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PersonSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonSecret(..)")
    }
}
