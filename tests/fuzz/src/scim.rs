//! What a directory sends.

use dms_server::scim::body::Body;
use dms_server::scim::filter;
use dms_server::scim::patch::{Kind, operations};

use crate::input::Input;

/// Conditions of one filter, as docs/API.md says.
const CONDITIONS_MAX: usize = 16;
/// Operations of one request, as docs/API.md says.
const OPERATIONS_MAX: usize = 1_000;

pub(crate) fn filter(bytes: &[u8]) -> bool {
    let Some(text) = Input(bytes).text() else {
        return false;
    };
    let parsed = filter::parse(text);
    if let Ok(found) = &parsed {
        assert!((1..=CONDITIONS_MAX).contains(&found.len()));
        assert!(
            found
                .iter()
                .all(|c| !c.value.is_array() && !c.value.is_object())
        );
        assert!(found.iter().all(|c| c.path == c.path.to_ascii_lowercase()));
        let plain = found.iter().map(|c| format!("{} eq {}", c.path, c.value));
        let plain: Vec<String> = plain.collect();
        // A URN in front is taken off once: a second one is part of the name.
        let again = filter::parse(&plain.join(" and "));
        let urn = found.iter().any(|c| c.path.starts_with("urn:"));
        // A number with a fraction or an exponent may be read one bit off (serde_json without `float_roundtrip`).
        let apart = urn || found.iter().any(|c| c.value.is_f64());
        let long = plain.iter().map(String::len).sum::<usize>() > 3_000;
        match again {
            Ok(again) => assert!(again == *found || apart, "written and read again"),
            Err(_) => assert!(long, "our own spelling is refused"),
        }
    }
    if let Ok(target) = filter::path(text) {
        assert!(!target.path.is_empty() && target.of.len() <= CONDITIONS_MAX);
    }
    parsed.is_ok()
}

pub(crate) fn patch(bytes: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<Body>(bytes) else {
        return false;
    };
    assert!(body.0.keys().all(|name| *name == name.to_ascii_lowercase()));
    let Ok(found) = operations(&body.0) else {
        return false;
    };
    assert!((1..=OPERATIONS_MAX).contains(&found.len()));
    for operation in found {
        let whole = operation.target.is_none();
        assert!(!whole || operation.kind != Kind::Remove);
        assert!(!whole || operation.value.is_object());
    }
    true
}
