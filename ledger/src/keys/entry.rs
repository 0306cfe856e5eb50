//! An entry: a key, and the invoice that has it or has it no longer.

use super::Key;
use boltill_types::CreatedIndex;
use std::ops::RangeInclusive;

/// The bits of an invoice's index. A thousand invoices a second are made for seventeen years before there are more.
const INDEX_BITS: u32 = 39;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

/// A key, an invoice, and whether the invoice is gone; in that order, which is the order of entries, in the lowest 88 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry(u128);

impl Entry {
    /// How many bytes an entry takes in a file.
    pub(super) const BYTES: usize = 11;

    pub(super) fn new(key: Key, invoice: CreatedIndex) -> Entry {
        let index = invoice.0 & INDEX_MASK;
        Entry(u128::from(key.0) << (INDEX_BITS + 1) | u128::from(index) << 1)
    }

    /// The entry that strikes this one out.
    pub(super) fn gone(self) -> Entry {
        Entry(self.0 | 1)
    }

    pub(super) fn is_gone(self) -> bool {
        self.0 & 1 == 1
    }

    pub(super) fn key(self) -> Key {
        Key((self.0 >> (INDEX_BITS + 1)) as u64)
    }

    pub(super) fn invoice(self) -> CreatedIndex {
        CreatedIndex((self.0 >> 1) as u64 & INDEX_MASK)
    }

    /// Every entry that a key can have.
    pub(super) fn all_of(key: Key) -> RangeInclusive<Entry> {
        let first = Entry::new(key, CreatedIndex(0));
        let last = Entry::new(key, CreatedIndex(INDEX_MASK)).gone();
        first..=last
    }

    /// The entry as it is in a file: bytes in the order of entries.
    pub(super) fn to_bytes(self) -> [u8; Entry::BYTES] {
        let mut bytes = [0; Entry::BYTES];
        bytes.copy_from_slice(&self.0.to_be_bytes()[16 - Entry::BYTES..]);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Entry::BYTES]) -> Entry {
        let mut wide = [0; 16];
        wide[16 - Entry::BYTES..].copy_from_slice(bytes);
        Entry(u128::from_be_bytes(wide))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_its_parts_and_is_ordered_by_them() {
        let last = Key((1 << Key::BITS) - 1);
        let entry = Entry::new(last, CreatedIndex(INDEX_MASK));
        assert_eq!((entry.key(), entry.invoice()), (last, CreatedIndex(INDEX_MASK)));
        assert!(!entry.is_gone() && entry.gone().is_gone());
        let ascending = [
            Entry::new(Key(1), CreatedIndex(9)),
            Entry::new(Key(1), CreatedIndex(9)).gone(),
            Entry::new(Key(1), CreatedIndex(10)),
            Entry::new(Key(2), CreatedIndex(1)),
            entry,
        ];
        assert!(ascending.is_sorted());
        assert!(ascending.map(Entry::to_bytes).is_sorted());
        assert_eq!(
            ascending.map(|entry| Entry::from_bytes(&entry.to_bytes())),
            ascending
        );
        assert!(
            ascending[..3]
                .iter()
                .all(|entry| Entry::all_of(Key(1)).contains(entry))
        );
        assert!(!Entry::all_of(Key(1)).contains(&ascending[3]));
    }
}
