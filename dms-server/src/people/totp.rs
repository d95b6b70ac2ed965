//! One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, thirty seconds).

use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::keys::Vault;
use crate::problem::{Problem, Result};

/// Bytes of a secret; RFC 4226 recommends 20.
const SECRET_LEN: usize = 20;
/// Thirty-second steps that a clock may be off, before and after.
const SKEW: u16 = 1;

/// A secret, and how an app is told of it.
pub struct Fresh {
    /// Sealed, for the database.
    pub sealed: Vec<u8>,
    /// In base 32, to be typed.
    pub text: String,
    /// `otpauth://...`, to be shown as a picture.
    pub url: Zeroizing<String>,
}

/// Draws a secret for a person.
///
/// # Errors
/// An internal problem.
pub fn draw(vault: &Vault, person: Uuid, login: &str, tenant: &str) -> Result<Fresh> {
    let bytes = Zeroizing::new(rand::random::<[u8; SECRET_LEN]>());
    let text = Secret::from(&bytes[..]).to_base32();
    let label: String = login.chars().filter(|c| *c != ':').collect();
    let issuer: String = tenant.chars().filter(|c| *c != ':').collect();
    let url = format!(
        "otpauth://totp/DMS%20{}:{}?secret={text}&issuer=DMS%20{}",
        escaped(&issuer),
        escaped(&label),
        escaped(&issuer)
    );
    Ok(Fresh {
        sealed: vault.seal_secret(&place(person), &bytes[..])?,
        text,
        url: Zeroizing::new(url),
    })
}

/// The time step that a code belongs to; `None` when it belongs to none around `now_ms`.
///
/// # Errors
/// An internal problem: the secret was sealed with other keys.
pub fn step_of(
    vault: &Vault,
    person: Uuid,
    sealed: &[u8],
    code: &str,
    now_ms: i64,
) -> Result<Option<i64>> {
    let secret = vault.open_secret(&place(person), sealed)?;
    let totp: Totp = Builder::new()
        .with_secret(Secret::from(&secret[..]))
        .with_skew(SKEW)
        .build()
        .map_err(Problem::internal)?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp.check(&code, now_ms.unsigned_abs() / 1000);
    Ok(step.map(u64::cast_signed))
}

/// What the sealed secret is bound to.
#[must_use]
pub fn place(person: Uuid) -> String {
    format!("totp {person}")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_around_its_time_for_its_person_only() {
        let vault = Vault::draw();
        let (ana, ben) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let fresh = draw(&vault, ana, "ana@example.com", "ACME").expect("drawn");
        assert!(
            fresh
                .url
                .starts_with("otpauth://totp/DMS%20ACME:ana@example.com?secret=")
        );
        let secret = Secret::try_from_base32(&fresh.text).expect("base 32");
        let app = Builder::new().with_secret(secret).build().expect("an app");
        let now = 1_800_000_010_u64;
        let code = app.generate(now).to_string();
        let check = |person, code: &str, at: u64| {
            step_of(
                &vault,
                person,
                &fresh.sealed,
                code,
                (at * 1000).cast_signed(),
            )
        };
        assert_eq!(check(ana, &code, now).expect("opened"), Some(60_000_000));
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert!(check(ana, &spaced, now + 29).expect("opened").is_some());
        assert!(check(ana, &code, now + 90).expect("opened").is_none());
        assert!(check(ana, &code, now - 90).expect("opened").is_none());
        assert!(check(ana, "", now).expect("opened").is_none());
        assert!(check(ben, &code, now).is_err(), "another person's secret");
    }
}
