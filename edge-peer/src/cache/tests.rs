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
    fs::write(dir.path().join("chunks/00/readme"), b"?").unwrap();
    drop(files);

    let cache = open(dir.path());
    assert!(!dir.path().join("chunks/00/readme").exists());
    assert_eq!(cache.fill().chunks, 2);
    assert_eq!(read(&cache, &whole).await, Got::Chunk(whole.clone()));
    assert_eq!(read(&cache, &shorter).await, Got::Absent);
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
    let index = dir.path().join("index.redb");
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
