use super::*;
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use lightning::types::routing::RoutingFees;
use proptest::prelude::*;

fn candidate(scid: u64, capacity: u64) -> HintCandidate {
    let key = SecretKey::from_slice(&[2; 32]).unwrap();
    HintCandidate {
        hop: RouteHintHop {
            src_node_id: PublicKey::from_secret_key(&Secp256k1::new(), &key),
            short_channel_id: scid,
            fees: RoutingFees {
                base_msat: 1,
                proportional_millionths: 10,
            },
            cltv_expiry_delta: 6,
            htlc_minimum_msat: None,
            htlc_maximum_msat: None,
        },
        names: vec![scid, scid + 1_000],
        capacity: Msat(capacity),
        size: Msat(capacity.max(10_000)),
        public: true,
        connected: true,
        dead_end: false,
    }
}

fn private(scid: u64, capacity: u64) -> HintCandidate {
    HintCandidate {
        public: false,
        ..candidate(scid, capacity)
    }
}

fn choose(candidates: &[HintCandidate], needed: u64, expose: &ExposePrivate) -> (Vec<u64>, Vec<HintWarning>) {
    let chosen = choose_hints(candidates, Some(Msat(needed)), expose, &mut || 0.5).unwrap();
    (scids(&chosen), chosen.warnings)
}

fn scids(chosen: &ChosenHints) -> Vec<u64> {
    let mut scids: Vec<u64> = chosen
        .hints
        .iter()
        .map(|hint| hint.0[0].short_channel_id)
        .collect();
    scids.sort_unstable();
    scids
}

#[test]
fn one_public_channel_with_room_is_enough() {
    let candidates = [candidate(1, 5_000), candidate(2, 100), private(3, 9_000)];
    assert_eq!(
        choose(&candidates, 1_000, &ExposePrivate::WhenNoPublic),
        (vec![1], vec![])
    );
}

#[test]
fn a_channel_that_would_be_filled_exactly_can_be_chosen() {
    assert_eq!(
        choose(&[candidate(1, 1_000)], 1_000, &ExposePrivate::Never),
        (vec![1], vec![])
    );
}

#[test]
fn emptier_channels_are_chosen_more_often() {
    let candidates = [candidate(1, 2_000), candidate(2, 10_000)];
    let mut counts = [0, 0];
    for draw in 0..1_000 {
        let mut draw = || f64::from(draw) / 1_000.0;
        let chosen = choose_hints(&candidates, Some(Msat(1_000)), &ExposePrivate::Never, &mut draw);
        counts[scids(&chosen.unwrap())[0] as usize - 1] += 1;
    }
    assert!(
        counts[1] > 5 * counts[0] && counts[0] > 0,
        "the weights are 1,001 and 9,001: {counts:?}"
    );
}

#[test]
fn when_no_channel_alone_has_room_several_are_named_with_a_warning() {
    let candidates = [candidate(1, 600), candidate(2, 600), candidate(3, 600)];
    let (scids, warnings) = choose(&candidates, 1_000, &ExposePrivate::Never);
    assert_eq!(scids.len(), 2);
    assert_eq!(warnings, [HintWarning::Mpp]);
}

#[test]
fn unannounced_channels_are_named_as_the_caller_says() {
    let candidates = [candidate(1, 100), private(2, 5_000)];
    let unused = vec![HintWarning::PrivateUnused];
    assert_eq!(
        choose(&candidates, 1_000, &ExposePrivate::WhenNoPublic),
        (vec![1], unused.clone())
    );
    assert_eq!(
        choose(&candidates, 1_000, &ExposePrivate::Never),
        (vec![1], unused)
    );
    assert_eq!(
        choose(&candidates, 1_000, &ExposePrivate::Always),
        (vec![2], vec![])
    );
    assert_eq!(
        choose(&candidates[1..], 1_000, &ExposePrivate::WhenNoPublic),
        (vec![2], vec![])
    );
    let never = (vec![], vec![HintWarning::PrivateUnused]);
    assert_eq!(choose(&candidates[1..], 1_000, &ExposePrivate::Never), never);
}

#[test]
fn a_list_names_channels_by_any_of_their_names_even_dead_ends() {
    let mut dead_end = private(2, 5_000);
    dead_end.dead_end = true;
    let candidates = [candidate(1, 5_000), dead_end];
    assert_eq!(
        choose(&candidates, 1_000, &ExposePrivate::Only(vec![1_002])),
        (vec![2], vec![])
    );
    assert_eq!(
        choose(&candidates, 1_000, &ExposePrivate::Only(vec![])).0,
        Vec::<u64>::new()
    );
    let unknown = ExposePrivate::Only(vec![77]);
    assert!(choose_hints(&candidates, None, &unknown, &mut || 0.5).is_err());
}

#[test]
fn what_is_missing_is_blamed_on_the_first_class_that_would_have_helped() {
    let offline = HintCandidate {
        connected: false,
        ..candidate(1, 500)
    };
    let dead_end = HintCandidate {
        dead_end: true,
        ..candidate(2, 500)
    };
    let usable = candidate(3, 500);
    let candidates = [offline, dead_end, usable, private(4, 500)];
    for (needed, warning) in [
        (500, None),
        (1_000, Some(HintWarning::Offline)),
        (1_500, Some(HintWarning::DeadEnds)),
        (2_000, Some(HintWarning::PrivateUnused)),
        (2_001, Some(HintWarning::Capacity)),
    ] {
        let (_, warnings) = choose(&candidates, needed, &ExposePrivate::WhenNoPublic);
        assert_eq!(warnings, Vec::from_iter(warning), "{needed}");
    }
}

fn any_candidates() -> impl Strategy<Value = Vec<HintCandidate>> {
    let one = (0..3_000u64, any::<bool>(), any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..6).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let made = numbered.map(|(scid, (capacity, public, connected, dead_end))| HintCandidate {
            public,
            connected,
            dead_end,
            ..candidate(scid as u64, capacity)
        });
        made.collect()
    })
}

fn any_expose() -> impl Strategy<Value = ExposePrivate> {
    prop_oneof![
        Just(ExposePrivate::WhenNoPublic),
        Just(ExposePrivate::Always),
        Just(ExposePrivate::Never),
        proptest::collection::vec(0..6u64, 0..3).prop_map(ExposePrivate::Only),
    ]
}

proptest! {
    #[test]
    fn hints_keep_the_rules(
        candidates in any_candidates(),
        expose in any_expose(),
        needed in 1..6_000u64,
        draws in proptest::collection::vec(0.0..=1.0, 32),
    ) {
        let mut draws = draws.into_iter().cycle();
        let mut draw = || draws.next().unwrap_or_default();
        let chosen = choose_hints(&candidates, Some(Msat(needed)), &expose, &mut draw);
        let Ok(chosen) = chosen else {
            prop_assert!(matches!(&expose, ExposePrivate::Only(names) if !names.is_empty()));
            return Ok(());
        };
        let any_public = candidates.iter().any(|candidate| candidate.public);
        let named: Vec<&HintCandidate> =
            scids(&chosen).iter().map(|scid| &candidates[*scid as usize]).collect();
        for candidate in &named {
            prop_assert!(candidate.connected);
            match &expose {
                ExposePrivate::WhenNoPublic => prop_assert!(candidate.public || !any_public),
                ExposePrivate::Never => prop_assert!(candidate.public),
                ExposePrivate::Always => {}
                ExposePrivate::Only(names) => prop_assert!(names.contains(&candidate.hop.short_channel_id)),
            }
            prop_assert!(!candidate.dead_end || matches!(expose, ExposePrivate::Only(_)));
        }
        let room: Msat = named.iter().map(|candidate| candidate.capacity).sum();
        let blamed = chosen.warnings.iter().filter(|warning| **warning != HintWarning::Mpp).count();
        prop_assert!(blamed <= 1);
        prop_assert_eq!(blamed == 0, room >= Msat(needed), "there is a warning exactly when there is no room");
        prop_assert_eq!(chosen.warnings.contains(&HintWarning::Mpp), named.len() > 1);
    }
}
