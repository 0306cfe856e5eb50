//! One daemon per directory.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Proof that this process is the only daemon of a directory, for as long as it is kept.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// Why the directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon has it.
    #[error("boltilld is already running in {} ({})", directory.display(), process(*pid))]
    Taken {
        /// The directory of the network.
        directory: PathBuf,
        /// The other daemon's process, where that can be read.
        pid: Option<u32>,
    },
    /// The directory cannot be made or used.
    #[error("the directory {} cannot be used: {source}", directory.display())]
    Io {
        /// The directory of the network.
        directory: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn process(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "process unknown".to_owned(),
    }
}

impl DirectoryLock {
    /// Makes the directory, for its owner alone, where it is missing, and locks it. The system lets go of the lock when
    /// the process ends, however it ends.
    pub fn take(directory: &Path) -> Result<DirectoryLock, LockError> {
        let failed = |source| LockError::Io {
            directory: directory.to_owned(),
            source,
        };
        make_private(directory).map_err(failed)?;
        let path = directory.join("lock");
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        let mut file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                write_pid(&mut file).map_err(failed)?;
                Ok(DirectoryLock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Taken {
                directory: directory.to_owned(),
                pid: read_pid(&mut file),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Makes a directory and those above it. One that exists keeps the permissions that its owner gave it.
fn make_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_daemon_is_told_the_directory_and_the_process() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("new/regtest");
        let lock = DirectoryLock::take(&directory).unwrap();
        let error = DirectoryLock::take(&directory).unwrap_err().to_string();
        assert!(error.contains(&directory.display().to_string()), "{error}");
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(lock);
        assert!(DirectoryLock::take(&directory).is_ok());
    }

    #[test]
    fn the_directory_is_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("regtest");
        let _lock = DirectoryLock::take(&directory).unwrap();
        assert_eq!(
            fs::metadata(directory).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}
