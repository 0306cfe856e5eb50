//! What the log says of transactions that are not taken, so that it says it once.
//!
//! LDK hands over what must be confirmed twice a minute and with every block, for as long as it must, and bitcoind gives the same
//! answer as long as nothing has changed.

use bitcoin::Txid;
use std::collections::HashMap;

/// Something is said again when it has not been the case for so many blocks: about a day.
const REMEMBERED_FOR: u32 = 144;

/// What has been said of which transaction, and at which height it was last so.
#[derive(Default)]
pub(super) struct Told(HashMap<(Txid, String), u32>);

impl Told {
    /// Whether this has not been said yet; from here on it has been.
    pub(super) fn is_news(&mut self, txid: Txid, words: &str, height: u32) -> bool {
        self.0.insert((txid, words.to_owned()), height).is_none()
    }

    /// A block has come.
    pub(super) fn forget_until(&mut self, height: u32) {
        self.0
            .retain(|_, last| last.saturating_add(REMEMBERED_FOR) > height);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::Hash;

    #[test]
    fn a_refusal_is_said_once_for_as_long_as_it_lasts() {
        let mut told = Told::default();
        let txid = Txid::all_zeros();
        assert!(told.is_news(txid, "missing inputs", 1));
        assert!(told.is_news(txid, "the fee is too low", 1));
        for height in 2..400 {
            told.forget_until(height);
            assert!(!told.is_news(txid, "missing inputs", height));
        }
        assert!(
            told.is_news(txid, "the fee is too low", 400),
            "it was so long ago"
        );
    }
}
