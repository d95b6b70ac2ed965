//! Key files are made once, kept, and refused when exposed or damaged.

mod rotation;

use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use tokio::sync::watch;

use super::rotation::Step;
use super::*;
use crate::testing::PATIENCE;

/// Lets a test stop a rotation right after a named step, as a killed process would.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    halt: Mutex<Option<Step>>,
    seen: watch::Sender<Option<Step>>,
}

impl Steps {
    pub(crate) async fn reached(&self, step: Step) {
        let halts = *self.halt.lock().expect("the lock") == Some(step);
        self.seen.send_replace(Some(step));
        if halts {
            std::future::pending::<()>().await;
        }
    }

    /// Rotations stop for good right after this step.
    fn halt_at(&self, step: Step) {
        *self.halt.lock().expect("the lock") = Some(step);
    }

    /// Waits until some rotation is right after the step.
    async fn wait_for(&self, step: Step) {
        let mut seen = self.seen.subscribe();
        let reached = seen.wait_for(|seen| *seen == Some(step));
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.expect("the step is reached").expect("it lives");
    }
}

#[test]
fn keys_survive_a_restart_and_are_private() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("keys");
    let first = Keys::load(&folder).expect("made");
    let again = Keys::load(&folder).expect("read");
    assert_eq!(first.keks().first().id(), again.keks().first().id());
    assert_eq!(first.fingerprint(b"ca"), again.fingerprint(b"ca"));
    for entry in std::fs::read_dir(&folder).expect("listed") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
        assert!(
            !entry.file_name().to_string_lossy().starts_with('.'),
            "no temporary file stays"
        );
    }
}

#[test]
fn a_folder_that_others_may_write_into_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path().join("keys");
    Keys::load(&folder).expect("made");
    for (mode, safe) in [
        (0o777, false),
        (0o720, false),
        (0o702, false),
        (0o755, true),
    ] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).expect("chmod");
        let loaded = Keys::load(&folder);
        assert_eq!(loaded.is_ok(), safe, "{mode:o}");
        assert!(
            safe || matches!(loaded, Err(KeyError::OpenFolder { .. })),
            "{mode:o}"
        );
    }
}

#[test]
fn an_exposed_or_damaged_key_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Keys::load(folder.path()).expect("made");
    let kek = folder.path().join("kek.key");
    std::fs::set_permissions(&kek, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(matches!(
        Keys::load(folder.path()),
        Err(KeyError::Exposed { .. })
    ));
    std::fs::set_permissions(&kek, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    std::fs::write(&kek, "short").expect("written");
    assert!(matches!(
        Keys::load(folder.path()),
        Err(KeyError::Damaged { .. })
    ));
}

#[test]
fn debug_output_holds_no_key() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = Keys::load(folder.path()).expect("made");
    let kek = keys.keks().first();
    let digits = hex::encode(*kek.to_bytes());
    for shown in [
        format!("{keys:?}"),
        format!("{:?}", keys.keks()),
        format!("{kek:?}"),
    ] {
        assert!(!shown.contains(&digits), "{shown}");
    }
}

#[test]
fn processes_that_start_at_once_agree_on_the_keys() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let prints: std::collections::HashSet<_> = std::thread::scope(|s| {
        let starts: Vec<_> = (0..8)
            .map(|_| {
                s.spawn(|| {
                    Keys::load(folder.path())
                        .expect("loaded")
                        .fingerprint(b"ca")
                })
            })
            .collect();
        starts
            .into_iter()
            .map(|t| t.join().expect("ended"))
            .collect()
    });
    assert_eq!(prints.len(), 1);
}
