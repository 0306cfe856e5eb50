//! A run: a file of entries in order, which is written once and then only read.
//!
//! Pages of 372 entries, each with a checksum; then the key of the first entry of each page, which is kept in memory while the file is open;
//! then how many there are of all that. A look-up reads one page.

use super::Key;
use super::entry::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const PAGE: usize = 4096;
/// How many entries a page has; the last one may have fewer.
const PER_PAGE: usize = (PAGE - CHECKSUM) / Entry::BYTES;
const CHECKSUM: usize = 4;
/// A page's first key, of eight bytes, in the part behind the pages.
const FENCE: usize = 8;
/// The last bytes of a file: what it is, how many entries it has, and a checksum of the keys before and of this.
const FOOTER: usize = MAGIC.len() + 8 + CHECKSUM;
const MAGIC: &[u8; 8] = b"BoltKey1";
/// How much is written between two syncs, so that the disk never has so much to write at once that a commit waits for it.
const PAGES_PER_SYNC: usize = 1024;

/// A file that can be looked up in.
#[derive(Debug)]
pub(super) struct Run {
    /// Its name, which no other file ever has.
    name: i64,
    file: File,
    entries: u64,
    /// The first key of each page.
    fences: Vec<Key>,
}

/// Where the file of that name is.
pub(super) fn path_of(folder: &Path, name: i64) -> PathBuf {
    folder.join(format!("{:016x}", name.cast_unsigned()))
}

impl Run {
    /// Opens the file of that name.
    pub(super) fn open(folder: &Path, name: i64) -> io::Result<Run> {
        let file = File::open(path_of(folder, name))?;
        let length = file.metadata()?.len();
        let mut footer = [0; FOOTER];
        let behind = length.checked_sub(FOOTER as u64).ok_or_else(damaged)?;
        file.read_exact_at(&mut footer, behind)?;
        let (magic, rest) = footer.split_at(MAGIC.len());
        let (count, checksum) = rest.split_at(8);
        let entries = u64::from_le_bytes(count.try_into().map_err(|_| damaged())?);
        let pages = entries.div_ceil(PER_PAGE as u64);
        let wanted = pages.checked_mul((PAGE + FENCE) as u64);
        if magic != MAGIC || wanted != Some(behind) {
            return Err(damaged());
        }
        let mut bytes = vec![0; usize::try_from(pages).map_err(|_| damaged())? * FENCE];
        file.read_exact_at(&mut bytes, pages * PAGE as u64)?;
        if checksum != checksum_of_footer(&bytes, entries) {
            return Err(damaged());
        }
        let (fences, _) = bytes.as_chunks();
        let fences = fences
            .iter()
            .map(|fence| Key(u64::from_le_bytes(*fence)))
            .collect();
        Ok(Run {
            name,
            file,
            entries,
            fences,
        })
    }

    pub(super) fn name(&self) -> i64 {
        self.name
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> u64 {
        self.entries
    }

    /// The entries of a key.
    pub(super) fn find(&self, key: Key) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        // The first of them may stand at the end of a page that begins with a smaller key.
        let first = self
            .fences
            .partition_point(|fence| *fence < key)
            .saturating_sub(1);
        for number in first..self.fences.len() {
            if self.fences[number] > key {
                break;
            }
            let page = self.page(number)?;
            let entries = page.entries();
            let from = entries.partition_point(|bytes| Entry::from_bytes(bytes).key() < key);
            let of_key = entries[from..].iter().map(Entry::from_bytes);
            found.extend(of_key.take_while(|entry| entry.key() == key));
        }
        Ok(found)
    }

    fn page(&self, number: usize) -> io::Result<Page> {
        let before = (number * PER_PAGE) as u64;
        let mut page = Page {
            bytes: [0; PAGE],
            count: (self.entries - before).min(PER_PAGE as u64) as usize,
        };
        self.file.read_exact_at(&mut page.bytes, (number * PAGE) as u64)?;
        let (entries, checksum) = page.bytes.split_at(PAGE - CHECKSUM);
        match checksum == crc32fast::hash(entries).to_le_bytes() {
            true => Ok(page),
            false => Err(damaged()),
        }
    }

    /// All entries, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = io::Result<Entry>> {
        (0..self.fences.len()).flat_map(|number| {
            let entries = match self.page(number) {
                Ok(page) => page
                    .entries()
                    .iter()
                    .map(|bytes| Ok(Entry::from_bytes(bytes)))
                    .collect(),
                Err(error) => vec![Err(error)],
            };
            entries.into_iter()
        })
    }
}

struct Page {
    bytes: [u8; PAGE],
    count: usize,
}

impl Page {
    fn entries(&self) -> &[[u8; Entry::BYTES]] {
        let (entries, _) = self.bytes[..self.count * Entry::BYTES].as_chunks();
        entries
    }
}

/// A run that is being written. One that is not finished is no run; its file is removed when the ledger is opened.
pub(super) struct Writing {
    folder: PathBuf,
    name: i64,
    file: BufWriter<File>,
    page: Vec<u8>,
    entries: u64,
    fences: Vec<u8>,
}

impl Writing {
    /// Makes the file of that name.
    pub(super) fn create(folder: &Path, name: i64) -> io::Result<Writing> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let file = options.open(path_of(folder, name))?;
        Ok(Writing {
            folder: folder.to_owned(),
            name,
            file: BufWriter::with_capacity(16 * PAGE, file),
            page: Vec::with_capacity(PAGE),
            entries: 0,
            fences: Vec::new(),
        })
    }

    /// Adds an entry, which must come after those before.
    pub(super) fn push(&mut self, entry: Entry) -> io::Result<()> {
        if self.page.is_empty() {
            self.fences.extend(entry.key().0.to_le_bytes());
        }
        self.page.extend(entry.to_bytes());
        self.entries += 1;
        match self.page.len() / Entry::BYTES {
            PER_PAGE => self.end_page(),
            _ => Ok(()),
        }
    }

    fn end_page(&mut self) -> io::Result<()> {
        self.page.resize(PAGE - CHECKSUM, 0);
        let checksum = crc32fast::hash(&self.page);
        self.page.extend(checksum.to_le_bytes());
        self.file.write_all(&self.page)?;
        self.page.clear();
        if (self.fences.len() / FENCE).is_multiple_of(PAGES_PER_SYNC) {
            self.file.flush()?;
            self.file.get_ref().sync_data()?;
        }
        Ok(())
    }

    /// Makes the file durable, and opens it.
    pub(super) fn finish(mut self) -> io::Result<Run> {
        if !self.page.is_empty() {
            self.end_page()?;
        }
        self.file.write_all(&self.fences)?;
        self.file.write_all(MAGIC)?;
        self.file.write_all(&self.entries.to_le_bytes())?;
        self.file
            .write_all(&checksum_of_footer(&self.fences, self.entries))?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        File::open(&self.folder)?.sync_all()?;
        Run::open(&self.folder, self.name)
    }
}

fn checksum_of_footer(fences: &[u8], entries: u64) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(fences);
    hasher.update(MAGIC);
    hasher.update(&entries.to_le_bytes());
    hasher.finalize().to_le_bytes()
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a file of the index of invoices is damaged",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use boltill_types::CreatedIndex;
    use std::fs;

    /// Keys 0, 3, 6 and so on; the one in the middle has entries enough for two pages and a bit.
    fn entries() -> Vec<Entry> {
        let (ordinary, many) = (3 * PER_PAGE as u64, 2 * PER_PAGE as u64 + 5);
        let invoices_of = |number: u64| if number == ordinary / 2 { many } else { 1 };
        (0..ordinary)
            .flat_map(|number| {
                (0..invoices_of(number)).map(move |index| Entry::new(Key(number * 3), CreatedIndex(index)))
            })
            .collect()
    }

    fn written(folder: &Path, entries: &[Entry]) -> Run {
        let mut writing = Writing::create(folder, -7).unwrap();
        entries.iter().for_each(|entry| writing.push(*entry).unwrap());
        writing.finish().unwrap()
    }

    #[test]
    fn every_entry_is_found_by_its_key_and_nothing_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let entries = entries();
        let run = written(folder.path(), &entries);
        assert_eq!(run.len(), entries.len() as u64);
        let all: Vec<Entry> = run.iter().map(Result::unwrap).collect();
        assert_eq!(all, entries);
        for key in (0..3 * 3 * PER_PAGE as u64 + 9).map(Key) {
            let expected: Vec<Entry> = entries
                .iter()
                .filter(|entry| entry.key() == key)
                .copied()
                .collect();
            assert_eq!(run.find(key).unwrap(), expected, "{key:?}");
        }
        assert!(
            written(tempfile::tempdir().unwrap().path(), &[])
                .find(Key(1))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_file_that_was_not_finished_or_is_damaged_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let whole = written(folder.path(), &entries());
        let path = path_of(folder.path(), whole.name());
        let bytes = fs::read(&path).unwrap();
        for length in [0, FOOTER - 1, PAGE, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            assert!(Run::open(folder.path(), whole.name()).is_err(), "{length}");
        }
        let pages = bytes.len() / PAGE;
        for (place, opens) in [(100, true), (pages * PAGE + 3, false), (bytes.len() - 6, false)] {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            fs::write(&path, &changed).unwrap();
            let run = Run::open(folder.path(), whole.name());
            assert_eq!(run.is_ok(), opens, "{place}");
            assert!(run.and_then(|run| run.find(Key(3))).is_err(), "{place}");
        }
    }
}
