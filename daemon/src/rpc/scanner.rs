//! Finds where one request ends and the next begins in bytes that come in pieces, with nothing between requests but space.

/// How deep a request may nest; as deep as `serde_json` reads.
const MAX_DEPTH: usize = 128;

/// Follows the brackets and strings of JSON objects as their bytes arrive, looking at each byte once.
///
/// It tells the end of an object, not whether the object is valid; but what cannot become valid any more is refused as
/// soon as it is seen, so that nobody waits for the end of something that has none.
#[derive(Debug, Default)]
pub struct Scanner {
    /// The closing brackets that are still to come, the innermost last.
    open: Vec<u8>,
    /// How many bytes of the buffer have been looked at.
    seen: usize,
    string: InString,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum InString {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

/// What cannot be the beginning of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// An array or a bare value where an object should be.
    #[error("Expected {{}} for json command")]
    NotAnObject,
    /// A byte that has no place there.
    #[error("unexpected byte at offset {0}")]
    Unexpected(usize),
    /// Deeper than anything a command takes.
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl Scanner {
    /// Looks at what was appended to the buffer since the last call, and gives the end of the object that the buffer
    /// begins with once that is there. The caller then removes it and starts again at the front.
    pub fn scan(&mut self, buffer: &[u8]) -> Result<Option<usize>, ScanError> {
        while let Some(&byte) = buffer.get(self.seen) {
            if self.string != InString::Outside {
                self.inside_string(byte);
            } else {
                self.outside_string(byte)?;
            }
            self.seen += 1;
            if byte == b'}' && self.open.is_empty() {
                return Ok(Some(std::mem::take(&mut self.seen)));
            }
        }
        Ok(None)
    }

    /// Whether part of an object has been seen.
    pub fn is_inside(&self) -> bool {
        !self.open.is_empty()
    }

    fn inside_string(&mut self, byte: u8) {
        self.string = match (self.string, byte) {
            (InString::Inside, b'\\') => InString::Escaped,
            (InString::Inside, b'"') => InString::Outside,
            _ => InString::Inside,
        };
    }

    fn outside_string(&mut self, byte: u8) -> Result<(), ScanError> {
        let space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        if self.open.is_empty() && byte != b'{' && !space {
            return Err(match byte {
                b'[' | b'"' | b'-' | b'0'..=b'9' => ScanError::NotAnObject,
                _ => ScanError::Unexpected(self.seen),
            });
        }
        match byte {
            b'"' => self.string = InString::Inside,
            b'{' | b'[' if self.open.len() == MAX_DEPTH => return Err(ScanError::TooDeep),
            b'{' => self.open.push(b'}'),
            b'[' => self.open.push(b']'),
            b'}' | b']' if self.open.pop() != Some(byte) => return Err(ScanError::Unexpected(self.seen)),
            b'}' | b']' => {}
            // Between members, in numbers, and the letters of true, false and null.
            b',' | b':' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E' => {}
            b't' | b'r' | b'u' | b'e' | b'f' | b'a' | b'l' | b's' | b'n' => {}
            _ if space => {}
            _ => return Err(ScanError::Unexpected(self.seen)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(mut buffer: &[u8]) -> Result<Vec<&[u8]>, ScanError> {
        let (mut scanner, mut found) = (Scanner::default(), Vec::new());
        while let Some(end) = scanner.scan(buffer)? {
            found.push(&buffer[..end]);
            buffer = &buffer[end..];
        }
        Ok(found)
    }

    #[test]
    fn requests_follow_one_another_without_framing() {
        let two = br#" {"a":"}\"{"} {"b":[{}]}
            {"c"#;
        assert_eq!(
            all(two).unwrap(),
            [&br#" {"a":"}\"{"}"#[..], &br#" {"b":[{}]}"#[..]]
        );
    }

    #[test]
    fn an_object_may_come_byte_by_byte() {
        let text = br#"{"a":"\\","b":{"c":[1,true,null]}}"#;
        let mut scanner = Scanner::default();
        for end in 1..text.len() {
            assert_eq!(scanner.scan(&text[..end]), Ok(None));
            assert!(scanner.is_inside());
        }
        assert_eq!(scanner.scan(text), Ok(Some(text.len())));
        assert!(!scanner.is_inside());
    }

    #[test]
    fn what_cannot_become_a_request_is_refused_at_once() {
        assert_eq!(all(b"hello"), Err(ScanError::Unexpected(0)));
        assert_eq!(all(b"  }"), Err(ScanError::Unexpected(2)));
        assert_eq!(all(b"[1]"), Err(ScanError::NotAnObject));
        assert_eq!(all(b"25"), Err(ScanError::NotAnObject));
        assert_eq!(all(b"{\"a\": garbage"), Err(ScanError::Unexpected(6)));
        assert_eq!(all(b"{\"a\":[1}"), Err(ScanError::Unexpected(7)));
        assert_eq!(all(&[b'{', 0xff]), Err(ScanError::Unexpected(1)));
        assert_eq!(all("{\"a\":[".repeat(100).as_bytes()), Err(ScanError::TooDeep));
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_make_it_panic_or_reach_past_the_end(bytes: Vec<u8>) {
            let _ = all(&bytes);
        }

        #[test]
        fn pieces_make_no_difference(
            bytes in prop::collection::vec(prop::sample::select(br#"{}[]":,\ an1"#.to_vec()), 0..64),
            cut in 0usize..64,
        ) {
            let whole = Scanner::default().scan(&bytes);
            let mut scanner = Scanner::default();
            let pieces = match scanner.scan(&bytes[..cut.min(bytes.len())]) {
                Ok(None) => scanner.scan(&bytes),
                first => first,
            };
            prop_assert_eq!(whole, pieces);
        }

        #[test]
        fn every_json_object_is_found_whole(key: String, value: String, number: i64) {
            let text = serde_json::json!({ key: [value, number], "x": {} }).to_string();
            let twice = format!("{text} {text}");
            prop_assert_eq!(all(twice.as_bytes()).unwrap().len(), 2);
        }
    }
}
