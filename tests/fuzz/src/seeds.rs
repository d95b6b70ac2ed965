//! The first inputs of each target: one of everything that is good, for a fuzzer to change.

use std::collections::BTreeMap;

use dms_transcoder_protocol as pipe;
use ed25519_dalek::SigningKey;
use swarm::content::{
    ChunkId, ChunkRef, DeviceId, Manifest, Segment, SiteId, TitleId, TitleKind, Track, TrackId,
    TrackKind,
};
use swarm::wire::{
    Answered, Asked, Bits, Campaign, Enough, Holding, Observation, PROTOCOL, Question, RosterPeer,
    RosterSnapshot, Sharing, ToDms, ToPeer,
};

use crate::manifest::{NOW_MS, TENANT, TITLE};
use crate::{agent, envelope, license, oidc, sealed};

fn ways(of: &[(u8, Vec<u8>)]) -> Vec<Vec<u8>> {
    let with_way = |(way, bytes): &(u8, Vec<u8>)| [&[*way], bytes.as_slice()].concat();
    of.iter().map(with_way).collect()
}

fn texts(of: &[&str]) -> Vec<Vec<u8>> {
    of.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The seeds of each target, by its name.
#[must_use]
pub fn all() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    BTreeMap::from([
        ("address", addresses()),
        ("agent_guard", guard()),
        ("agent_journal", journal()),
        ("chunk_request", chunk_requests()),
        ("csr", requests()),
        ("egress_url", urls()),
        ("floe", floe()),
        ("id_token", tokens()),
        ("jwks", vec![oidc::key_set(), br#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#.to_vec()]),
        ("lease_state", lease_states()),
        ("license", licenses()),
        ("license_request", license_requests()),
        ("manifest", manifests()),
        ("oidc_claims", texts(&[&oidc::good_claims(), r#"{"sub":"1","email":"a@x","email_verified":false,"groups":["b","a"],"_claim_names":{"groups":"s"}}"#])),
        ("pipe_frames", frames()),
        ("policy", policies()),
        ("query", queries()),
        ("range", ranges()),
        ("scim_filter", filters()),
        ("scim_patch", patches()),
        ("tus_headers", uploads()),
        ("wire_to_dms", to_dms()),
        ("wire_to_peer", to_peer()),
    ])
}

fn addresses() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "10.0.0.0/8",
        "fd00::/8",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "8.8.8.8",
    ]);
    seeds.extend([vec![169, 254, 169, 254], vec![0x20; 16]]);
    seeds
}

fn guard() -> Vec<Vec<u8>> {
    let (host, portal, token) = (agent::LISTENS, agent::PORTAL, agent::TOKEN);
    texts(&[
        &format!("GET /v1/status\nhost: {host}\nauthorization: Bearer {token}\n"),
        &format!(
            "POST /v1/session\nhost: localhost:7747\norigin: {portal}\nsec-fetch-site: cross-site\n"
        ),
        &format!(
            "OPTIONS /v1/pause\nhost: {host}\norigin: {portal}\naccess-control-request-private-network: true\n"
        ),
        &format!("GET /v1/hello\nhost: {host}\nsec-fetch-site: same-origin\n"),
    ])
}

fn journal() -> Vec<Vec<u8>> {
    let mut body = [0; 64];
    (body[0], body[1], body[4], body[8], body[40]) = (1, 3, 77, 1, 2);
    let kinds = |kind: u8| [&[kind], &body[1..]].concat();
    let bodies: Vec<u8> = (1..=5).flat_map(kinds).collect();
    let mut good = b"dmschnk\x01".to_vec();
    good.extend_from_slice(&body);
    good.extend_from_slice(&crc_fast::crc64_nvme(&body).to_le_bytes());
    ways(&[(0, good), (1, bodies)])
}

fn chunk_requests() -> Vec<Vec<u8>> {
    let (chunk, device) = (ChunkId::of(b"x"), DeviceId([4; 16]));
    texts(&[&format!(
        "/v1/chunks/{chunk}\ndms-deadline-ms: 5000\ndms-hops: 1\ndms-priority: playing\ndms-length: 1048576\n\
         dms-refer: {device},{device}\nrange: bytes=0-9\n"
    )])
}

fn requests() -> Vec<Vec<u8>> {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["pc.example".to_owned()]).expect("a name");
    let request = params.serialize_request(&key).expect("a request");
    let names = b"origin.dms\n10.0.0.1\nspiffe://acme/device/0\n*\n::1".to_vec();
    let pem = request.pem().expect("PEM").into_bytes();
    ways(&[(0, pem), (1, request.der().to_vec()), (2, names)])
}

fn urls() -> Vec<Vec<u8>> {
    texts(&[
        "https://hooks.example.com/dms?x=1#f\n/other\n//127.0.0.1/\nhttp://[::ffff:7f00:1]/\n",
        "https://0x7f.1:8443/",
        "https://[64:ff9b::7f00:1]/",
        "https://xn--bcher-kva.example/%2e%2e/",
        "https://017700000001/",
        "https://user:pw@10.0.0.1:22/",
        "https://\u{ff11}27.0.0.1/",
    ])
}

fn floe() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = sealed::true_messages()
        .iter()
        .map(|m| (0, m.clone()))
        .collect();
    for change in 0..5 {
        let mut edit = vec![90, 0, 0, 0, 0, 0, 0, 0, change];
        edit.extend_from_slice(&[b'x'; 70]);
        seeds.push((1, edit));
    }
    ways(&seeds)
}

fn tokens() -> Vec<Vec<u8>> {
    let (header, claims) = (oidc::GOOD_HEADER, oidc::good_claims());
    let several = claims.replace(r#""aud":"dms""#, r#""aud":["dms","x"],"azp":"dms","nbf":1"#);
    ways(&[
        (0, oidc::good_token().into()),
        (1, format!("{header}\n{claims}").into_bytes()),
        (1, format!("{header}\n{several}").into_bytes()),
        (1, format!("{{\"alg\":\"none\"}}\n{claims}").into_bytes()),
    ])
}

fn lease_states() -> Vec<Vec<u8>> {
    let entry = |id: u8| {
        [
            &[0x83, 0x50][..],
            &[id; 16],
            &[0x19, 0x10, 0, 0x1a, 0, 1, 0, 0],
        ]
        .concat()
    };
    let state = [
        &[0x85, 1, 0x19, 9, 0, 0x19, 8, 0, 3, 0x82][..],
        &entry(1),
        &entry(2),
    ]
    .concat();
    ways(&[
        (0, vec![0; 80]),
        (1, vec![0x85, 1, 9, 8, 3, 0x80]),
        (1, state),
    ])
}

fn licenses() -> Vec<Vec<u8>> {
    let license = license::true_license();
    let mut decoder = minicbor::Decoder::new(license);
    let payload = (|| {
        decoder.array()?;
        decoder.bytes()?;
        decoder.map()?;
        decoder.bytes()
    })();
    let payload = payload.expect("the true licence is a COSE_Sign1");
    ways(&[(0, license.to_vec()), (1, payload.to_vec())])
}

fn license_requests() -> Vec<Vec<u8>> {
    let key = "03".repeat(32);
    let base64 = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM";
    texts(&[
        &format!(r#"{{"title":"t","recipient_key":"{key}"}}"#),
        &format!(
            r#"{{"title":"t","recipient_key":"{base64}","person":"secret-of-ana","renews":"l","offline":true}}"#
        ),
        &format!(
            r#"{{"title":"t","recipient_key":"{key}","person":"secret-of-ana","renews":"l","offline":true}}"#
        ),
    ])
}

fn segment(index: u32, duration: u64) -> Segment {
    let len = 500 + 74 + 32;
    Segment {
        duration,
        samples: u32::from(duration > 0),
        plain_len: 500,
        chunks: vec![ChunkRef {
            id: ChunkId::of(&index.to_le_bytes()),
            len,
        }],
    }
}

fn sample() -> Manifest {
    let kind = TrackKind::Video {
        width: 640,
        height: 360,
        frame_rate_milli: 25_000,
    };
    Manifest {
        format: Manifest::FORMAT,
        tenant: TENANT.to_owned(),
        title: TITLE,
        version: 1,
        kind: TitleKind::Video,
        created_ms: NOW_MS - 1_000,
        expires_ms: NOW_MS + 1_000_000,
        duration_ms: 8_000,
        tracks: vec![Track {
            id: TrackId(1),
            kind,
            codecs: "avc1.64001e".to_owned(),
            bandwidth: 800_000,
            average_bandwidth: 700_000,
            timescale: 90_000,
            segments: vec![segment(0, 0), segment(1, 360_000), segment(2, 360_000)],
        }],
        breaks: Vec::new(),
    }
}

fn manifests() -> Vec<Vec<u8>> {
    let key: SigningKey = envelope::key();
    let mut file = sample();
    file.kind = TitleKind::File;
    file.duration_ms = 0;
    let media_type = "application/pdf".to_owned();
    let track = &mut file.tracks[0];
    track.kind = TrackKind::File { media_type };
    (
        track.codecs,
        track.bandwidth,
        track.average_bandwidth,
        track.timescale,
    ) = (String::new(), 0, 0, 0);
    track.segments = vec![segment(7, 0)];
    let payload = |manifest: &Manifest| minicbor::to_vec(manifest).expect("CBOR");
    ways(&[
        (0, sample().sign(&key)),
        (1, payload(&sample())),
        (1, payload(&file)),
    ])
}

fn frames() -> Vec<Vec<u8>> {
    let probe = pipe::Probe {
        container: "mov".to_owned(),
        duration_ms: Some(10),
        bytes: 9,
        video: None,
        audio: Vec::new(),
    };
    let segment = pipe::Segment {
        track: 1,
        index: 1,
        start: 0,
        duration: 360_000,
        timescale: 90_000,
        samples: 100,
        bytes: vec![7; 40],
    };
    let mut stream = vec![5];
    for message in [pipe::Message::Probe(probe), pipe::Message::Segment(segment)] {
        pipe::write_message(&mut stream, &message).expect("a frame");
    }
    vec![stream]
}

fn policies() -> Vec<Vec<u8>> {
    let id = "00000000-0000-0000-0000-000000000000";
    texts(&[
        "{}",
        &format!(
            r#"{{"audience":{{"groups":["{id}"],"people":[]}},"places":{{"sites":["{id}"],"vpn":true}},"from_ms":1,
            "until_ms":1900000000000,"embargo_ms":3,"max_height":720,"offline_days":7,"third_party_players":false,
            "streams":2,"plan":{{"kind":"rental","seconds":60}}}}"#
        ),
        &format!(r#"{{"plan":{{"kind":"subscription","collection":"{id}"}}}}"#),
    ])
}

fn queries() -> Vec<Vec<u8>> {
    let (chunk, device) = (ChunkId::of(b"x").to_string(), DeviceId([4; 16]).to_string());
    let (site, title) = (SiteId([5; 16]).to_string(), TitleId([6; 16]).to_string());
    let page = "cursor=00000000-0000-0000-0000-000000000001&limit=7";
    texts(&[
        page,
        "limit=65535",
        &chunk,
        &device,
        &site,
        &title,
        "10.0.0.0/8",
        "fd00::/16",
    ])
}

fn ranges() -> Vec<Vec<u8>> {
    let of = |len: u64, text: &str| [&(len << 24).to_le_bytes()[..], text.as_bytes()].concat();
    let texts = [
        "bytes=2-4",
        "bytes=2-",
        "bytes=-3",
        "bytes=10-",
        "bytes=0-1,3-4",
        "bytes=99999999999999999999-",
    ];
    let mut seeds: Vec<_> = texts.iter().map(|text| of(10, text)).collect();
    seeds.push(of(0, "bytes=-1"));
    seeds
}

fn filters() -> Vec<Vec<u8>> {
    texts(&[
        r#"userName eq "ana""#,
        r#"emails[type eq "work" and value eq "a\"b\\"].value eq "x""#,
        r#"((urn:ietf:params:scim:schemas:core:2.0:User:userName eq "a") and active eq true)"#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq null"#,
        r#"members[value eq "x"].display"#,
    ])
}

fn patches() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}"#,
        r#"{"Operations":[{"op":"add","value":{"emails[type eq \"work\"].value":"a@x"}},{"op":"remove","path":"members[value eq \"x\"]"}]}"#,
    ])
}

fn uploads() -> Vec<Vec<u8>> {
    texts(&[
        "tus-resumable: 1.0.0\nupload-length: 1000\nupload-metadata: filename YS5tcDQ=,title QQ==,kind ZmlsZQ==,filetype dmlkZW8vbXA0\n",
        "tus-resumable: 1.0.0\nupload-length: 9\ncontent-type: application/offset+octet-stream\ncontent-length: 9\nupload-checksum: sha256 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "tus-resumable: 1.0.0\nupload-offset: 18446744073709551615\ncontent-type: application/offset+octet-stream\n",
        "filename Li4vLi4vZXRjL3Bhc3N3ZA==,title IA==",
    ])
}

fn bits() -> Bits {
    let mut bits = Bits::none_of(20);
    bits.set(3);
    bits
}

fn to_dms() -> Vec<Vec<u8>> {
    let hello = ToDms::Hello {
        protocol: PROTOCOL,
        agent: "0.1.0".to_owned(),
        listen: "10.0.0.1:7001".to_owned(),
        weight: 100,
        sharing: Sharing::On,
    };
    let holding = ToDms::Holding(Holding {
        title: TITLE,
        version: 1,
        held: bits(),
        kept: bits(),
    });
    let questions = [
        Question::License(b"{\"title\":\"t\"}".to_vec()),
        Question::Standing([3; 16]),
    ];
    let asked = questions.map(|question| {
        let request = 7;
        ToDms::Ask(Asked { request, question }).encode()
    });
    let seen = ToDms::Observed(Observation {
        gateway: Some([9; 16]),
        domain: Some("lyon.example".to_owned()),
        subnets: vec!["10.20.4.0/24".to_owned()],
        rtt_ms: Some(20),
    });
    let plain = vec![hello.encode(), holding.encode(), seen.encode()];
    [plain, asked.to_vec()].concat()
}

fn to_peer() -> Vec<Vec<u8>> {
    let peer = RosterPeer {
        device: DeviceId([1; 16]),
        addr: "10.0.0.1:7001".to_owned(),
        weight: 100,
    };
    let roster = RosterSnapshot {
        version: 4,
        homes: 2,
        peers: vec![peer],
    };
    let campaign = Campaign {
        title: TITLE,
        tracks: vec![TrackId(1)],
        copies: 2,
    };
    let enough = Enough {
        title: TITLE,
        version: 1,
        chunks: bits(),
    };
    let all = [
        ToPeer::Roster(roster),
        ToPeer::Hold(vec![campaign]),
        ToPeer::Enough(enough),
        ToPeer::Banned(vec![DeviceId([2; 16])]),
        ToPeer::Answer(Answered {
            request: 7,
            status: 200,
            media_type: "application/cose".to_owned(),
            body: vec![1, 2, 3],
        }),
    ];
    all.iter().map(ToPeer::encode).collect()
}
