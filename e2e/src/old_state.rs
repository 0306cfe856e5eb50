//! Nodes that go back to what they were.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::Node;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The files of a node, as they once were.
pub struct OldState {
    of: PathBuf,
    copy: TempDir,
}

impl OldState {
    /// Copies the files of a node, which must not be running.
    pub fn of(node: &Node) -> OldState {
        let of = node.directory().join("regtest");
        let copy = tempfile::tempdir().unwrap();
        copy_files(&of, copy.path());
        OldState { of, copy }
    }

    /// Puts the old files back in the place of the new ones. The node must not be running.
    pub fn put_back(self) {
        for path in files_in(&self.of) {
            fs::remove_file(path).unwrap();
        }
        copy_files(self.copy.path(), &self.of);
    }
}

fn copy_files(from: &Path, to: &Path) {
    for path in files_in(from) {
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| entry.path()).collect()
}
