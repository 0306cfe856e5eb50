//! LDK's log lines, passed on to `tracing`.

use lightning::util::logger::{Level, Logger, Record};

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
                tracing::event!(target: "ldk", tracing::Level::$level, peer, channel, module, "{}", record.args)
            };
        }
        // One step quieter than LDK has it: it calls a payment without a route an error, and tells every monitor's update as
        // information.
        match record.level {
            Level::Error => emit!(WARN),
            Level::Warn => emit!(INFO),
            Level::Info => emit!(DEBUG),
            Level::Debug | Level::Trace | Level::Gossip => emit!(TRACE),
        }
    }
}
