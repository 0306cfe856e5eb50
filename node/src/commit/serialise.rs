//! The channel manager as bytes.

use crate::ldk::ChannelManager;
use lightning::io;
use lightning::util::ser::{Writeable, Writer};

/// Serialises the channel manager, as it is now, for the next commit.
///
/// The manager's flag, which says that something has changed since it was written, is taken back at the latest moment at which that
/// is safe: whoever noted a change of a monitor sets it a moment later, when the commit has been woken already. And the manager is not
/// serialised once more only to know its length, as `Writeable::encode` does: with many channels, or after many payments, serialising is
/// a large part of what a step of a payment costs.
pub(super) fn serialise(manager: &ChannelManager) -> Result<Vec<u8>, io::Error> {
    let bytes = Vec::new();
    let mut serialised = Serialised { manager, bytes };
    manager.write(&mut serialised)?;
    Ok(serialised.bytes)
}

struct Serialised<'a> {
    manager: &'a ChannelManager,
    bytes: Vec<u8>,
}

impl Writer for Serialised<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), io::Error> {
        if self.bytes.is_empty() {
            // `ChannelManager::write` has taken LDK's `total_consistency_lock` by now: what set the flag before is in the
            // bytes, and what comes later sets it again.
            self.manager.get_and_clear_needs_persistence();
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
