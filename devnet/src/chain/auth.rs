//! Who may call: the cookie file, and a user and password if they were given.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bitcoin::hashes::{Hash, sha256};
use hex_conservative::DisplayHex;

const COOKIE_USER: &str = "__cookie__";

/// The credentials that are let in, as digests, so that a comparison tells nothing by the time it takes.
#[derive(Debug)]
pub(super) struct Credentials(Vec<sha256::Hash>);

impl Credentials {
    /// Those that are `user:password` in one of these.
    pub(super) fn new<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|pair| sha256::Hash::hash(pair.as_bytes()))
                .collect(),
        )
    }

    /// Whether an `Authorization` header holds one of them (RFC 7617).
    pub(super) fn admit(&self, header: &str) -> bool {
        let Some(encoded) = header.strip_prefix("Basic ") else {
            return false;
        };
        let Ok(pair) = STANDARD.decode(encoded.trim()) else {
            return false;
        };
        self.0.contains(&sha256::Hash::hash(&pair))
    }
}

/// The cookie file; it goes when this is dropped.
#[derive(Debug)]
pub(super) struct Cookie {
    path: PathBuf,
    pair: String,
}

impl Cookie {
    /// Writes a new secret to `path`, readable by the owner alone.
    ///
    /// # Errors
    /// What the file system or the source of randomness says.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let pair = format!("{COOKIE_USER}:{}", secret.to_lower_hex_string());
        // Whoever reads the file sees all of it or nothing.
        let unfinished = path.with_extension("tmp");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(pair.as_bytes())?;
        fs::rename(&unfinished, path)?;
        Ok(Self {
            path: path.to_owned(),
            pair,
        })
    }

    /// `__cookie__:<hex>`.
    pub(super) fn pair(&self) -> &str {
        &self.pair
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        // Nothing can be done, and the next start writes a new one.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_pair_is_let_in() {
        let credentials = Credentials::new(["user:secret"]);
        let header = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        assert!(credentials.admit(&header("user:secret")));
        for wrong in ["user:", "user:secre", "user:secrets", "", ":"] {
            assert!(!credentials.admit(&header(wrong)), "{wrong}");
        }
        assert!(!credentials.admit("user:secret"));
        assert!(!credentials.admit("Basic ***"));
    }
}
