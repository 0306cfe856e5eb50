//! The 32 bytes that everything is derived from.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The file's name in the network's folder.
pub const SEED_FILE: &str = "seed";

/// The secret of secrets; it neither prints nor copies itself.
pub struct Seed {
    bytes: [u8; 32],
    is_new: bool,
}

/// The seed could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file or its folder failed.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not 32 bytes long.
    #[error("{path}: a seed is 32 bytes, this file has another length; restore it from your backup")]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// Monitors are on file without the seed that made them.
    #[error("{path} is missing, but this node has state on file: restore the seed from your backup")]
    Missing {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(getrandom::Error),
}

impl Seed {
    /// Reads the seed of a folder; a new one is made only when the node has no state yet (`may_create`).
    ///
    /// # Errors
    /// [`SeedError`]; nothing has been created then.
    pub fn load_or_create(network_dir: &Path, may_create: bool) -> Result<Seed, SeedError> {
        let path = network_dir.join(SEED_FILE);
        let failed = |source| SeedError::File {
            path: path.clone(),
            source,
        };
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::with_capacity(33);
                Read::by_ref(&mut file)
                    .take(33)
                    .read_to_end(&mut bytes)
                    .map_err(failed)?;
                let bytes = bytes
                    .try_into()
                    .map_err(|_| SeedError::Damaged { path: path.clone() })?;
                Ok(Seed { bytes, is_new: false })
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            Err(_) if !may_create => Err(SeedError::Missing { path }),
            Err(_) => Seed::create(&path, network_dir),
        }
    }

    /// Writes a new seed under another name, makes it durable and only then gives it its name, so that a power cut
    /// leaves either no seed or a whole one.
    fn create(path: &Path, network_dir: &Path) -> Result<Seed, SeedError> {
        let failed = |source| SeedError::File {
            path: path.to_owned(),
            source,
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(SeedError::Randomness)?;
        let unfinished = path.with_extension("unfinished");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&unfinished).map_err(failed)?;
        file.write_all(&seed).map_err(failed)?;
        file.set_permissions(Permissions::from_mode(0o400))
            .map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&unfinished, path).map_err(failed)?;
        File::open(network_dir)
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(Seed {
            bytes: seed,
            is_new: true,
        })
    }

    /// The bytes, for deriving keys.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Whether it has been made just now.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let made = Seed::load_or_create(dir.path(), true).unwrap();
        let read = Seed::load_or_create(dir.path(), false).unwrap();
        assert_eq!(made.bytes(), read.bytes());
        assert!(made.is_new() && !read.is_new());
        let mode = std::fs::metadata(dir.path().join(SEED_FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o400);
    }

    #[test]
    fn a_lost_or_damaged_seed_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            Seed::load_or_create(dir.path(), false),
            Err(SeedError::Missing { .. })
        ));
        for length in [0, 31, 33] {
            std::fs::write(dir.path().join(SEED_FILE), vec![1; length]).unwrap();
            assert!(matches!(
                Seed::load_or_create(dir.path(), true),
                Err(SeedError::Damaged { .. })
            ));
        }
    }
}
