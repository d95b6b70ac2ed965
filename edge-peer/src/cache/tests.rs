//! The cache under crashes, rot and a full disk.

use super::*;
use bytes::Bytes;
use std::fs;

const LIMIT: u64 = 1 << 20;

fn chunk(seed: u8, len: usize) -> VerifiedChunk {
    let bytes = Bytes::from(vec![seed; len]);
    VerifiedChunk::check(ChunkId::of(&bytes), bytes).unwrap()
}

async fn read(cache: &Cache, chunk: &VerifiedChunk) -> Got {
    cache.get(chunk.id()).await
}

fn open(root: &Path) -> Cache {
    Cache::open(root, LIMIT).unwrap()
}

#[tokio::test]
async fn what_was_put_survives_a_restart_with_its_order_of_use() {
    let dir = tempfile::tempdir().unwrap();
    let chunks: Vec<_> = (1..=3).map(|n| chunk(n, 1_000)).collect();
    {
        let cache = open(dir.path());
        for c in &chunks {
            let put = cache.put(c.clone(), Some(TitleId([9; 16]))).await;
            assert!(put.stored && put.evicted.is_empty());
        }
        // Times of use are kept in whole milliseconds.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        assert_eq!(
            read(&cache, &chunks[0]).await,
            Got::Chunk(chunks[0].clone())
        );
    }
    let cache = Cache::open(dir.path(), 2_000).unwrap();
    assert_eq!(cache.fill().chunks, 2);
    assert_eq!(read(&cache, &chunks[1]).await, Got::Absent);
    assert_eq!(
        read(&cache, &chunks[0]).await,
        Got::Chunk(chunks[0].clone())
    );
    assert!(!cache.inner.files.path(chunks[1].id()).exists());
}

#[tokio::test]
async fn a_kill_leaves_nothing_that_is_served_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, torn, shorter) = (chunk(1, 5_000), chunk(2, 5_000), chunk(3, 5_000));
    {
        let cache = open(dir.path());
        for c in [&whole, &torn, &shorter] {
            cache.put(c.clone(), None).await;
        }
    }
    // A write that was interrupted, a file cut short, one with a changed byte, and strangers.
    fs::write(dir.path().join("tmp/17"), b"half").unwrap();
    let files = Files::open(dir.path()).unwrap();
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
    fs::write(files.path(shorter.id()), vec![3; 4_999]).unwrap();
    let mut rot = vec![2; 5_000];
    rot[2_500] ^= 1;
    fs::write(files.path(torn.id()), rot).unwrap();
    let stranger = files.path(whole.id()).with_file_name("readme");
    fs::write(&stranger, b"?").unwrap();
    // A chunk whose file has its name, but which the journal does not have yet.
    let unknown = chunk(4, 5_000);
    files.write(&unknown).unwrap();
    drop(files);

    let cache = open(dir.path());
    for first in 0..=u8::MAX {
        cache.inner.sweep(first).unwrap();
    }
    assert!(!stranger.exists());
    assert!(!cache.inner.files.path(unknown.id()).exists());
    assert_eq!(cache.fill().chunks, 3);
    assert_eq!(read(&cache, &whole).await, Got::Chunk(whole.clone()));
    assert_eq!(read(&cache, &shorter).await, Got::Rotten);
    assert_eq!(read(&cache, &torn).await, Got::Rotten);
    assert_eq!(read(&cache, &torn).await, Got::Absent);
    assert_eq!(cache.fill().held, 5_000);
    assert!(cache.put(torn.clone(), None).await.stored);
    assert_eq!(read(&cache, &torn).await, Got::Chunk(torn));
}

#[tokio::test]
async fn a_lost_or_corrupt_index_is_rebuilt_from_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let c = chunk(7, 3_000);
    open(dir.path()).put(c.clone(), None).await;
    let index = dir.path().join("index.journal");
    let size = fs::metadata(&index).unwrap().len();

    let damages: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&index).unwrap(),
        &|| fs::write(&index, b"not a database").unwrap(),
        &|| fs::write(&index, vec![0xff; usize::try_from(size).unwrap()]).unwrap(),
        &|| {
            let half = fs::read(&index).unwrap();
            fs::write(&index, &half[..half.len() / 2]).unwrap();
        },
    ];
    for damage in damages {
        damage();
        let cache = open(dir.path());
        assert_eq!(read(&cache, &c).await, Got::Chunk(c.clone()));
    }
}

#[tokio::test]
async fn room_is_made_by_use_and_a_chunk_too_big_is_passed_by() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path(), 10_000).unwrap();
    let chunks: Vec<_> = (1..=4).map(|n| chunk(n, 3_000)).collect();
    for c in &chunks[..3] {
        cache.put(c.clone(), None).await;
    }
    read(&cache, &chunks[0]).await;
    let put = cache.put(chunks[3].clone(), None).await;
    assert_eq!(put.evicted, vec![chunks[1].id()]);
    assert!(!cache.inner.files.path(chunks[1].id()).exists());
    assert!(!cache.put(chunk(9, 10_001), None).await.stored);
    assert_eq!(cache.fill().held, 9_000);
}

#[tokio::test]
async fn files_removed_under_a_running_agent_are_simply_gone() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path());
    let c = chunk(5, 2_000);
    cache.put(c.clone(), None).await;
    fs::remove_dir_all(dir.path().join("chunks")).unwrap();
    assert_eq!(read(&cache, &c).await, Got::Absent);
    assert_eq!(cache.fill().held, 0);
    assert!(cache.put(c.clone(), None).await.stored);
    assert_eq!(read(&cache, &c).await, Got::Chunk(c));
}

#[tokio::test]
async fn a_disk_that_takes_nothing_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path());
    let (kept, refused) = (chunk(1, 2_000), chunk(2, 2_000));
    cache.put(kept.clone(), None).await;
    fs::remove_dir(dir.path().join("tmp")).unwrap();
    fs::write(dir.path().join("tmp"), b"in the way").unwrap();
    assert!(!cache.put(refused.clone(), None).await.stored);
    assert_eq!(read(&cache, &refused).await, Got::Absent);
    assert_eq!(read(&cache, &kept).await, Got::Chunk(kept));
    assert_eq!(cache.fill().held, 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_and_writers_never_see_other_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path(), 40_000).unwrap();
    let tasks: Vec<_> = (0..60u8)
        .map(|n| {
            let (cache, c) = (cache.clone(), chunk(n % 20, 3_000));
            tokio::spawn(async move {
                cache.put(c.clone(), None).await;
                match cache.get(c.id()).await {
                    Got::Chunk(read) => assert_eq!(read, c),
                    Got::Absent => {}
                    Got::Rotten => panic!("nothing rots here"),
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(cache.fill().held <= 40_000);
    let on_disk = cache.inner.files.scan().unwrap();
    assert_eq!(on_disk.len(), cache.fill().chunks);
}

/// Flips one bit of a chunk's file.
fn rot(cache: &Cache, chunk: &VerifiedChunk) {
    let path = cache.inner.files.path(chunk.id());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&path, bytes).unwrap();
}

/// What a peer gets of a chunk, and how it ends.
async fn given(cache: &Cache, chunk: &VerifiedChunk) -> (Vec<u8>, io::Result<()>) {
    let Source::Disk(mut reader) = cache.source(chunk.id()).await else {
        panic!("it is on disk");
    };
    let mut all = Vec::new();
    loop {
        match std::future::poll_fn(|cx| reader.poll_piece(cx)).await {
            Some(Ok(piece)) => all.extend_from_slice(&piece),
            Some(Err(e)) => return (all, Err(e)),
            None => return (all, Ok(())),
        }
    }
}

#[tokio::test]
async fn what_is_given_piece_by_piece_is_whole_or_breaks_off() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path());
    let mut losses = cache.losses().unwrap();
    let c = chunk(8, 300_000);
    cache.put(c.clone(), Some(TitleId([1; 16]))).await;
    for _ in 0..3 {
        let (all, end) = given(&cache, &c).await;
        assert!(end.is_ok());
        assert_eq!(all, c.bytes().as_ref());
    }
    // While it is given it does not go, whatever comes.
    let Source::Disk(reader) = cache.source(c.id()).await else {
        panic!("it is on disk");
    };
    assert!(!cache.put(chunk(9, 800_000), None).await.stored);
    drop(reader);

    rot(&cache, &c);
    let (all, end) = given(&cache, &c).await;
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert!(
        all.len() < c.bytes().len(),
        "nobody gets all of the wrong bytes"
    );
    let lost = losses.recv().await.unwrap();
    assert_eq!((lost.chunk.id, lost.chunk.len), (c.id(), 300_000));
    assert_eq!((lost.title, lost.told), (Some(TitleId([1; 16])), Told::No));
    assert_eq!(read(&cache, &c).await, Got::Absent);
}

#[tokio::test]
async fn the_scrub_finds_rot_that_nobody_read() {
    let dir = tempfile::tempdir().unwrap();
    let cache = open(dir.path());
    let mut losses = cache.losses().unwrap();
    let chunks: Vec<_> = (1..=5).map(|n| chunk(n, 4_000)).collect();
    for c in &chunks {
        cache.put(c.clone(), None).await;
    }
    rot(&cache, &chunks[3]);
    fs::remove_file(cache.inner.files.path(chunks[1].id())).unwrap();
    scrub::pass(&cache, u64::MAX, 3).await;
    let mut lost = [losses.recv().await.unwrap(), losses.recv().await.unwrap()];
    lost.sort_by_key(|l| l.chunk.id != chunks[1].id());
    assert_eq!(lost.map(|l| l.chunk.id), [chunks[1].id(), chunks[3].id()]);
    assert!(losses.try_recv().is_err());
    assert_eq!(cache.fill().chunks, 3);
    scrub::pass(&cache, u64::MAX, 0).await;
    assert_eq!(cache.fill().chunks, 3);
}

#[tokio::test]
async fn pins_and_spare_copies_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (kept, free) = (TitleId([1; 16]), TitleId([2; 16]));
    let chunks: Vec<_> = (1..=4).map(|n| chunk(n, 1_000)).collect();
    {
        let cache = open(dir.path());
        for (c, title) in chunks.iter().zip([kept, kept, free, free]) {
            cache.put(c.clone(), Some(title)).await;
        }
        cache.pin(kept, true).await;
        cache.pin(free, true).await;
        cache.pin(free, false).await;
        cache.hold(kept, vec![(chunks[1].id(), true)]).await;
    }
    let cache = Cache::open(dir.path(), 4_000).unwrap();
    let put = cache.put(chunk(9, 3_000), None).await;
    assert!(put.stored);
    assert_eq!(put.evicted.len(), 3);
    assert!(cache.contains(chunks[0].id()).is_some());
    // Only the last copy and what is new are left: there is no room for more than the new one.
    assert!(!cache.put(chunk(10, 3_500), None).await.stored);
}

/// Stands in the folder of a writer that is to be killed; nowhere else does the writer write.
const TO_BE_KILLED: &str = "to-be-killed";

/// Started by the next test in a folder of its own, and killed by it.
#[tokio::test]
async fn a_writer_to_be_killed() {
    if !Path::new(TO_BE_KILLED).exists() {
        return;
    }
    let cache = Cache::open(Path::new("cache"), 200_000).unwrap();
    for n in 0u32.. {
        let bytes = Bytes::from(n.to_le_bytes().repeat(500));
        let c = VerifiedChunk::check(ChunkId::of(&bytes), bytes).unwrap();
        let put = cache.put(c.clone(), None).await;
        assert!(put.stored);
        for gone in put.evicted {
            println!("gone {gone}");
        }
        println!("put {}", c.id());
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_costs_at_most_what_was_being_written() {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(TO_BE_KILLED), "").unwrap();
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "cache::tests::a_writer_to_be_killed",
            ])
            .current_dir(dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut held: Vec<ChunkId> = Vec::new();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut puts = 0;
        for line in out.lines() {
            let line = line.unwrap();
            if let Some(gone) = line.strip_prefix("gone ") {
                held.retain(|id| id.to_string() != gone);
            } else if let Some((_, id)) = line.split_once("put ") {
                held.push(id.parse().unwrap());
                puts += 1;
                if puts == 100 + round * 37 {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        let cache = Cache::open(&dir.path().join("cache"), 200_000).unwrap();
        assert!(!held.is_empty());
        // Between the last line read and the kill, more was written, and more had to go.
        let mut missing = 0;
        for id in &held {
            match cache.get(*id).await {
                Got::Chunk(c) => assert_eq!(c.id(), *id),
                Got::Absent => missing += 1,
                Got::Rotten => panic!("a torn chunk under its final name"),
            }
        }
        assert!(
            cache.fill().chunks >= 90,
            "{:?}, {missing} missing",
            cache.fill()
        );
        // What the kill took between a file's end and the word about it is found by the first look.
        for (id, _) in cache.held() {
            assert!(!matches!(cache.get(id).await, Got::Rotten));
        }
        for first in 0..=u8::MAX {
            cache.inner.sweep(first).unwrap();
        }
        assert_eq!(cache.inner.files.scan().unwrap().len(), cache.fill().chunks);
    }
}

/// A file system of a few MiB, taken away again when dropped.
#[cfg(target_os = "linux")]
struct Small(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl Small {
    /// None where this user may not mount one.
    fn mount(mib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]);
        let mounted = mount
            .arg(dir.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|s| s.success()).then(|| Self(dir))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_lets_go_of_the_old_and_passes_the_new_through() {
    let Some(disk) = Small::mount(4) else {
        eprintln!("not checked: no permission to mount a small file system");
        return;
    };
    let root = disk.0.path().join("cache");
    fs::create_dir(&root).unwrap();
    let cache = Cache::open(&root, 1 << 30).unwrap();
    let chunks: Vec<_> = (1..=20).map(|n| chunk(n, 400_000)).collect();
    let mut evicted = 0;
    for c in &chunks {
        let put = cache.put(c.clone(), None).await;
        assert!(put.stored, "room was made");
        evicted += put.evicted.len();
        assert_eq!(read(&cache, c).await, Got::Chunk(c.clone()));
    }
    assert!(evicted >= 10, "{evicted}");

    // Somebody else takes all of the disk: nothing can be kept, and everything still goes through.
    for (id, _) in cache.held() {
        cache.remove(id).await;
    }
    let hog = disk.0.path().join("hog");
    let full = fs::write(&hog, vec![1; 8 << 20]).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    let c = chunk(77, 400_000);
    let Admission::Write { write, .. } = cache.admit(c.clone(), None) else {
        panic!("the books have room");
    };
    assert_eq!(read(&cache, &c).await, Got::Chunk(c.clone()));
    assert!(!write.run().await.stored);
    assert_eq!(read(&cache, &c).await, Got::Absent);

    fs::remove_file(&hog).unwrap();
    assert!(cache.put(c.clone(), None).await.stored);
    drop(cache);
    let cache = Cache::open(&root, 1 << 30).unwrap();
    assert_eq!(read(&cache, &c).await, Got::Chunk(c.clone()));
    drop(cache);
}
