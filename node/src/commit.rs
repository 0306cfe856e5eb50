//! Writing channels down: their monitors and the channel manager, always together.
//!
//! LDK keeps a channel in two places. If a power cut leaves a monitor on disk that is newer than the channel manager, LDK closes
//! the channel at the next start, so the usual order, monitors at once and the manager a moment later, loses a channel whenever
//! the process dies in that moment. Here a monitor's update is only noted (`InProgress`: LDK tells the peer nothing yet); then the
//! manager, which by then knows of the update, and everything noted are written in one transaction of the ledger; and only when
//! that is durable LDK is told to go on. Updates that gather meanwhile, of any number of channels, share the next transaction.

mod serialise;

use self::serialise::serialise;
use crate::Node;
use crate::ldk::{ChannelMonitor, UpdateWriter};
use crate::records::Changed;
use crate::store::{LdkStore, state_key};
use crate::tasks::TaskResult;
use boltill_types::StateChange;
use lightning::chain::ChannelMonitorUpdateStatus;
use lightning::chain::chainmonitor::Persist;
use lightning::chain::channelmonitor::ChannelMonitorUpdate;
use lightning::io;
use lightning::ln::types::ChannelId;
use lightning::sign::InMemorySigner;
use lightning::util::persist::{
    CHANNEL_MANAGER_PERSISTENCE_KEY, CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE,
    CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE, KVStoreSync, MonitorName,
};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

/// How long the channel manager may wait for a commit that is made anyway, when nothing of a monitor and nobody waits for it.
const MAY_WAIT: Duration = Duration::from_millis(50);

/// What is to be written with the next commit.
#[derive(Default)]
pub(crate) struct Notes {
    noted: Mutex<Noted>,
    /// There is something to commit.
    wake: Notify,
    /// There is something to commit that may wait.
    wake_later: Notify,
    /// Cancelled when nothing will be committed any more, so that nobody waits in vain.
    closed: CancellationToken,
}

#[derive(Default)]
struct Noted {
    changes: Vec<StateChange>,
    /// The monitors' updates among the changes, for telling LDK that they are done.
    updates: Vec<(ChannelId, u64)>,
    /// The channels whose monitors are among them, and whose they are.
    channels: Changed,
    /// Whether the first monitor of a channel is among the changes.
    new_channel: bool,
    /// Whether the channel manager has changed otherwise.
    manager_changed: bool,
    /// Who waits for the channel manager alone.
    waiters: Vec<oneshot::Sender<()>>,
}

impl Noted {
    fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.updates.is_empty() && self.waiters.is_empty() && !self.manager_changed
    }

    /// Adds what was noted later.
    fn extend(&mut self, later: Noted) {
        self.changes.extend(later.changes);
        self.updates.extend(later.updates);
        self.channels.extend(later.channels);
        self.new_channel |= later.new_channel;
        self.manager_changed |= later.manager_changed;
        self.waiters.extend(later.waiters);
    }
}

impl Notes {
    fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        work(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a change for the next commit. Whoever has noted all that belongs together wakes the commit, so that it is not
    /// torn into two.
    fn note(&self, change: StateChange) {
        self.with(|noted| noted.changes.push(change));
    }

    /// Has the channel manager written with the next commit, as it is then. There is no other way to write it: an older one that
    /// overtook a newer one would be as bad as none.
    pub(crate) fn write_manager(&self) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let (done, written) = oneshot::channel();
        self.with(|noted| noted.waiters.push(done));
        self.wake.notify_one();
        let closed = self.closed.clone();
        async move {
            let written = tokio::select! {
                biased;
                written = written => written.is_ok(),
                () = closed.cancelled() => false,
            };
            written
                .then_some(())
                .ok_or_else(|| io::Error::new(io::ErrorKind::Other, "the commit failed"))
        }
    }

    /// Has the channel manager written soon, because something has changed that nobody counts on after a crash: events that were
    /// handled come again, an HTLC that no commitment holds is forgotten by both sides, blocks and timers come anew. With payments under way there is
    /// a commit before long, and each of them has several such changes. Who does count on it asks for [`Notes::write_manager`].
    pub(crate) fn write_manager_soon(&self) {
        self.with(|noted| noted.manager_changed = true);
        self.wake_later.notify_one();
    }

    /// Resolves when it is time for a commit.
    async fn due(&self) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = async {
                self.wake_later.notified().await;
                tokio::time::sleep(MAY_WAIT).await;
            } => {}
        }
    }

    fn take(&self) -> Noted {
        self.with(std::mem::take)
    }

    fn has_new_channel(&self) -> bool {
        self.with(|noted| noted.new_channel)
    }
}

/// Where LDK's writer of monitors believes that it writes to: reads are real, writes are noted for the next commit.
pub(crate) struct NotedStore {
    pub(crate) store: Arc<LdkStore>,
    pub(crate) notes: Arc<Notes>,
}

impl KVStoreSync for NotedStore {
    fn read(&self, primary: &str, secondary: &str, key: &str) -> Result<Vec<u8>, io::Error> {
        self.store.read_value(primary, secondary, key)
    }

    fn write(&self, primary: &str, secondary: &str, key: &str, value: Vec<u8>) -> Result<(), io::Error> {
        self.notes
            .note(StateChange::Write(state_key(primary, secondary, key), value));
        Ok(())
    }

    fn remove(&self, primary: &str, secondary: &str, key: &str, _lazy: bool) -> Result<(), io::Error> {
        self.notes
            .note(StateChange::Remove(state_key(primary, secondary, key)));
        Ok(())
    }

    fn list(&self, primary: &str, secondary: &str) -> Result<Vec<String>, io::Error> {
        self.store.list_keys(primary, secondary)
    }
}

/// Takes the monitors' changes from LDK. What is written, and how, is LDK's; when it is done is ours.
pub(crate) struct MonitorNotes {
    pub(crate) writer: UpdateWriter,
    pub(crate) notes: Arc<Notes>,
}

impl MonitorNotes {
    /// `written` came from a store that only notes, so it says nothing about the disk unless it is an error.
    fn noted(
        &self,
        written: ChannelMonitorUpdateStatus,
        monitor: &ChannelMonitor,
        update_id: Option<u64>,
    ) -> ChannelMonitorUpdateStatus {
        if written == ChannelMonitorUpdateStatus::UnrecoverableError {
            return written;
        }
        // Told after the changes themselves were noted, so the commit that takes it has taken them too, or an earlier one has.
        let (channel_id, peer) = (monitor.channel_id(), monitor.get_counterparty_node_id());
        self.notes.with(|noted| {
            noted.updates.extend(update_id.map(|id| (channel_id, id)));
            noted.channels.insert(channel_id, peer);
        });
        self.notes.wake.notify_one();
        ChannelMonitorUpdateStatus::InProgress
    }
}

impl Persist<InMemorySigner> for MonitorNotes {
    fn persist_new_channel(&self, name: MonitorName, monitor: &ChannelMonitor) -> ChannelMonitorUpdateStatus {
        let written = self.writer.persist_new_channel(name, monitor);
        self.notes.with(|noted| noted.new_channel = true);
        self.noted(written, monitor, Some(monitor.get_latest_update_id()))
    }

    fn update_persisted_channel(
        &self,
        name: MonitorName,
        update: Option<&ChannelMonitorUpdate>,
        monitor: &ChannelMonitor,
    ) -> ChannelMonitorUpdateStatus {
        let written = self.writer.update_persisted_channel(name, update, monitor);
        // A monitor that only follows the chain is not waited for.
        self.noted(written, monitor, update.map(|update| update.update_id))
    }

    fn archive_persisted_channel(&self, name: MonitorName) {
        Persist::<InMemorySigner>::archive_persisted_channel(&self.writer, name);
        self.notes.wake.notify_one();
    }
}

/// Commits what is noted, again and again, and a last time when told to stop. An error means that the disk has failed: LDK then
/// waits for ever, tells no peer anything, and the process must end.
pub(crate) async fn commit(node: Node, stop: CancellationToken) -> TaskResult {
    // However this ends, even by a panic: some wait for their writes, LDK's background processor for its last one.
    let _closed = node.inner.notes.closed.clone().drop_guard();
    loop {
        let stopping = stop.is_cancelled();
        commit_once(&node).await?;
        if stopping {
            return Ok(());
        }
        tokio::select! {
            () = node.inner.notes.due() => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn commit_once(node: &Node) -> TaskResult {
    let inner = &node.inner;
    // Taken before the manager is serialised, so that the manager knows of everything taken.
    let mut noted = inner.notes.take();
    if noted.is_empty() {
        return Ok(());
    }
    let mut manager = serialise(&inner.channel_manager)?;
    // It may know of updates that came in between. LDK makes those anew at a start, but not for a channel without a monitor:
    // a manager with an update for one is not readable.
    while inner.notes.has_new_channel() {
        noted.extend(inner.notes.take());
        manager = serialise(&inner.channel_manager)?;
    }
    let Noted {
        mut changes,
        updates,
        channels,
        waiters,
        ..
    } = noted;
    // Behind the serialisation: what the manager just written knows of has been seen then.
    changes.extend(inner.records.look(&inner.channel_manager, &channels));
    let manager_key = state_key(
        CHANNEL_MANAGER_PERSISTENCE_PRIMARY_NAMESPACE,
        CHANNEL_MANAGER_PERSISTENCE_SECONDARY_NAMESPACE,
        CHANNEL_MANAGER_PERSISTENCE_KEY,
    );
    changes.push(StateChange::Edit(manager_key, manager));
    inner.store.state.write_all(changes).await?;
    for (channel_id, update_id) in updates {
        if inner
            .chain_monitor
            .channel_monitor_updated(channel_id, update_id)
            .is_err()
        {
            tracing::debug!("channel {channel_id} is gone, its update {update_id} concerns nobody");
        }
    }
    for waiter in waiters {
        // Whoever gave up waiting has its write all the same.
        let _ = waiter.send(());
    }
    inner.peer_manager.process_events();
    // LDK has gone on with what was committed: HTLCs that came in are now for certain.
    if inner.channel_manager.needs_pending_htlc_processing() {
        inner.htlcs_ready.notify_one();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const DEADLINE: Duration = Duration::from_secs(180);

    fn removal(key: &str) -> StateChange {
        StateChange::Remove(state_key("monitors", "", key))
    }

    fn note(notes: &Notes, key: &str) {
        notes.note(removal(key));
    }

    #[tokio::test]
    async fn whoever_wants_the_manager_written_wakes_the_commit_and_waits_for_its_end() {
        let notes = Notes::default();
        let written = tokio::spawn(notes.write_manager());
        timeout(DEADLINE, notes.wake.notified())
            .await
            .expect("a wake-up before anybody waits for it is not lost");
        let noted = notes.take();
        assert!(!noted.is_empty());
        assert!(notes.take().is_empty(), "what is taken is gone");
        assert!(!written.is_finished());
        for waiter in noted.waiters {
            waiter.send(()).unwrap();
        }
        timeout(DEADLINE, written).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_may_wait_is_committed_in_time_and_goes_along_with_what_may_not() {
        let notes = Notes::default();
        notes.write_manager_soon();
        timeout(DEADLINE, notes.due()).await.expect("it is not forgotten");
        assert!(!notes.take().is_empty());
        notes.write_manager_soon();
        note(&notes, "urgent");
        notes.wake.notify_one();
        timeout(DEADLINE, notes.due()).await.unwrap();
        let both = notes.take();
        assert!(both.manager_changed && both.changes == [removal("urgent")]);
        assert!(notes.take().is_empty());
    }

    #[tokio::test]
    async fn nobody_waits_for_a_commit_that_will_never_be() {
        let notes = Notes::default();
        let (taken, left) = (notes.write_manager(), notes.write_manager());
        drop(notes.take().waiters.remove(0));
        assert!(
            timeout(DEADLINE, taken).await.unwrap().is_err(),
            "this one failed"
        );
        notes.closed.cancel();
        notes.take();
        assert!(timeout(DEADLINE, left).await.unwrap().is_err());
        let late = notes.write_manager();
        assert!(timeout(DEADLINE, late).await.unwrap().is_err(), "nor afterwards");
    }

    #[test]
    fn what_is_noted_later_is_written_later() {
        let notes = Notes::default();
        note(&notes, "first");
        let mut noted = notes.take();
        assert!(!notes.has_new_channel());
        note(&notes, "second");
        notes.with(|noted| noted.new_channel = true);
        assert!(notes.has_new_channel());
        noted.extend(notes.take());
        assert!(!notes.has_new_channel());
        assert_eq!(noted.changes, [removal("first"), removal("second")]);
    }
}
