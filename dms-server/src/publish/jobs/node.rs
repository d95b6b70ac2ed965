//! Who works here: the data folder's name, and a seat in it that ends with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;

use uuid::Uuid;

/// Workers over one data folder at once.
const SEATS: usize = 16;

/// The data folder's name. The first start draws it; of two starts at once, one does.
///
/// # Errors
/// What the file system says.
pub fn name(data: &Path) -> io::Result<String> {
    let path = data.join("node.id");
    std::fs::create_dir_all(data)?;
    if !path.exists() {
        let draft = data.join(format!(".node.id.{}", Uuid::new_v4().simple()));
        let mut file = File::create_new(&draft)?;
        file.write_all(Uuid::now_v7().to_string().as_bytes())?;
        file.sync_all()?;
        let linked = std::fs::hard_link(&draft, &path);
        std::fs::remove_file(&draft)?;
        match linked {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => File::open(data)?.sync_all()?,
        }
    }
    Ok(std::fs::read_to_string(&path)?.trim().to_owned())
}

/// A worker's seat: whoever sits in it knows that the one before is dead.
///
/// The lock is the kernel's and goes with the process, however that ends.
#[derive(Debug)]
pub struct Seat {
    number: usize,
    _lock: File,
}

impl Seat {
    /// Takes the first free seat.
    ///
    /// # Errors
    /// What the file system says, or that every seat is taken.
    pub fn take(data: &Path) -> io::Result<Self> {
        let folder = data.join("seats");
        std::fs::create_dir_all(&folder)?;
        for number in 0..SEATS {
            let path = folder.join(number.to_string());
            let lock = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?;
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        number,
                        _lock: lock,
                    });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
        Err(io::Error::other(format!(
            "{SEATS} workers run over this data folder already"
        )))
    }

    /// The worker's name in leases.
    #[must_use]
    pub fn owner(&self, node: &str) -> String {
        format!("{node}/{}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_name_and_a_seat_is_free_after_its_worker() {
        let data = tempfile::tempdir().unwrap();
        let name_1 = name(data.path()).unwrap();
        assert_eq!(name(data.path()).unwrap(), name_1);
        let first = Seat::take(data.path()).unwrap();
        let second = Seat::take(data.path()).unwrap();
        assert_eq!(
            (first.owner("n"), second.owner("n")),
            ("n/0".into(), "n/1".into())
        );
        drop(first);
        assert_eq!(Seat::take(data.path()).unwrap().owner("n"), "n/0");
    }

    #[test]
    fn seats_are_limited() {
        let data = tempfile::tempdir().unwrap();
        let taken: Vec<_> = (0..SEATS)
            .map(|_| Seat::take(data.path()).unwrap())
            .collect();
        assert!(Seat::take(data.path()).is_err());
        drop(taken);
    }
}
