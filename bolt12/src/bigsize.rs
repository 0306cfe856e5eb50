//! BigSize, the variable-length integer of TLV types and lengths (BOLT 1, "Type-Length-Value Format").

/// Why bytes are not a BigSize.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BigSizeError {
    /// The bytes end inside the number.
    #[error("a number ends too early")]
    Truncated,
    /// The number would have fitted into fewer bytes.
    #[error("a number is longer than it need be")]
    NotMinimal,
}

/// Reads a BigSize from the front of `bytes`: its value, and how many bytes it takes.
pub(crate) fn read(bytes: &[u8]) -> Result<(u64, usize), BigSizeError> {
    let (&first, rest) = bytes.split_first().ok_or(BigSizeError::Truncated)?;
    let (width, smallest) = match first {
        0xfd => (2, 0xfd),
        0xfe => (4, 0x1_0000),
        0xff => (8, 0x1_0000_0000),
        small => return Ok((u64::from(small), 1)),
    };
    let digits = rest.get(..width).ok_or(BigSizeError::Truncated)?;
    let value = digits.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
    if value < smallest {
        return Err(BigSizeError::NotMinimal);
    }
    Ok((value, 1 + width))
}

/// Appends a BigSize in its shortest form, the only one allowed.
pub(crate) fn write(value: u64, out: &mut Vec<u8>) {
    let digits = value.to_be_bytes();
    match value {
        0..0xfd => out.push(digits[7]),
        0xfd..0x1_0000 => {
            out.push(0xfd);
            out.extend_from_slice(&digits[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(0xfe);
            out.extend_from_slice(&digits[4..]);
        }
        _ => {
            out.push(0xff);
            out.extend_from_slice(&digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_is_written_and_read_at_its_bounds() {
        let widths = [
            (0, 1),
            (0xfc, 1),
            (0xfd, 3),
            (0xffff, 3),
            (0x1_0000, 5),
            (0xffff_ffff, 5),
            (0x1_0000_0000, 9),
            (u64::MAX, 9),
        ];
        for (value, width) in widths {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            assert_eq!(bytes.len(), width, "{value}");
            assert_eq!(read(&bytes), Ok((value, width)));
            assert_eq!(read(&bytes[..width - 1]), Err(BigSizeError::Truncated));
        }
    }

    #[test]
    fn a_longer_form_than_needed_is_refused() {
        for bytes in [
            &[0xfd, 0x00, 0xfc][..],
            &[0xfe, 0x00, 0x00, 0xff, 0xff],
            &[0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(read(bytes), Err(BigSizeError::NotMinimal));
        }
    }
}
