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
