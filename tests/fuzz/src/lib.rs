//! One function for every parser of bytes that somebody else wrote.
//!
//! A target takes any bytes and panics when a promise is broken: what is read and written again is the same,
//! no bound is passed, nothing forged is taken. The same functions run under libFuzzer (`make fuzz`) and in
//! `tests/replay.rs`, which hands them every kept input and a few thousand changes of those, on every machine.
//!
//! Where a signature, a checksum or a seal would keep every input out, the first byte chooses: the bytes as they
//! are, or made to pass by a key of the target's own ([`input::Input::way`]).

pub mod envelope;
pub mod input;
pub mod mutate;
pub mod seeds;

mod agent;
mod certificate;
mod license;
mod manifest;
mod oidc;
mod requests;
mod scim;
mod sealed;
mod urls;
mod wire;

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its folder in `corpus` and of its program in `libfuzzer`.
    pub name: &'static str,
    /// Reads the bytes, and says whether they were taken for good; panics when a promise is broken.
    pub run: fn(&[u8]) -> bool,
}

const fn target(name: &'static str, run: fn(&[u8]) -> bool) -> Target {
    Target { name, run }
}

/// All of them.
pub const TARGETS: [Target; 23] = [
    target("address", urls::address),
    target("agent_guard", agent::guard),
    target("agent_journal", agent::journal),
    target("chunk_request", agent::chunk_request),
    target("csr", certificate::request),
    target("egress_url", urls::url),
    target("floe", sealed::floe),
    target("id_token", oidc::id_token),
    target("jwks", oidc::key_sets),
    target("lease_state", sealed::lease_state),
    target("license", license::license),
    target("license_request", license::request),
    target("manifest", manifest::manifest),
    target("oidc_claims", oidc::claims),
    target("pipe_frames", wire::pipe_frames),
    target("policy", requests::policy),
    target("query", requests::query),
    target("range", requests::range),
    target("scim_filter", scim::filter),
    target("scim_patch", scim::patch),
    target("tus_headers", requests::tus),
    target("wire_to_dms", wire::to_dms),
    target("wire_to_peer", wire::to_peer),
];

/// Runs the target of this name.
///
/// # Panics
/// When there is none, or when the target finds a broken promise.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.expect("a program of libfuzzer/ has the name of a target");
    let _ = (target.run)(bytes);
}
