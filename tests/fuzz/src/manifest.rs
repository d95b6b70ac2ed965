//! Signed manifests.

use swarm::content::hls::{Breaks, Sealing, master_playlist, media_playlist};
use swarm::content::manifest::{Expect, MAX_TRACKS};
use swarm::content::{MAX_CHUNK_LEN, TitleId, VerifiedManifest};

use crate::envelope::{key, signed};
use crate::input::Input;

/// When the targets' manifests are read, milliseconds since the Unix epoch.
pub(crate) const NOW_MS: u64 = 1_800_000_000_000;
/// The title of the targets' manifests.
pub(crate) const TITLE: TitleId = TitleId([3; 16]);
/// Their company.
pub(crate) const TENANT: &str = "acme";

/// Way 0: any envelope. Way 1: any payload, well signed.
pub(crate) fn manifest(bytes: &[u8]) -> bool {
    let mut input = Input(bytes);
    let envelope = match input.way(2) {
        0 => input.0.to_vec(),
        _ => signed(input.0, "application/dms-manifest+cbor", b"dms manifest v1"),
    };
    let expect = Expect {
        tenant: TENANT,
        title: TITLE,
        min_version: 0,
    };
    let trusted = [key().verifying_key()];
    let Ok(verified) = VerifiedManifest::verify(&envelope, &trusted, &expect, NOW_MS) else {
        return false;
    };
    let manifest = verified.manifest();
    assert_eq!(manifest.sign(&key()), envelope, "there is one spelling");
    assert!(manifest.check().is_ok() && manifest.tracks.len() <= MAX_TRACKS);
    assert_eq!((manifest.tenant.as_str(), manifest.title), (TENANT, TITLE));
    assert!(manifest.expires_ms > NOW_MS);
    let longest = verified.chunks().map(|(_, _, chunk)| chunk.len).max();
    assert!(longest <= Some(MAX_CHUNK_LEN));
    let _ = verified.content_bytes();
    let _ = master_playlist(manifest, Sealing::Floe1);
    for track in &manifest.tracks {
        let _ = media_playlist(manifest, track.id, Breaks::Hidden);
        let _ = media_playlist(manifest, track.id, Breaks::At("breaks"));
    }
    true
}
