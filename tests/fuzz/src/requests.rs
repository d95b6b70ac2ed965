//! What requests to the server say: uploads, ranges, queries, ids, policies.

use axum::extract::Query;
use dms_server::origin::range::{Asked, read};
use dms_server::page::PageQuery;
use dms_server::publish::upload::headers::{append, check_version, creation};
use dms_server::publish::upload::metadata::{MAX_FILENAME, MAX_TITLE, Metadata};
use dms_server::rights::body::PolicyBody;
use drm::rights::{Place, Rental, Track, Viewer, Viewing, decide};
use edge_peer::range::{Span, wanted};
use http::{HeaderMap, HeaderValue, header};
use swarm::content::{ChunkId, DeviceId, SiteId, TitleId};
use swarm::site::Cidr;

use crate::input::Input;

/// The longest upload of the target's server, bytes.
const UPLOAD_MAX: u64 = 1 << 40;

/// The headers of a POST or a PATCH of an upload.
pub(crate) fn tus(bytes: &[u8]) -> bool {
    let headers = Input(bytes).headers();
    let spoken = check_version(&headers).is_ok();
    let mut taken = false;
    if let Ok(creation) = creation(&headers, UPLOAD_MAX) {
        assert!(spoken && creation.length <= UPLOAD_MAX);
        described(&creation.metadata);
        taken = true;
        let piece = creation.first_piece();
        assert_eq!(piece.is_some(), creation.with_body);
        assert!(creation.overrun().is_none() || creation.body_len > Some(creation.length));
    }
    if append(&headers).is_ok() {
        assert!(spoken);
    }
    if let Some(text) = Input(bytes).text()
        && let Ok(metadata) = Metadata::parse(text)
    {
        described(&metadata);
    }
    taken
}

fn described(metadata: &Metadata) {
    for (text, max) in [
        (&metadata.filename, MAX_FILENAME),
        (&metadata.title, MAX_TITLE),
    ] {
        assert!((1..=max).contains(&text.chars().count()), "{text:?}");
        assert!(!text.chars().any(char::is_control));
    }
    assert!(
        !metadata.filename.contains(['/', '\\']),
        "a name with folders"
    );
    let again = Metadata::parse(&metadata.to_header());
    assert_eq!(again.as_ref(), Ok(metadata), "written and read again");
}

/// A length and a `Range`: server and agent understand the same, and never more than there is.
pub(crate) fn range(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let len = input.number() >> 24;
    let Ok(value) = HeaderValue::from_bytes(input.0) else {
        return false;
    };
    let server = read(value.to_str().ok(), len);
    let mut headers = HeaderMap::new();
    headers.insert(header::RANGE, value);
    let agent = match wanted(&headers, usize::try_from(len).expect("64 bits")) {
        Span::Whole => Asked::Whole,
        Span::Part(part) => Asked::Part(part.start as u64..part.end as u64),
        Span::Outside => Asked::Unsatisfiable,
    };
    if let Asked::Part(part) = &server {
        assert!(
            part.start < part.end && part.end <= len,
            "{part:?} of {len}"
        );
    }
    assert_eq!(server, agent);
    matches!(server, Asked::Part(_))
}

/// The query of a list, and ids in their text form.
pub(crate) fn query(bytes: &[u8]) -> bool {
    let Some(text) = Input(bytes).text() else {
        return false;
    };
    if let Ok(uri) = format!("/api/v1/titles?{text}").parse()
        && let Ok(Query(query)) = Query::<PageQuery>::try_from_uri(&uri)
    {
        assert!((2..=501).contains(&query.fetch()));
        let rows: Vec<u16> = (0..501).collect();
        let page = query.page(rows, |_| uuid_of(1), |row| row);
        assert!(
            page.items.len() as i64 == query.fetch() - 1 && page.next_cursor.is_some()
                || page.items.len() == 501
                || page.next_cursor.is_none()
        );
    }
    // One spelling each: two texts are never the same thing.
    let spelled = [
        text.parse::<ChunkId>().map(|id| id.to_string()).ok(),
        text.parse::<DeviceId>().map(|id| id.to_string()).ok(),
        text.parse::<SiteId>().map(|id| id.to_string()).ok(),
        text.parse::<TitleId>().map(|id| id.to_string()).ok(),
    ];
    assert!(spelled.iter().flatten().all(|again| again == text));
    if let Ok(subnet) = text.parse::<Cidr>() {
        assert_eq!(subnet.to_string().parse(), Ok(subnet));
    }
    spelled.iter().any(Option::is_some)
}

fn uuid_of(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

/// A policy: read, spelled again, judged, and asked about a viewer.
pub(crate) fn policy(bytes: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<PolicyBody>(bytes) else {
        return false;
    };
    let policy = body.policy();
    let canonical = body.canonical();
    assert_eq!(canonical.policy(), policy);
    let text = serde_json::to_vec(&canonical).expect("a policy is JSON");
    let again: PolicyBody = serde_json::from_slice(&text).expect("our own spelling");
    assert_eq!(again, canonical);
    let _ = (policy.check(), body.members());
    for (now_ms, first_play_ms) in [
        (0, None),
        (1_800_000_000_000, Some(5)),
        (u64::MAX, Some(u64::MAX)),
    ] {
        let viewing = viewing(now_ms, first_play_ms);
        if let Ok(terms) = decide(&policy, &viewing, u64::MAX) {
            assert!(policy.embargo_ms.is_none_or(|embargo| now_ms >= embargo));
            assert!(policy.until_ms.is_none_or(|until| now_ms < until));
            let fits = |track: &u16| match policy.max_height {
                Some(most) if *track == 2 => most >= 1_080,
                _ => true,
            };
            assert!(
                terms.tracks.iter().all(fits),
                "a track above the greatest height"
            );
        }
    }
    true
}

fn viewing(now_ms: u64, first_play_ms: Option<u64>) -> Viewing {
    let id = [0; 16];
    Viewing {
        person: Some(Viewer {
            id,
            groups: [id].into(),
            previews: false,
            suspended: false,
        }),
        place: Place::Site(id),
        now_ms,
        tracks: vec![
            Track {
                number: 1,
                height: None,
            },
            Track {
                number: 2,
                height: Some(1_080),
            },
        ],
        active_streams: 0,
        subscriptions: Vec::new(),
        rental: Some(Rental {
            first_play_ms,
            bought_ms: 0,
        }),
        offline_wanted: now_ms == 0,
        renewal: false,
    }
}
