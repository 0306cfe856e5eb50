//! Manual pages, completions and the comparison with Core Lightning.
//!
//! All of it is made from the daemon's lists of commands and options and from the command lines of the programs, so that it
//! says what is there. `make install` runs this; the daemon has no part of it.

pub mod comparison;
pub mod completions;
mod config_page;
pub mod pages;
mod text;

use std::fs;
use std::io;
use std::path::Path;

/// A file below `PREFIX/share`.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path below `PREFIX/share`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Everything that is installed below `PREFIX/share`.
pub fn documents() -> io::Result<Vec<Document>> {
    let mut documents = pages::all()?;
    documents.extend(completions::all());
    Ok(documents)
}

/// Writes everything below a directory, which need not be there yet.
pub fn write(share: &Path) -> io::Result<()> {
    for document in documents()? {
        let path = share.join(&document.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, document.text)?;
    }
    Ok(())
}
