//! Streams of type-length-value records (BOLT 1, "Type-Length-Value Format").

use crate::bigsize;
use crate::error::DataError;
use crate::field::FieldFault;
use bitcoin::hashes::{Hash, HashEngine, sha256};
use std::collections::BTreeMap;

/// The longest stream that is read, in bytes: what one Lightning message can carry.
pub const MAX_STREAM_BYTES: usize = 65_535;

/// One record of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlvRecord<'a> {
    number: u64,
    bytes: &'a [u8],
    type_bytes: usize,
    value_at: usize,
}

impl<'a> TlvRecord<'a> {
    /// The record's type.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the record holds.
    pub fn value(&self) -> &'a [u8] {
        &self.bytes[self.value_at..]
    }

    /// The record as it stands in the stream: type, length and value.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The type as it stands in the stream.
    pub fn type_bytes(&self) -> &'a [u8] {
        &self.bytes[..self.type_bytes]
    }
}

/// Where one record lies in the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    number: u64,
    start: usize,
    type_bytes: usize,
    value_at: usize,
    end: usize,
}

/// A well-formed stream of records: types strictly ascending, all numbers minimal, nothing left over.
///
/// It keeps the bytes it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlvStream {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl TlvStream {
    /// Reads a stream, of which every byte must belong to a record.
    pub fn parse(bytes: Vec<u8>) -> Result<TlvStream, DataError> {
        if bytes.len() > MAX_STREAM_BYTES {
            return Err(DataError::TooLong);
        }
        let mut spans = Vec::new();
        let mut start = 0;
        let mut previous = None;
        while start < bytes.len() {
            let span = span_at(&bytes, start)?;
            if previous.is_some_and(|previous| previous >= span.number) {
                return Err(DataError::OutOfOrder(span.number));
            }
            previous = Some(span.number);
            start = span.end;
            spans.push(span);
        }
        Ok(TlvStream { bytes, spans })
    }

    /// The stream's bytes, as read.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The stream's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The records in their order.
    pub fn records(&self) -> impl Iterator<Item = TlvRecord<'_>> + Clone {
        self.spans.iter().map(|span| self.record(span))
    }

    /// The value of the record of a type, if there is one.
    pub fn get(&self, number: u64) -> Option<&[u8]> {
        let index = self
            .spans
            .binary_search_by_key(&number, |span| span.number)
            .ok()?;
        Some(self.record(&self.spans[index]).value())
    }

    fn record(&self, span: &Span) -> TlvRecord<'_> {
        TlvRecord {
            number: span.number,
            bytes: &self.bytes[span.start..span.end],
            type_bytes: span.type_bytes,
            value_at: span.value_at,
        }
    }

    /// Reads a field, if it is there.
    pub(crate) fn field<T>(
        &self,
        number: u64,
        read: impl FnOnce(&[u8]) -> Result<T, FieldFault>,
    ) -> Result<Option<T>, DataError> {
        self.get(number)
            .map(read)
            .transpose()
            .map_err(|fault| DataError::Field { number, fault })
    }

    /// Refuses an even type that is not among the known ones: "it's ok to be odd" (BOLT 1).
    pub(crate) fn refuse_unknown_even(&self, known: &[u64]) -> Result<(), DataError> {
        match self
            .unknown(known)
            .find(|record| record.number().is_multiple_of(2))
        {
            Some(record) => Err(DataError::UnknownEven(record.number())),
            None => Ok(()),
        }
    }

    /// The records of types that are not among the known ones.
    pub(crate) fn unknown<'a>(&'a self, known: &'a [u64]) -> impl Iterator<Item = TlvRecord<'a>> {
        self.records().filter(|record| !known.contains(&record.number()))
    }

    /// SHA256 of the records whose types are chosen, one after another as they stand.
    pub(crate) fn hash_of(&self, chosen: impl Fn(u64) -> bool) -> [u8; 32] {
        let mut engine = sha256::Hash::engine();
        for record in self.records().filter(|record| chosen(record.number())) {
            engine.input(record.bytes());
        }
        sha256::Hash::from_engine(engine).to_byte_array()
    }

    /// A new stream of the records whose types are chosen.
    pub(crate) fn writer_of(&self, chosen: impl Fn(u64) -> bool) -> TlvWriter {
        let mut writer = TlvWriter::default();
        for record in self.records().filter(|record| chosen(record.number())) {
            writer.set(record.number(), record.value());
        }
        writer
    }
}

fn span_at(bytes: &[u8], start: usize) -> Result<Span, DataError> {
    let (number, type_bytes) = bigsize::read(&bytes[start..])?;
    let (length, length_bytes) = bigsize::read(&bytes[start + type_bytes..])?;
    let value_at = type_bytes + length_bytes;
    let end = usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_add(start + value_at))
        .filter(|&end| end <= bytes.len())
        .ok_or(DataError::Truncated(number))?;
    Ok(Span {
        number,
        start,
        type_bytes,
        value_at,
        end,
    })
}

/// Puts records into a stream, in the order of their types whatever the order they are given in.
#[derive(Clone, Debug, Default)]
pub struct TlvWriter {
    records: BTreeMap<u64, Vec<u8>>,
}

impl TlvWriter {
    /// Sets the record of a type, in place of an earlier one.
    pub fn set(&mut self, number: u64, value: impl Into<Vec<u8>>) {
        self.records.insert(number, value.into());
    }

    /// Sets the record of a type if there is a value.
    pub fn set_some(&mut self, number: u64, value: Option<impl Into<Vec<u8>>>) {
        if let Some(value) = value {
            self.set(number, value);
        }
    }

    /// The finished stream. It may exceed [`MAX_STREAM_BYTES`], and is then refused by whoever reads it.
    pub fn finish(self) -> TlvStream {
        let mut stream = TlvStream::default();
        for (number, value) in self.records {
            let start = stream.bytes.len();
            bigsize::write(number, &mut stream.bytes);
            let type_bytes = stream.bytes.len() - start;
            bigsize::write(value.len() as u64, &mut stream.bytes);
            let value_at = stream.bytes.len() - start;
            stream.bytes.extend_from_slice(&value);
            let end = stream.bytes.len();
            stream.spans.push(Span {
                number,
                start,
                type_bytes,
                value_at,
                end,
            });
        }
        stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<TlvStream, DataError> {
        TlvStream::parse(bytes.to_vec())
    }

    #[test]
    fn records_come_back_as_they_were_written() {
        let mut writer = TlvWriter::default();
        writer.set(300, [7; 253]);
        writer.set(1, []);
        let stream = writer.finish();
        assert_eq!(parse(stream.as_bytes()).as_ref(), Ok(&stream));
        assert_eq!(stream.get(1), Some(&[][..]));
        assert_eq!(stream.get(300), Some(&[7; 253][..]));
        assert_eq!(stream.get(2), None);
        let last = stream.records().last().unwrap();
        assert_eq!(last.type_bytes(), [0xfd, 0x01, 0x2c]);
        assert_eq!(last.bytes()[..6], [0xfd, 0x01, 0x2c, 0xfd, 0x00, 0xfd]);
    }

    #[test]
    fn disorder_repetition_and_truncation_are_refused() {
        assert_eq!(parse(&[2, 0, 1, 0]), Err(DataError::OutOfOrder(1)));
        assert_eq!(parse(&[1, 0, 1, 0]), Err(DataError::OutOfOrder(1)));
        assert_eq!(parse(&[1, 2, 0]), Err(DataError::Truncated(1)));
        assert_eq!(parse(&[1]), Err(bigsize::BigSizeError::Truncated.into()));
        let endless = [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(parse(&endless), Err(DataError::Truncated(1)));
        assert_eq!(parse(&vec![0; MAX_STREAM_BYTES + 1]), Err(DataError::TooLong));
    }

    #[test]
    fn an_unknown_type_may_be_odd_but_not_even() {
        let stream = parse(&[2, 0, 5, 0]).unwrap();
        assert_eq!(stream.refuse_unknown_even(&[2]), Ok(()));
        assert_eq!(stream.refuse_unknown_even(&[5]), Err(DataError::UnknownEven(2)));
        assert_eq!(
            stream
                .unknown(&[2])
                .map(|record| record.number())
                .collect::<Vec<_>>(),
            [5]
        );
    }
}
