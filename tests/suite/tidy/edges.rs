//! Which crate may know which: the house's walls, read from `cargo metadata`.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Each of our crates and the ones of ours it may depend on.
const EDGES: [(&str, &[&str]); 10] = [
    ("swarm", &[]),
    ("drm", &[]),
    ("dms-transcoder-protocol", &[]),
    ("dms-ads", &[]),
    ("dms-transcoder", &["dms-transcoder-protocol"]),
    (
        "dms-server",
        &["swarm", "drm", "dms-transcoder-protocol", "dms-ads"],
    ),
    ("edge-peer", &["swarm"]),
    ("dms-player", &["swarm", "drm", "dms-ads"]),
    ("system-tests", &["swarm", "drm"]),
    (
        "fuzz-targets",
        &[
            "swarm",
            "drm",
            "dms-transcoder-protocol",
            "dms-server",
            "edge-peer",
        ],
    ),
];

/// Third-party packages with a fence: only these crates of ours may name them.
const FENCES: [(&str, &[&str]); 4] = [
    ("sqlx", &["dms-server"]),
    ("aes-gcm", &["drm"]),
    ("ffmpeg-next", &["dms-player", "dms-transcoder"]),
    ("ffmpeg-sys-next", &[]),
];

/// (crate of ours, package that must not be in what it links).
const UNREACHABLE: [(&str, &str); 12] = [
    ("dms-server", "ffmpeg-sys-next"),
    ("edge-peer", "ffmpeg-sys-next"),
    ("edge-peer", "drm"),
    ("edge-peer", "aes-gcm"),
    ("edge-peer", "sqlx"),
    ("swarm", "tokio"),
    ("swarm", "rand"),
    ("swarm", "getrandom"),
    ("drm", "tokio"),
    ("drm", "getrandom"),
    ("dms-player", "sqlx"),
    ("dms-transcoder", "tokio"),
];

/// The platform that the compiler compiles for.
fn host() -> String {
    let said = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc runs");
    let said = String::from_utf8(said.stdout).expect("text");
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

/// Of this platform: what other platforms need was not downloaded when the workspace was built here.
fn metadata() -> Metadata {
    let options = ["--offline", "--locked", "--filter-platform", &host()];
    MetadataCommand::new()
        .manifest_path(super::root().join("Cargo.toml"))
        .other_options(options.map(String::from).to_vec())
        .exec()
        .expect("cargo metadata runs")
}

#[test]
fn our_crates_depend_on_each_other_only_as_the_table_says() {
    let allowed: BTreeMap<_, BTreeSet<_>> = EDGES
        .iter()
        .map(|(from, to)| (*from, to.iter().copied().collect()))
        .collect();
    let metadata = metadata();
    let ours: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    assert_eq!(
        ours,
        allowed.keys().map(ToString::to_string).collect(),
        "a crate is missing in the table, or the table names one that is gone"
    );
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let (from, to) = (package.name.as_str(), dependency.name.as_str());
            if ours.contains(to) && !allowed[from].contains(to) {
                findings.push(format!("{from} -> {to}"));
            }
        }
    }
    super::assert_none("crate edges that the table does not allow", findings);
}

#[test]
fn fenced_packages_are_named_only_by_their_crates() {
    let metadata = metadata();
    let mut findings = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            if let Some((fenced, owners)) = FENCES.iter().find(|(n, _)| *n == dependency.name)
                && !owners.contains(&package.name.as_str())
            {
                findings.push(format!("{} names {fenced}", package.name));
            }
        }
    }
    super::assert_none("packages outside their fence", findings);
}

#[test]
fn what_must_not_be_linked_is_not_reachable() {
    let metadata = metadata();
    let mut findings = Vec::new();
    for (ours, banned) in UNREACHABLE {
        let start = metadata
            .workspace_packages()
            .iter()
            .find(|p| p.name.as_str() == ours)
            .map(|p| p.id.clone())
            .expect("a crate of the table exists");
        if let Some(path) = path_to(&metadata, &start, banned) {
            findings.push(format!("{ours} reaches {banned}: {path}"));
        }
    }
    super::assert_none("packages that must stay out", findings);
}

/// A path of normal and build dependencies from `start` to a package called `name`.
fn path_to(metadata: &Metadata, start: &PackageId, name: &str) -> Option<String> {
    let resolve = metadata
        .resolve
        .as_ref()
        .expect("metadata with a resolve graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let mut queue = vec![(start, metadata[start].name.to_string())];
    let mut seen = BTreeSet::new();
    while let Some((id, path)) = queue.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in &nodes[id].deps {
            let linked = dependency.dep_kinds.iter().any(|k| {
                matches!(k.kind, DependencyKind::Normal | DependencyKind::Build) && !foreign(k)
            });
            if !linked {
                continue;
            }
            let package = &metadata[&dependency.pkg];
            let path = format!("{path} -> {}", package.name);
            if package.name.as_str() == name {
                return Some(path);
            }
            queue.push((&dependency.pkg, path));
        }
    }
    None
}

/// A dependency only of other platforms (wasm, Windows) links nothing here.
fn foreign(kind: &cargo_metadata::DepKindInfo) -> bool {
    kind.target.as_ref().is_some_and(|t| {
        let t = t.to_string();
        t.contains("wasm") || t.contains("windows") || t.contains("target_os = \"wasi\"")
    })
}

#[test]
fn the_pure_crates_ban_clocks_files_and_hash_order() {
    for krate in ["swarm", "drm"] {
        let path = super::root().join(krate).join("clippy.toml");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("{} must list the bans: {e}", path.display()));
        for banned in [
            "std::time::SystemTime",
            "std::time::Instant",
            "std::collections::HashMap",
            "std::fs",
        ] {
            assert!(
                text.contains(banned),
                "{krate}/clippy.toml does not ban {banned}"
            );
        }
    }
}
