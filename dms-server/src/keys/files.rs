//! Secret files: mode 0600, complete or absent, never overwritten.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use super::{KeyError, io_error};

/// Makes the folder, open to its owner only. One that is there already must be as safe from others: who may write into
/// it can put another key there, whatever the files allow.
pub(crate) fn make_folder(folder: &Path) -> Result<(), KeyError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(io_error(folder))?;
    let found = fs::metadata(folder).map_err(io_error(folder))?;
    let own = [0, rustix::process::geteuid().as_raw()].contains(&found.uid());
    if !own || found.mode() & 0o022 != 0 {
        return Err(KeyError::OpenFolder {
            path: folder.to_path_buf(),
        });
    }
    Ok(())
}

/// 32 secret bytes in a file as 64 hex digits, drawn when the file is not there.
pub(crate) fn secret(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let text = read_or_make(path, || {
        spelled(&Zeroizing::new(rand::random::<[u8; 32]>()))
    })?;
    parsed(path, &text)
}

/// The 32 secret bytes of a file that is there.
pub(crate) fn read_secret(path: &Path) -> Result<Option<Zeroizing<[u8; 32]>>, KeyError> {
    read(path)?.map(|text| parsed(path, &text)).transpose()
}

/// How a file spells them.
pub(crate) fn spelled(bytes: &Zeroizing<[u8; 32]>) -> Zeroizing<String> {
    let digits = Zeroizing::new(hex::encode(**bytes));
    Zeroizing::new(format!("{}\n", *digits))
}

fn parsed(path: &Path, text: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| KeyError::Damaged {
        path: path.to_path_buf(),
    })?;
    Ok(bytes)
}

/// The text of a secret file, which `make` draws when it is not there. Of two processes
/// that start at once, one makes it and both read that one.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Zeroizing<String>,
) -> Result<Zeroizing<String>, KeyError> {
    if let Some(text) = read(path)? {
        return Ok(text);
    }
    create(path, make().as_bytes(), false)?;
    read(path)?.ok_or_else(|| io_error(path)(io::ErrorKind::NotFound.into()))
}

/// Writes a secret file, whole or not at all. Without `replace`, a file that is there stays.
pub(crate) fn create(path: &Path, bytes: &[u8], replace: bool) -> Result<(), KeyError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    let written = (|| {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if replace {
            fs::rename(&temporary, path)?;
        } else if let Err(e) = fs::hard_link(&temporary, path)
            && e.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(e);
        }
        path.parent()
            .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    })();
    if !replace || written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(io_error(path))
}

/// The text of a secret file; none when it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(path)(e)),
    };
    let mode = fs::metadata(path).map_err(io_error(path))?.mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed {
            path: path.to_path_buf(),
        });
    }
    Ok(Some(text))
}
