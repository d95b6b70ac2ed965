//! Where bytes live: chunks, signed manifests, pictures and masters, over `object_store`
//! (a local folder by default, S3 by configuration).
//!
//! Every put is atomic: a reader sees the whole object or none. A chunk's key is its hash, so writing
//! it twice is harmless. Nothing here decides what is visible: the database does.

#[cfg(test)]
mod tests;
pub mod trial;

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    GetResultPayload, ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use swarm::content::{ChunkId, TitleId};

use crate::config;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL is of no supported kind.
    #[error("storage.url must begin with file:/// or s3://")]
    Url,
    /// The folder of the store cannot be made.
    #[error("cannot make the store's folder {folder}: {source}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is no room left.
    #[error("the store is full")]
    Full,
    /// This program may not write there.
    #[error("the store is read-only: {0}")]
    ReadOnly(#[source] object_store::Error),
    /// The back end refused or failed.
    #[error("the store failed: {0}")]
    Backend(#[source] object_store::Error),
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let mut kind = None;
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let (Some(e), None) = (cause, kind) {
            kind = e.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
            cause = e.source();
        }
        match kind {
            Some(Kind::StorageFull | Kind::QuotaExceeded) => Self::Full,
            Some(Kind::PermissionDenied | Kind::ReadOnlyFilesystem) => Self::ReadOnly(error),
            _ => Self::Backend(error),
        }
    }
}

/// A picture that belongs to a title's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// One frame that stands for the title.
    Poster,
    /// Small frames in one sheet, for seeking.
    Sprites,
    /// The WebVTT index of the sheet.
    Storyboard,
}

impl Image {
    /// The file's name, in the store and in URLs.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Poster => "poster.jpg",
            Self::Sprites => "sprites.jpg",
            Self::Storyboard => "storyboard.vtt",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Poster | Self::Sprites => "image/jpeg",
            Self::Storyboard => "text/vtt; charset=utf-8",
        }
    }
}

/// The object store with this product's keys. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// The folder with the objects, where they are files of this machine.
    folder: Option<PathBuf>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.objects)
    }
}

impl Store {
    /// Opens the store, making a local folder that is not there.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is wrong or the folder cannot be made.
    pub fn open(config: &config::Storage) -> Result<Self, StoreError> {
        if let Some(folder) = config.url.strip_prefix("file://") {
            let refused = |source| StoreError::Folder {
                folder: folder.to_owned(),
                source,
            };
            std::fs::create_dir_all(folder).map_err(refused)?;
            // fsync: what the database calls complete must survive a power cut.
            let local = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
            return Ok(Self {
                objects: Arc::new(local),
                folder: Some(folder.into()),
            });
        }
        let place = config.url.strip_prefix("s3://").ok_or(StoreError::Url)?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .with_region(&config.s3_region)
            .with_allow_http(config.s3_allow_http);
        if !config.s3_endpoint.is_empty() {
            builder = builder.with_endpoint(&config.s3_endpoint);
        }
        let bucket = builder.build()?;
        Ok(Self {
            objects: Arc::new(PrefixStore::new(bucket, prefix.trim_end_matches('/'))),
            folder: None,
        })
    }

    /// The folder with the objects, where they are files of this machine.
    #[must_use]
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_deref()
    }

    /// Stores a chunk under its id. The caller vouches that the bytes hash to it.
    ///
    /// # Errors
    /// [`StoreError`]; the chunk is then not stored.
    pub async fn put_chunk(&self, id: ChunkId, bytes: Bytes) -> Result<(), StoreError> {
        self.put(&chunk_key(id), bytes).await
    }

    /// A chunk, or `None` when it is not here.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn chunk(&self, id: ChunkId) -> Result<Option<Bytes>, StoreError> {
        self.get(&chunk_key(id)).await
    }

    /// A chunk's file and its length, where the store is a local folder and the chunk is in it.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn chunk_file(
        &self,
        id: ChunkId,
    ) -> Result<Option<(std::fs::File, u64)>, StoreError> {
        if self.folder.is_none() {
            return Ok(None);
        }
        match self.objects.get(&chunk_key(id)).await {
            Ok(found) => match found.payload {
                GetResultPayload::File(file, _) => Ok(Some((file, found.meta.size))),
                GetResultPayload::Stream(_) => Ok(None),
            },
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Whether the chunk is here, without reading it.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn has_chunk(&self, id: ChunkId) -> Result<bool, StoreError> {
        match self.objects.head(&chunk_key(id)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Removes a chunk; one that is not here is no error.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn delete_chunk(&self, id: ChunkId) -> Result<(), StoreError> {
        self.delete(&chunk_key(id)).await
    }

    /// Stores the signed manifest of a version.
    ///
    /// # Errors
    /// [`StoreError`]; the manifest is then not stored.
    pub async fn put_manifest(
        &self,
        title: TitleId,
        version: u64,
        signed: Bytes,
    ) -> Result<(), StoreError> {
        self.put(&version_key(title, version, MANIFEST), signed)
            .await
    }

    /// The signed manifest of a version.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn manifest(
        &self,
        title: TitleId,
        version: u64,
    ) -> Result<Option<Bytes>, StoreError> {
        self.get(&version_key(title, version, MANIFEST)).await
    }

    /// Stores a picture of a version.
    ///
    /// # Errors
    /// [`StoreError`]; the picture is then not stored.
    pub async fn put_image(
        &self,
        title: TitleId,
        version: u64,
        image: Image,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        self.put(&version_key(title, version, image.file_name()), bytes)
            .await
    }

    /// A picture of a version.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn image(
        &self,
        title: TitleId,
        version: u64,
        image: Image,
    ) -> Result<Option<Bytes>, StoreError> {
        self.get(&version_key(title, version, image.file_name()))
            .await
    }

    /// Removes the manifest and the pictures of every version of a title. Chunks are removed one by
    /// one with [`Store::delete_chunk`].
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn delete_title(&self, title: TitleId) -> Result<(), StoreError> {
        let prefix = Path::from(format!("titles/{title}"));
        let keys = self
            .objects
            .list(Some(&prefix))
            .map_ok(|meta| meta.location)
            .boxed();
        self.objects
            .delete_stream(keys)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(())
    }

    /// Removes the manifest and the pictures of one version of a title.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn delete_version(&self, title: TitleId, version: u64) -> Result<(), StoreError> {
        let images = [Image::Poster, Image::Sprites, Image::Storyboard].map(Image::file_name);
        for file in images.into_iter().chain([MANIFEST]) {
            self.delete(&version_key(title, version, file)).await?;
        }
        Ok(())
    }

    /// The back end itself, for parts that need multipart uploads of masters. Keys of masters
    /// come from [`master_key`].
    #[must_use]
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// A master's bytes from `range`, as a stream.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails or the master is not here.
    pub async fn master(
        &self,
        upload: uuid::Uuid,
    ) -> Result<BoxStream<'static, Result<Bytes, StoreError>>, StoreError> {
        let found = self.objects.get(&master_key(upload)).await?;
        Ok(found.into_stream().map_err(StoreError::from).boxed())
    }

    /// Some of a master's bytes.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails or the master is shorter.
    pub async fn master_range(
        &self,
        upload: uuid::Uuid,
        range: Range<u64>,
    ) -> Result<Bytes, StoreError> {
        Ok(self.objects.get_range(&master_key(upload), range).await?)
    }

    /// Removes a master; one that is not here is no error.
    ///
    /// # Errors
    /// [`StoreError`] when the back end fails.
    pub async fn delete_master(&self, upload: uuid::Uuid) -> Result<(), StoreError> {
        self.delete(&master_key(upload)).await
    }

    /// Writes, reads and removes a small object, for the readiness probe.
    ///
    /// # Errors
    /// [`StoreError`] when any of it fails.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let key = Path::from(format!("probe/{}", uuid::Uuid::new_v4()));
        self.put(&key, Bytes::from_static(b"dms")).await?;
        self.get(&key).await?;
        self.delete(&key).await
    }

    async fn put(&self, key: &Path, bytes: Bytes) -> Result<(), StoreError> {
        self.objects.put(key, PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    async fn get(&self, key: &Path) -> Result<Option<Bytes>, StoreError> {
        match self.objects.get(key).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    async fn delete(&self, key: &Path) -> Result<(), StoreError> {
        match self.objects.delete(key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}

/// The name of a version's signed manifest.
const MANIFEST: &str = "manifest.cose";

/// Chunks are spread over 256 folders by their first byte.
fn chunk_key(id: ChunkId) -> Path {
    let hex = id.to_string();
    let (first, _) = hex.split_at(2);
    Path::from(format!("chunks/{first}/{hex}"))
}

fn version_key(title: TitleId, version: u64, file: &str) -> Path {
    Path::from(format!("titles/{title}/{version}/{file}"))
}

/// The key of an upload's master.
#[must_use]
pub fn master_key(upload: uuid::Uuid) -> Path {
    Path::from(format!("masters/{upload}"))
}
