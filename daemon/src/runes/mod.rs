//! Runes: what may call which commands from outside.
//!
//! The form is Core Lightning's, and so is the meaning; the `runeauth` crate is not used, because it takes text of more than ASCII
//! apart in the middle of a character, and refuses good runes whose restrictions end where a block of SHA-256 does.
//!
//! The secret, the ids, the times of the last use and the blacklist are in the ledger ([`boltill_ledger::StoredRune`]). What each
//! request needs of them is kept in memory: the blacklist, and the last use of the ids that were used since the start.

mod english;
mod rune;
mod test;

pub use english::{restriction as restriction_in_english, rune as in_english};
pub use rune::{Alternative, Condition, NoRune, Restriction, Rune};
pub use test::Request;

use crate::error::{Code, Failure, RpcError};
use crate::params::{FromToken, Kind, Refusal, Token};
use boltill_ledger::{Ledger, LedgerError, Listing, RuneRange, StoredRune};
use rune::Master;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use test::Times;

/// How much older the last use on disk may be than the real one, for runes to which it does not matter.
const NOTED_EVERY: Duration = Duration::from_secs(1);

/// Everything about the runes of this node.
pub struct Runes {
    ledger: Arc<Ledger>,
    master: Master,
    blacklist: RwLock<Vec<RuneRange>>,
    /// Held while the blacklist changes, so that the order in memory is that on disk.
    changing: tokio::sync::Mutex<()>,
    uses: Mutex<HashMap<u64, LastUse>>,
}

/// When a rune of some id was used last.
#[derive(Clone, Copy, Default)]
struct LastUse {
    at: Option<Duration>,
    noted: Option<Duration>,
}

/// Why a rune is of no use.
#[derive(Debug, thiserror::Error)]
pub enum RuneRefusal {
    /// It was not made by this node.
    #[error("Not authorized: {0}")]
    NotAuthorized(&'static str),
    /// It was withdrawn.
    #[error("Not authorized: Blacklisted rune")]
    Blacklisted,
    /// It does not allow this.
    #[error("Not permitted: {0}")]
    NotPermitted(String),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Failure for RuneRefusal {
    fn code(&self) -> Code {
        match self {
            RuneRefusal::NotAuthorized(_) => Code::RuneNotAuthorized,
            RuneRefusal::Blacklisted => Code::RuneBlacklisted,
            RuneRefusal::NotPermitted(_) => Code::RuneNotPermitted,
            RuneRefusal::Ledger(_) => Code::Unspecified,
        }
    }
}

impl Runes {
    /// Reads what is on file; the secret is made if there is none.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn open(ledger: Arc<Ledger>) -> Result<Runes, RunesError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(RunesError::Randomness)?;
        let master = Master::new(&ledger.rune_secret(secret).await?);
        let blacklist = RwLock::new(ledger.rune_blacklist().await?);
        Ok(Runes {
            ledger,
            master,
            blacklist,
            changing: tokio::sync::Mutex::default(),
            uses: Mutex::default(),
        })
    }

    /// Makes a rune and files it.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn create(&self, restrictions: Vec<Restriction>) -> Result<Rune, RpcError> {
        let master = self.master.clone();
        let text = move |id| master.rune(id, restrictions).to_string();
        let stored = self.ledger.create_rune(text).await.map_err(RuneRefusal::from)?;
        Rune::parse(&stored.rune)
            .map_err(|_| RpcError::failed(Code::Unspecified, "the rune cannot be read again"))
    }

    /// All runes that were made here, a page at a time.
    pub fn list(&self) -> Listing<StoredRune> {
        self.ledger.list_runes()
    }

    /// The rune on file with that id.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn stored(&self, id: u64) -> Result<Option<StoredRune>, RuneRefusal> {
        Ok(self.ledger.rune(id).await?)
    }

    /// Whether this node made a rune, or what it was made from.
    pub fn is_ours(&self, rune: &Rune) -> bool {
        self.master.check(rune).is_ok()
    }

    /// Whether a rune was withdrawn.
    pub fn is_blacklisted(&self, rune: &Rune) -> bool {
        let blacklist = self.blacklist.read().unwrap_or_else(PoisonError::into_inner);
        let found = blacklist.binary_search_by(|range| match rune.id() {
            id if id < range.first => std::cmp::Ordering::Greater,
            id if id > range.last => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Equal,
        });
        found.is_ok()
    }

    /// When a rune of that id was used last, since 1970; `on_file` is what the ledger knows of it.
    pub fn last_used(&self, id: u64, on_file: Option<u64>) -> Option<Duration> {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let known = uses.get(&id).and_then(|used| used.at);
        known.or(on_file.map(Duration::from_nanos))
    }

    /// Whether a rune is one of ours and was not withdrawn, whatever it allows.
    ///
    /// # Errors
    /// When it is not.
    pub fn authorize(&self, rune: &Rune) -> Result<(), RuneRefusal> {
        if self.is_blacklisted(rune) {
            return Err(RuneRefusal::Blacklisted);
        }
        self.master.check(rune).map_err(RuneRefusal::NotAuthorized)
    }

    /// Whether a rune still allows what it was used for a while ago; this is no further use of it.
    ///
    /// # Errors
    /// When it does not.
    pub fn still_allows(&self, rune: &Rune, request: &Request<'_>) -> Result<(), RuneRefusal> {
        self.authorize(rune)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let times = Times { now, last_used: None };
        test::test(rune, request, times).map_err(RuneRefusal::NotPermitted)
    }

    /// Whether a rune allows a request, and if so, that it has been used. Of two requests at once, one is the first.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self, rune: &Rune, request: &Request<'_>) -> Result<(), RuneRefusal> {
        self.authorize(rune)?;
        let on_file = match self.is_known(rune.id()) {
            true => None,
            false => self
                .ledger
                .rune(rune.id())
                .await?
                .and_then(|stored| stored.last_used),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let must_be_durable = test::is_limited(rune);
        let note = self.use_now(rune, request, now, on_file)?;
        if note || must_be_durable {
            let at = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
            let noted = self.ledger.use_rune(rune.id(), at);
            // Where a limit hangs on it, a crash must not give it away a second time.
            if must_be_durable {
                noted.await?;
            }
        }
        Ok(())
    }

    fn is_known(&self, id: u64) -> bool {
        self.uses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&id)
    }

    /// Tests and marks in one step; tells whether it is time to note the use on disk.
    fn use_now(
        &self,
        rune: &Rune,
        request: &Request<'_>,
        now: Duration,
        on_file: Option<u64>,
    ) -> Result<bool, RuneRefusal> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let on_file = on_file.map(Duration::from_nanos);
        let used = uses.entry(rune.id()).or_insert(LastUse {
            at: on_file,
            noted: on_file,
        });
        let times = Times {
            now,
            last_used: used.at,
        };
        test::test(rune, request, times).map_err(RuneRefusal::NotPermitted)?;
        used.at = Some(now);
        let note = used
            .noted
            .is_none_or(|noted| now.saturating_sub(noted) >= NOTED_EVERY);
        if note {
            used.noted = Some(now);
        }
        Ok(note)
    }

    /// The ids that are withdrawn.
    pub fn blacklist(&self) -> Vec<RuneRange> {
        self.blacklist
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Withdraws these ids, or undoes it, and gives all that are withdrawn now.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn change_blacklist(
        &self,
        ids: RuneRange,
        relist: bool,
    ) -> Result<Vec<RuneRange>, RuneRefusal> {
        let _changing = self.changing.lock().await;
        let blacklist = self.ledger.blacklist_runes(ids, relist).await?;
        *self.blacklist.write().unwrap_or_else(PoisonError::into_inner) = blacklist.clone();
        Ok(blacklist)
    }
}

/// Runes could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RunesError {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(getrandom::Error),
}

impl FromToken for Rune {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Rune, Refusal> {
        let text = token.word().ok_or("should be base64 string")?;
        Rune::parse(&text).map_err(|error| match error {
            NoRune::Malformed => "should be base64 string".into(),
            NoRune::NoId => "should have valid numeric unique_id".into(),
        })
    }
}

#[cfg(test)]
mod tests;
