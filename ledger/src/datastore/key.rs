//! Keys, and the ranges of keys that are below one.

use std::fmt;

/// The longest key, in bytes.
const MAX_KEY: usize = 4096;
/// Between the parts of a key on disk; smaller than anything in a part, so that a tree's keys stand together.
const SEPARATOR: u8 = 0;
/// Behind the separator: no key below one starts so.
const BEHIND: u8 = SEPARATOR + 1;
/// Greater than any key: no text in UTF-8 has this byte.
const END: u8 = 0xff;

/// A key: one or more parts, of which each is below those before it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DatastoreKey(Vec<u8>);

/// What cannot be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatastoreKeyError {
    /// It has no parts.
    #[error("should not be empty")]
    Empty,
    /// A part has a character of number 0 in it.
    #[error("should be string without NUL")]
    Nul,
    /// It is too long.
    #[error("should be at most {MAX_KEY} bytes")]
    TooLong,
}

impl DatastoreKey {
    /// The key of these parts.
    ///
    /// # Errors
    /// When they are none, or more than can be kept.
    pub fn new<S: AsRef<str>>(parts: &[S]) -> Result<DatastoreKey, DatastoreKeyError> {
        if parts.is_empty() {
            return Err(DatastoreKeyError::Empty);
        }
        let mut key = Vec::new();
        for (number, part) in parts.iter().map(AsRef::as_ref).enumerate() {
            if part.as_bytes().contains(&SEPARATOR) {
                return Err(DatastoreKeyError::Nul);
            }
            if number > 0 {
                key.push(SEPARATOR);
            }
            key.extend_from_slice(part.as_bytes());
            if key.len() > MAX_KEY {
                return Err(DatastoreKeyError::TooLong);
            }
        }
        Ok(DatastoreKey(key))
    }

    /// Its parts.
    pub fn parts(&self) -> impl Iterator<Item = String> {
        // What is there was made of text.
        let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
        self.0.split(|byte| *byte == SEPARATOR).map(text)
    }

    /// The keys above it, the nearest last.
    pub(super) fn parents(&self) -> impl Iterator<Item = DatastoreKey> {
        let ends = self.0.iter().enumerate().filter(|(_, byte)| **byte == SEPARATOR);
        ends.map(|(end, _)| DatastoreKey(self.0[..end].to_vec()))
    }

    /// As it is on disk.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key that is on disk.
    pub(super) fn stored(bytes: &[u8]) -> DatastoreKey {
        DatastoreKey(bytes.to_vec())
    }

    /// Where the keys below it begin.
    pub(super) fn below(&self) -> Vec<u8> {
        [&self.0, &[SEPARATOR][..]].concat()
    }

    /// Where the keys below it have ended.
    pub(super) fn behind(&self) -> Vec<u8> {
        [&self.0, &[BEHIND][..]].concat()
    }
}

/// As Core Lightning shows it.
impl fmt::Display for DatastoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.parts().collect();
        write!(f, "[{}]", parts.join(","))
    }
}

impl fmt::Debug for DatastoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The bounds of a key and all that is below it, or of everything: from the first, to before the second.
pub(super) fn bounds(of: Option<&DatastoreKey>) -> (Vec<u8>, Vec<u8>) {
    match of {
        Some(key) => (key.0.clone(), key.behind()),
        None => (Vec::new(), vec![END]),
    }
}

/// The key right below `top` on the way to `key`, unless `key` is that itself or `top`.
pub(super) fn step_to(key: &[u8], top: Option<&DatastoreKey>) -> Option<DatastoreKey> {
    let begin = top.map_or(0, |top| top.0.len() + 1);
    let end = key.get(begin..)?.iter().position(|byte| *byte == SEPARATOR)?;
    Some(DatastoreKey::stored(&key[..begin + end]))
}

/// The smallest key behind this one.
pub(super) fn next(mut key: Vec<u8>) -> Vec<u8> {
    key.push(SEPARATOR);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_key_stands_behind_it_and_before_its_neighbours() {
        let key = |parts: &[&str]| DatastoreKey::new(parts).unwrap();
        let sorted = [
            key(&["a"]),
            key(&["a", "b"]),
            key(&["a", "b", "c"]),
            key(&["a", "c"]),
            key(&["a\u{1}"]),
            key(&["ab"]),
        ];
        assert!(sorted.is_sorted());
        let (first, end) = bounds(sorted.first());
        let below = sorted.iter().filter(|key| key.0 >= first && key.0 < end);
        assert_eq!(below.count(), 4);
        assert!(sorted.iter().all(|key| key.0 < bounds(None).1));
        assert_eq!(step_to(&sorted[2].0, None), Some(key(&["a"])));
        assert_eq!(step_to(&sorted[2].0, Some(&key(&["a"]))), Some(key(&["a", "b"])));
        assert_eq!(step_to(&sorted[1].0, Some(&key(&["a"]))), None);
        assert_eq!(step_to(&sorted[0].0, Some(&key(&["a"]))), None);
        let parents: Vec<_> = sorted[2].parents().collect();
        assert_eq!(parents, [key(&["a"]), key(&["a", "b"])]);
    }

    #[test]
    fn a_key_is_text_and_bounded() {
        assert_eq!(DatastoreKey::new::<&str>(&[]), Err(DatastoreKeyError::Empty));
        assert_eq!(DatastoreKey::new(&["a\0b"]), Err(DatastoreKeyError::Nul));
        assert_eq!(
            DatastoreKey::new(&["x".repeat(5000)]),
            Err(DatastoreKeyError::TooLong)
        );
        assert_eq!(DatastoreKey::new(&["a", "é"]).unwrap().to_string(), "[a,é]");
    }
}
