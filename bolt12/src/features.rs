//! Feature bits (BOLT 9).

/// A bitmap of features, as it stands in the message: the last byte holds bits 0 to 7.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features(pub Vec<u8>);

impl Features {
    /// Of an invoice: the payer may send several parts (`basic_mpp`, bit 17).
    pub fn basic_mpp() -> Features {
        Features(vec![0b10, 0, 0])
    }

    /// The lowest even bit that is set and not among the known ones; whoever sets it demands that it be understood.
    pub fn unknown_even_bit(&self, known: &[usize]) -> Option<usize> {
        (0..self.0.len() * 8)
            .step_by(2)
            .find(|bit| self.is_set(*bit) && !known.contains(bit))
    }

    /// Whether a bit is set.
    pub fn is_set(&self, bit: usize) -> bool {
        let from_the_end = self.0.iter().rev().nth(bit / 8);
        from_the_end.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unknown_even_bits_must_be_understood() {
        let features = Features(vec![0b0000_0011, 0b0000_0010]);
        assert!(features.is_set(1) && features.is_set(8) && features.is_set(9) && !features.is_set(16));
        assert_eq!(features.unknown_even_bit(&[]), Some(8));
        assert_eq!(features.unknown_even_bit(&[8]), None);
    }
}
