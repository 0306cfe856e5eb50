//! LDK's log lines, passed on to `tracing`.

use crate::flood::{self, MAX_LINE, Shortened};
use lightning::util::logger::{Level, Logger, Record};
use std::time::Instant;

/// Hands LDK's records to whatever subscriber the daemon has set up, under the target `ldk`.
#[derive(Debug, Default)]
pub struct LdkLogger;

impl Logger for LdkLogger {
    fn log(&self, record: Record<'_>) {
        // LDK's peer and channel ids say which of many channels a line is about.
        let peer = record.peer_id.map(tracing::field::display);
        let channel = record.channel_id.map(tracing::field::display);
        let module = record.module_path;
        macro_rules! emit {
            ($level:ident) => {
                tracing::event!(target: "ldk", tracing::Level::$level, peer, channel, module, "{}", Shortened(record.args, MAX_LINE))
            };
        }
        // One step quieter than LDK has it: it calls a payment without a route an error, and tells every monitor's update as
        // information.
        // Much of the first two can be had by whoever sends nonsense.
        let (may, left_out) = match record.level {
            Level::Error | Level::Warn => flood::LDK.may_write(Instant::now()),
            _ => (true, 0),
        };
        if left_out > 0 {
            tracing::info!(target: "ldk", "{left_out} more lines were not written down");
        }
        match record.level {
            Level::Error | Level::Warn if !may => emit!(TRACE),
            Level::Error => emit!(WARN),
            Level::Warn => emit!(INFO),
            // What a peer has done wrong, and why it is sent away.
            Level::Debug if module == "lightning::ln::peer_handler" && record.peer_id.is_some() => {
                emit!(DEBUG)
            }
            Level::Info => emit!(DEBUG),
            Level::Debug | Level::Trace | Level::Gossip => emit!(TRACE),
        }
    }
}
