//! The file that tells scripts the process's number.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file, which is removed when this is dropped.
#[derive(Debug)]
pub struct PidFile(PathBuf);

/// The file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the pid file {} cannot be written: {source}", path.display())]
pub struct PidFileError {
    path: PathBuf,
    source: io::Error,
}

impl PidFile {
    /// Writes the number of this process. Whoever holds the directory's lock may overwrite what an earlier one left.
    pub fn write(path: &Path) -> Result<PidFile, PidFileError> {
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o644)
                .open(path)?;
            writeln!(file, "{}", std::process::id())
        };
        write().map_err(|source| PidFileError {
            path: path.to_owned(),
            source,
        })?;
        Ok(PidFile(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "the pid file was gone already");
        }
    }
}
