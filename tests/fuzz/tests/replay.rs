//! Every kept input, and thousands of changes of them, through every target.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz_targets::mutate::{Numbers, mutated};
use fuzz_targets::{TARGETS, Target, seeds};

/// Changed inputs of each target.
const MUTANTS: usize = 2_000;
/// Kept inputs of a target, at most.
const KEPT_MAX: usize = 200;
/// Bytes of all kept inputs together, at most.
const BYTES_MAX: u64 = 600 << 10;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The kept inputs of a target with their names, in the order of these.
fn kept(target: Target) -> Vec<(String, Vec<u8>)> {
    let folder = corpus().join(target.name);
    let entries = fs::read_dir(&folder);
    let entries = entries.unwrap_or_else(|e| panic!("{} is missing: {e}", folder.display()));
    let mut kept: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("a folder of the project").path();
            let name = path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            (name, fs::read(&path).expect("a file of the project"))
        })
        .collect();
    kept.sort();
    assert!(!kept.is_empty(), "no input is kept for {}", target.name);
    kept
}

/// Runs the target; what it panicked on is a finding.
fn run(target: Target, what: &str, bytes: &[u8]) -> Result<bool, String> {
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
    ran.map_err(|_| format!("{} fails on {what}: {}", target.name, bytes.escape_ascii()))
}

/// Fails with the first finding of every target.
fn assert_none<T>(findings: impl IntoIterator<Item = Result<T, String>>) {
    let findings = findings.into_iter().filter_map(Result::err);
    let findings: Vec<_> = findings.collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_kept_input_keeps_the_promises() {
    let all = |target: Target| {
        let mut taken = 0;
        for (name, bytes) in kept(target) {
            taken += usize::from(run(target, &name, &bytes)?);
        }
        // A target that refuses everything tests nothing behind its first check.
        let none = || format!("{} takes none of its inputs", target.name);
        (taken > 0).then_some(()).ok_or_else(none)
    };
    assert_none(TARGETS.map(all));
}

#[test]
fn thousands_of_changed_inputs_keep_the_promises() {
    std::thread::scope(|scope| {
        let quarters = TARGETS.chunks(TARGETS.len().div_ceil(4));
        let started =
            quarters.map(|some| scope.spawn(|| some.iter().map(mutants).collect::<Vec<_>>()));
        let started: Vec<_> = started.collect();
        let all = started.into_iter().map(|one| one.join());
        assert_none(all.flat_map(|findings| findings.expect("panics are caught")));
    });
}

fn mutants(target: &Target) -> Result<(), String> {
    let kept = kept(*target);
    let seed = target.name.bytes().map(u64::from);
    let mut numbers = Numbers(seed.fold(1, |seed, b| seed.wrapping_mul(31) + b));
    for number in 0..MUTANTS {
        let [one, other] = [(); 2].map(|()| &kept[numbers.below(kept.len())].1);
        let mut bytes = mutated(one, other, &mut numbers);
        // Now and then twice as far from what is known.
        if number % 4 == 0 {
            bytes = mutated(&bytes, other, &mut numbers);
        }
        run(*target, "a changed input", &bytes)?;
    }
    Ok(())
}

#[test]
fn what_is_kept_belongs_to_a_target_and_stays_small() {
    let names: BTreeSet<_> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    let folders = fs::read_dir(corpus()).expect("the corpora");
    let folders = folders.map(|entry| entry.expect("readable").file_name());
    let folders: BTreeSet<_> = folders
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, names, "a folder for each target, and no other");
    let seeded: BTreeSet<_> = seeds::all().into_keys().map(str::to_owned).collect();
    assert_eq!(seeded, names, "first inputs for each target");
    let mut bytes = 0;
    for target in TARGETS {
        let kept = kept(target);
        assert!(
            kept.len() <= KEPT_MAX,
            "{} keeps {}",
            target.name,
            kept.len()
        );
        bytes += kept
            .iter()
            .map(|(_, input)| input.len() as u64)
            .sum::<u64>();
    }
    assert!(bytes <= BYTES_MAX, "{bytes} bytes are kept");
}

#[test]
fn libfuzzer_has_a_program_for_each_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("its manifest");
    for target in TARGETS {
        let program = folder.join(format!("{}.rs", target.name));
        let text = fs::read_to_string(&program).unwrap_or_default();
        let call = format!("fuzz_targets::run(\"{}\", bytes)", target.name);
        assert!(
            text.contains(&call),
            "{} does not run it",
            program.display()
        );
        assert!(
            manifest.contains(&format!("name = \"{}\"", target.name)),
            "{}",
            target.name
        );
    }
}
