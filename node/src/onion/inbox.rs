//! Messages that wait to be dealt with: few enough to fit into memory, whoever sends how many.

use super::budget::Budget;
use super::{MessageTag, OffersArrival, OffersSink};
use crate::flood::tell_refusal;
use crate::tasks::TaskResult;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many wait at most, of those that came by a path of ours and of the others. A message has 32 kB at most, and most have one.
const WAITING: usize = 256;
/// How many are dealt with at a time.
const AT_ONCE: usize = 64;
/// How many of a kind are let in at once, and how fast more of them. An invoice costs some milliseconds of a disk; refusing one costs a look-up and an answer.
const BURST: u32 = 1_000;
const INTERVAL: Duration = Duration::from_millis(2);
/// How long the node's end waits for what is being dealt with.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where messages are put. Those that came by a path of ours have budgets and a queue of their own, so that those who only know our node id cannot
/// crowd them out. LDK does not tell which peer a message came from, and the peer is seldom its sender.
pub(crate) struct Inbox {
    by_path: mpsc::Sender<OffersArrival>,
    by_id: mpsc::Sender<OffersArrival>,
    budgets: Budgets,
}

struct Budgets {
    to_our_id: Budget,
    for_requests: Budget,
    for_offers: Budget,
    for_invoices: Budget,
}

/// Where messages are taken from.
pub(crate) struct Arrivals {
    by_path: mpsc::Receiver<OffersArrival>,
    by_id: mpsc::Receiver<OffersArrival>,
}

/// An empty inbox, and its other end.
pub(crate) fn inbox() -> (Inbox, Arrivals) {
    let budget = || Budget::new(BURST, INTERVAL);
    let budgets = Budgets {
        to_our_id: budget(),
        for_requests: budget(),
        for_offers: budget(),
        for_invoices: budget(),
    };
    let (by_path, from_paths) = mpsc::channel(WAITING);
    let (by_id, from_id) = mpsc::channel(WAITING);
    let inbox = Inbox {
        by_path,
        by_id,
        budgets,
    };
    let arrivals = Arrivals {
        by_path: from_paths,
        by_id: from_id,
    };
    (inbox, arrivals)
}

impl Inbox {
    /// Puts a message in, or drops it where there are too many: whoever sent it in earnest will send it again.
    pub(super) fn put(&self, arrival: OffersArrival) {
        let (budget, queue) = match arrival.tag {
            None => (&self.budgets.to_our_id, &self.by_id),
            Some(MessageTag::Request(_)) => (&self.budgets.for_requests, &self.by_path),
            Some(MessageTag::Offer(_)) => (&self.budgets.for_offers, &self.by_path),
            Some(MessageTag::Invoice(_)) => (&self.budgets.for_invoices, &self.by_path),
        };
        let name = arrival.message.name();
        if !budget.take(Instant::now()) || queue.try_send(arrival).is_err() {
            tell_refusal!("an {name} that came in an onion message is dropped: there are too many of them");
        }
    }
}

impl Arrivals {
    pub(super) async fn next(&mut self) -> Option<OffersArrival> {
        tokio::select! {
            biased;
            Some(arrival) = self.by_path.recv() => Some(arrival),
            Some(arrival) = self.by_id.recv() => Some(arrival),
            else => None,
        }
    }
}

/// Gives what arrives to the sink, several at a time, until told to stop.
pub(crate) async fn deliver(
    mut arrivals: Arrivals,
    sink: Arc<dyn OffersSink>,
    stopping: CancellationToken,
) -> TaskResult {
    let mut in_hand = JoinSet::new();
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            Some(end) = in_hand.join_next() => end?,
            Some(arrival) = arrivals.next(), if in_hand.len() < AT_ONCE => {
                let sink = Arc::clone(&sink);
                in_hand.spawn(async move { sink.arrived(arrival).await });
            }
            // The messenger holds the other end as long as there is a node.
            else => break,
        }
    }
    let last_words = async { while in_hand.join_next().await.is_some() {} };
    // What is not at its end then is dropped, as a crash would do it.
    let _ = tokio::time::timeout(LAST_WORDS, last_words).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::OffersMessageBytes;
    use super::*;
    use crate::event::BoxFuture;
    use std::sync::Mutex;
    use tokio::sync::Semaphore;

    fn invoice(number: usize, tag: Option<MessageTag>) -> OffersArrival {
        OffersArrival {
            message: OffersMessageBytes::Invoice(number.to_be_bytes().to_vec()),
            tag,
            reply: None,
        }
    }

    const REQUEST: Option<MessageTag> = Some(MessageTag::Request([1; 32]));

    #[tokio::test]
    async fn a_full_inbox_drops_what_comes_and_keeps_what_it_has() {
        let (inbox, mut arrivals) = inbox();
        for number in 0..WAITING + 10 {
            inbox.put(invoice(number, None));
        }
        for number in 0..WAITING {
            let arrival = arrivals.next().await.unwrap();
            assert_eq!(arrival.message.bytes(), number.to_be_bytes());
        }
        assert!(arrivals.by_id.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_came_by_our_own_paths_is_not_crowded_out_by_the_rest_and_comes_first() {
        let (inbox, mut arrivals) = inbox();
        for number in 0..2 * BURST as usize {
            inbox.put(invoice(number, None));
        }
        inbox.put(invoice(7, REQUEST));
        assert_eq!(arrivals.next().await.unwrap().tag, REQUEST);
        assert_eq!(arrivals.next().await.unwrap().tag, None);
    }

    /// Deals with a message when it is allowed to.
    struct Slow {
        begun: mpsc::UnboundedSender<()>,
        may_end: Semaphore,
        ended: Mutex<usize>,
    }

    impl OffersSink for Slow {
        fn arrived<'a>(&'a self, _: OffersArrival) -> BoxFuture<'a, ()> {
            Box::pin(async {
                self.begun.send(()).unwrap();
                self.may_end.acquire().await.unwrap().forget();
                *self.ended.lock().unwrap() += 1;
            })
        }
    }

    #[tokio::test]
    async fn only_so_many_are_dealt_with_at_a_time_and_those_begun_are_finished() {
        let (inbox, arrivals) = inbox();
        let (begun, mut has_begun) = mpsc::unbounded_channel();
        let sink = Arc::new(Slow {
            begun,
            may_end: Semaphore::new(0),
            ended: Mutex::new(0),
        });
        let stopping = CancellationToken::new();
        let delivery = tokio::spawn(deliver(arrivals, Arc::clone(&sink) as _, stopping.clone()));
        for number in 0..AT_ONCE + 2 {
            inbox.put(invoice(number, REQUEST));
        }
        for _ in 0..AT_ONCE {
            has_begun.recv().await.unwrap();
        }
        assert!(has_begun.try_recv().is_err());
        sink.may_end.add_permits(1);
        has_begun.recv().await.unwrap();
        assert!(has_begun.try_recv().is_err());
        stopping.cancel();
        sink.may_end.add_permits(AT_ONCE);
        delivery.await.unwrap().unwrap();
        assert_eq!(*sink.ended.lock().unwrap(), AT_ONCE + 1);
    }
}
