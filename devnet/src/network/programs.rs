//! Where the programs are that a network is made of.

use super::NetworkError;
use std::path::PathBuf;

/// The node.
pub(crate) fn boltilld() -> Result<PathBuf, NetworkError> {
    find("boltilld", "BOLTILLD_EXE")
}

/// The command line.
pub fn boltill() -> Result<PathBuf, NetworkError> {
    find("boltill", "BOLTILL_EXE")
}

/// The program of this crate, which also is the guard.
pub fn devnet() -> Result<PathBuf, NetworkError> {
    find("boltill-devnet", "BOLTILL_DEVNET_EXE")
}

/// A program beside our own, unless the environment names another.
fn find(name: &str, variable: &'static str) -> Result<PathBuf, NetworkError> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let own = std::env::current_exe().map_err(|source| NetworkError::System {
        what: "the path of this program",
        source,
    })?;
    // Tests run from the directory `deps` beside the programs.
    let directories = own.ancestors().skip(1).take(2);
    let directory = directories
        .into_iter()
        .find(|directory| !directory.ends_with("deps"));
    let path = directory.unwrap_or(&own).join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(NetworkError::NoProgram { path, variable })
    }
}
