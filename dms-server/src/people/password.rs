//! Passwords: Argon2id, in a few threads at once.
//!
//! A hash takes 19 MiB and some tens of milliseconds (OWASP's figures for Argon2id). Whoever floods the sign-in with guesses
//! must not take the server's memory with it: so many are computed at once, and the others wait their turn.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::problem::{Problem, Result};

/// Hashes that are computed at once.
const AT_ONCE: usize = 2;
/// The shortest password, characters.
pub const SHORTEST: usize = 12;
/// The longest, bytes.
pub const LONGEST: usize = 256;

/// Computes and compares hashes.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
    /// The hash of a password that nobody has: who is not known takes as long as who is.
    decoy: Arc<str>,
}

impl Passwords {
    /// Ready to use; computes one hash.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new() -> Result<Self> {
        let nobody = Zeroizing::new(hex::encode(rand::random::<[u8; 16]>()));
        Ok(Self {
            places: Arc::new(Semaphore::new(AT_ONCE)),
            decoy: hash(&nobody)?.into(),
        })
    }

    /// The hash of a password, in the PHC format.
    ///
    /// # Errors
    /// An internal problem.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String> {
        self.compute(move || hash(&password)).await?
    }

    /// Whether this is the password that was hashed. Takes as long for nobody's hash.
    ///
    /// # Errors
    /// An internal problem.
    pub async fn fits(&self, stored: Option<&str>, password: Zeroizing<String>) -> Result<bool> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy).to_owned();
        let fits = self.compute(move || {
            let parsed = PasswordHash::new(&stored).map_err(Problem::internal)?;
            let checked = Argon2::default().verify_password(password.as_bytes(), &parsed);
            Ok::<_, Problem>(checked.is_ok())
        });
        Ok(fits.await?? && known)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let place = Arc::clone(&self.places)
            .acquire_owned()
            .await
            .map_err(Problem::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(Problem::internal)
    }
}

fn hash(password: &str) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(Problem::internal)?;
    Ok(hash.to_string())
}

/// What is wrong with a new password; `None` is nothing. Length counts, rules about characters do not
/// (NIST SP 800-63B, section 5.1.1).
#[must_use]
pub fn weakness(password: &str, login: &str) -> Option<String> {
    let letters: std::collections::BTreeSet<char> = password.chars().collect();
    let told = password.to_lowercase();
    if password.chars().count() < SHORTEST {
        Some(format!("Give at least {SHORTEST} characters."))
    } else if password.len() > LONGEST {
        Some(format!("Give at most {LONGEST} bytes."))
    } else if letters.len() < 5 {
        Some("Give more than the same few characters again and again.".into())
    } else if !login.is_empty() && told.contains(&login.to_lowercase()) {
        Some("Leave your sign-in name out of it.".into())
    } else if ["password", "passwort", "qwerty", "123456789"]
        .iter()
        .any(|known| told.contains(known))
    {
        Some("Everybody tries that one. Give a few words that belong together for you only.".into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new().expect("random bytes");
        let one = passwords
            .hash(secret("correct horse"))
            .await
            .expect("hashed");
        let again = passwords
            .hash(secret("correct horse"))
            .await
            .expect("hashed");
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, again, "each has its own salt");
        for (stored, given, fits) in [
            (Some(one.as_str()), "correct horse", true),
            (Some(&one), "correct horse ", false),
            (Some(&one), "", false),
            (None, "correct horse", false),
        ] {
            let is = passwords
                .fits(stored, secret(given))
                .await
                .expect("compared");
            assert_eq!(is, fits, "{given:?}");
        }
        assert!(passwords.fits(Some("damaged"), secret("x")).await.is_err());
    }

    #[test]
    fn weak_passwords_are_told_what_to_do() {
        for (password, weak) in [
            ("correct horse battery", false),
            ("ünï☃日本語文字列です", false),
            ("short", true),
            ("aaaaaaaaaaaaaaaaaa", true),
            ("my name is ana-b ok", true),
            ("PassWord2026!!!!", true),
            (&"x".repeat(300), true),
        ] {
            assert_eq!(weakness(password, "ana-b").is_some(), weak, "{password}");
        }
    }
}
