//! The spool folder after cuts and restarts.

use super::*;

async fn spool() -> (tempfile::TempDir, Spool, Uuid) {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(dir.path().join("uploads")).unwrap();
    let id = Uuid::now_v7();
    spool.create(id).await.unwrap();
    (dir, spool, id)
}

fn sha256(bytes: &[u8]) -> Checksum {
    use sha2::Digest as _;
    Checksum::new("sha256", &sha2::Sha256::digest(bytes)).unwrap()
}

async fn append(spool: &Spool, id: Uuid, bytes: &[u8], checksum: Option<Checksum>) -> Kept {
    let offset = spool.settle(id).await.unwrap();
    let mut piece = spool.piece(id, offset, checksum).await.unwrap();
    for part in bytes.chunks(300_000) {
        piece.write(&Bytes::copy_from_slice(part)).await.unwrap();
    }
    piece.finish(true).await.unwrap()
}

#[tokio::test]
async fn pieces_of_any_size_add_up() {
    let (_dir, spool, id) = spool().await;
    let big = vec![7; 1_000_001];
    assert_eq!(append(&spool, id, b"head", None).await, Kept::To(4));
    assert_eq!(
        append(&spool, id, &big, Some(sha256(&big))).await,
        Kept::To(1_000_005)
    );
    let stored = std::fs::read(spool.path(id)).unwrap();
    assert!(stored.starts_with(b"head") && stored[4..] == big);
    assert_eq!(spool.strays(Duration::ZERO).await.unwrap(), [id]);
}

#[tokio::test]
async fn a_piece_that_does_not_match_its_checksum_leaves_nothing() {
    let (_dir, spool, id) = spool().await;
    append(&spool, id, b"good", None).await;
    assert_eq!(
        append(&spool, id, b"bad", Some(sha256(b"other"))).await,
        Kept::Nothing
    );
    assert_eq!(spool.settle(id).await.unwrap(), 4);
}

#[tokio::test]
async fn a_piece_cut_off_is_kept_only_without_a_checksum() {
    let (_dir, spool, id) = spool().await;
    let mut piece = spool.piece(id, 0, None).await.unwrap();
    piece.write(&Bytes::from_static(b"part")).await.unwrap();
    assert_eq!(piece.finish(false).await.unwrap(), Kept::To(4));
    let mut piece = spool.piece(id, 4, Some(sha256(b"whole"))).await.unwrap();
    piece.write(&Bytes::from_static(b"whole")).await.unwrap();
    assert_eq!(piece.finish(false).await.unwrap(), Kept::Nothing);
    assert_eq!(spool.settle(id).await.unwrap(), 4);
}

#[tokio::test]
async fn a_killed_server_forgets_unverified_bytes_and_keeps_the_others() {
    let (_dir, spool, id) = spool().await;
    append(&spool, id, b"kept", None).await;
    let mut piece = spool.piece(id, 4, Some(sha256(b"x"))).await.unwrap();
    piece
        .write(&Bytes::from(vec![1; 2 * WRITE_BUFFER]))
        .await
        .unwrap();
    piece.file.flush().await.unwrap();
    assert!(std::fs::metadata(spool.path(id)).unwrap().len() > 4);
    drop(piece);
    assert_eq!(spool.settle(id).await.unwrap(), 4);
    assert_eq!(spool.settle(id).await.unwrap(), 4);
    assert_eq!(append(&spool, id, b"more", None).await, Kept::To(8));
}

#[tokio::test]
async fn removal_is_repeatable_and_a_missing_upload_is_not_found() {
    let (_dir, spool, id) = spool().await;
    spool.remove(id).await.unwrap();
    spool.remove(id).await.unwrap();
    assert_eq!(
        spool.settle(id).await.unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    assert!(spool.strays(Duration::ZERO).await.unwrap().is_empty());
}
