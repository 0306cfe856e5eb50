//! An invoice that was changed on its way is not paid.

use super::*;
use proptest::prelude::*;

fn block_on<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(what)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Sixteen changes of one byte each, in each of the cases.
    #[test]
    fn a_single_changed_byte_is_refused(
        with_paths: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 1..=u8::MAX), 16),
    ) {
        block_on(async {
            let mut bench = Bench::new();
            bench.node.state.lock().unwrap().reachable_by_id = !with_paths;
            let request = make(&bench, wages()).await;
            let good = invoice(&request.bolt12, "a").as_bytes().to_vec();
            let read = Invoice::from_bytes(good.clone()).unwrap();
            let tag = with_paths.then(|| MessageTag::Request(read.invreq_id_without_paths().0));
            for (place, change) in changes {
                let mut changed = good.clone();
                changed[place.index(good.len())] ^= change;
                arrive_by(&bench, &changed, tag).await;
                let told = answers(&bench);
                assert_eq!(told.len(), 1, "{told:?}");
                nothing_sent(&mut bench);
            }
            assert_eq!(look(&bench, &request).await, request);
            arrive_by(&bench, &good, tag).await;
            assert_eq!(sent(&mut bench).await.payment_hash, hash("a"));
        });
    }

    #[test]
    fn whatever_bytes_arrive_nothing_is_paid(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        block_on(async {
            let mut bench = public();
            let request = make(&bench, wages()).await;
            arrive(&bench, &bytes).await;
            nothing_sent(&mut bench);
            assert_eq!(look(&bench, &request).await, request);
        });
    }
}
