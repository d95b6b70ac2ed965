//! The store over a local folder.

use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = config::Storage {
        url: format!("file://{}", folder.path().join("a/b").display()),
        ..config::Storage::default()
    };
    let store = Store::open(&config).expect("it opens");
    (folder, store)
}

#[tokio::test]
async fn a_chunk_comes_back_and_goes() {
    let (_folder, store) = store();
    let bytes = Bytes::from_static(b"sealed");
    let id = ChunkId::of(&bytes);
    assert_eq!(store.chunk(id).await.expect("reads"), None);
    store.put_chunk(id, bytes.clone()).await.expect("writes");
    store
        .put_chunk(id, bytes.clone())
        .await
        .expect("writing again is harmless");
    assert_eq!(store.chunk(id).await.expect("reads"), Some(bytes));
    store.delete_chunk(id).await.expect("removes");
    store
        .delete_chunk(id)
        .await
        .expect("removing again is harmless");
    assert!(!store.has_chunk(id).await.expect("asks"));
}

#[tokio::test]
async fn deleting_a_title_leaves_its_neighbours() {
    let (_folder, store) = store();
    let (a, b) = (TitleId([1; 16]), TitleId([2; 16]));
    for title in [a, b] {
        store
            .put_manifest(title, 1, Bytes::from_static(b"m"))
            .await
            .expect("writes");
        store
            .put_image(title, 2, Image::Poster, Bytes::from_static(b"p"))
            .await
            .expect("writes");
    }
    store.delete_title(a).await.expect("removes");
    assert_eq!(store.manifest(a, 1).await.expect("reads"), None);
    assert_eq!(store.image(a, 2, Image::Poster).await.expect("reads"), None);
    assert!(store.manifest(b, 1).await.expect("reads").is_some());
}

#[tokio::test]
async fn the_probe_leaves_nothing() {
    let (folder, store) = store();
    store.probe().await.expect("works");
    let left = std::fs::read_dir(folder.path().join("a/b/probe")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

/// A file system of its own in a folder; it goes with this.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// None where this is not allowed: only root mounts.
    fn new(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let done = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(folder.path())
            .output();
        done.is_ok_and(|done| done.status.success())
            .then(|| Self(folder))
    }

    fn remount_read_only(&self) {
        let done = std::process::Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.0.path())
            .status();
        assert!(done.expect("mount runs").success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
    }
}

fn steps(tried: &[trial::Tried]) -> Vec<(trial::Step, Option<&'static str>)> {
    let code = |tried: &trial::Tried| tried.problem.as_ref().map(|problem| problem.code);
    tried.iter().map(|one| (one.step, code(one))).collect()
}

#[tokio::test]
async fn a_trial_names_the_step_that_fails_and_why() {
    use trial::Step;
    let (folder, store) = store();
    let all = [Step::Write, Step::Read, Step::ReadRange, Step::Delete];
    assert_eq!(steps(&store.trial().await), all.map(|step| (step, None)));
    let probes = folder.path().join("a/b/probe");
    assert_eq!(std::fs::read_dir(&probes).map_or(0, Iterator::count), 0);
    // A file where a folder belongs.
    std::fs::remove_dir(&probes).expect("it is empty");
    std::fs::write(&probes, "in the way").expect("written");
    let broken = [(Step::Write, Some("store_unusable"))];
    assert_eq!(steps(&store.trial().await), broken);
    let Some(small) = Mounted::new("size=16k") else {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED full and read-only: only root mounts"
        );
        return;
    };
    let config = config::Storage {
        url: format!("file://{}", small.0.path().display()),
        ..config::Storage::default()
    };
    let store = Store::open(&config).expect("it opens");
    let full = [(Step::Write, Some("storage_full"))];
    assert_eq!(steps(&store.trial().await), full);
    small.remount_read_only();
    let shut = [(Step::Write, Some("store_read_only"))];
    assert_eq!(steps(&store.trial().await), shut);
}
