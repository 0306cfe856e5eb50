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
        fs::remove_dir_all(&self.of).unwrap();
        copy_files(self.copy.path(), &self.of);
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_files(&path, &target);
        } else if kind.is_file() {
            fs::copy(path, target).unwrap();
        }
    }
}
