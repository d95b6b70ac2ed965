//! A message as Standard Webhooks has it: its body, and what signs it.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::event;
use super::secret::Secret;

/// Names the message; the same each time it is sent.
pub const ID: HeaderName = HeaderName::from_static("webhook-id");

/// When it is sent, seconds since the Unix epoch; a receiver refuses what is old.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");

/// `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Value,
}

/// The body of a message about something that happened at `at_ms`.
#[must_use]
pub fn body(origin: &str, kind: &str, at_ms: i64, data: &str) -> String {
    let mut data: Value = serde_json::from_str(data).unwrap_or_else(|_| json!({}));
    let page = event::page(origin, kind, &data);
    if let Some(fields) = data.as_object_mut() {
        fields.insert("links".to_owned(), json!({"console": page}));
    }
    let body = Body {
        r#type: kind,
        timestamp: rfc3339(at_ms),
        data,
    };
    // Strings and what was read from JSON always serialise.
    serde_json::to_string(&body).unwrap_or_default()
}

/// The header of a message that is sent now.
#[must_use]
pub fn headers(secret: &Secret, id: Uuid, now_ms: i64, body: &str) -> HeaderMap {
    let (id, now_s) = (id.to_string(), now_ms.div_euclid(1_000));
    let signature = secret.sign(format!("{id}.{now_s}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(signature));
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(TIMESTAMP, HeaderValue::from(now_s));
    for (name, value) in [(ID, id), (SIGNATURE, signature)] {
        // Letters, digits, commas and base64: always a value.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A moment as RFC 3339 has it, and Standard Webhooks and SCIM want it: `2026-12-01T08:00:00.000Z`.
pub(crate) fn rfc3339(at_ms: i64) -> String {
    const DAY_MS: i64 = 24 * 3_600_000;
    let (days, ms) = (at_ms.div_euclid(DAY_MS), at_ms.rem_euclid(DAY_MS));
    // Howard Hinnant's days_from_civil turned round: eras of 400 years that begin in March.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (second, ms) = (ms / 1_000, ms % 1_000);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_the_standard_wants_them() {
        for (at_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_825_600_123, "2000-02-29T12:00:00.123Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_796_112_000_000, "2026-12-01T08:00:00.000Z"),
            (1_798_761_599_999, "2026-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(at_ms), text);
        }
    }

    #[test]
    fn a_signature_is_the_one_of_the_standards_example() {
        // The example of the specification's own libraries.
        let secret = Secret::of_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let signature =
            secret.sign(b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}");
        assert_eq!(
            STANDARD.encode(signature),
            "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_body_has_the_type_the_moment_and_a_link() {
        let title = Uuid::nil();
        let data = json!({"title": title, "name": "All \"hands\""}).to_string();
        let text = body("https://dms.example", "title.complete", 0, &data);
        let expected = format!(
            "{{\"type\":\"title.complete\",\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"data\":{{\
             \"links\":{{\"console\":\"https://dms.example/watch/{title}\"}},\
             \"name\":\"All \\\"hands\\\"\",\"title\":\"{title}\"}}}}"
        );
        assert_eq!(text, expected);
        let other = body("https://dms.example", "title.deleted", 0, &data);
        assert!(
            other.contains("\"console\":\"https://dms.example/\""),
            "{other}"
        );
    }
}
