//! Which channels an invoice names as ways to us (BOLT 11 `r`), and what to warn of; the rules are Core Lightning's.
//!
//! A payer who knows the public network still needs a hint: it says which of our channels has room. So one public
//! channel with room is named, chosen at random with more weight on emptier channels, which also makes it harder to
//! probe how full they are. When no single channel has room, or we have no public one, channels are named until
//! together they have.

use boltill_types::Msat;
use lightning::routing::router::{RouteHint, RouteHintHop};

/// Which unannounced channels an invoice may reveal (`exposeprivatechannels`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExposePrivate {
    /// All of them when there is no announced channel, otherwise none.
    #[default]
    WhenNoPublic,
    /// All of them, beside the announced ones.
    Always,
    /// None.
    Never,
    /// These channels and no others, announced or not, even those of dead ends. Each by its short channel id or an
    /// alias of it.
    Only(Vec<u64>),
}

/// A channel that could be a hint.
#[derive(Clone, Debug)]
pub struct HintCandidate {
    /// The hop that is the hint.
    pub hop: RouteHintHop,
    /// Every short channel id by which the channel may be called.
    pub names: Vec<u64>,
    /// What it can receive in one HTLC now.
    pub capacity: Msat,
    /// What can ever move in it: its funding less both reserves.
    pub size: Msat,
    /// Whether it is announced.
    pub public: bool,
    /// Whether its peer is connected.
    pub connected: bool,
    /// Whether nobody but us has a public channel that leads to its peer.
    pub dead_end: bool,
}

/// What may keep an invoice from being paid. The texts are those that Core Lightning gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HintWarning {
    /// Not even all channels together have enough room.
    Capacity,
    /// There would be room if disconnected peers were connected.
    Offline,
    /// There would be room if dead ends led anywhere.
    DeadEnds,
    /// There would be room in unannounced channels.
    PrivateUnused,
    /// There is room, but not in a single channel.
    Mpp,
}

impl HintWarning {
    /// The name of the answer's field.
    pub fn name(self) -> &'static str {
        match self {
            HintWarning::Capacity => "warning_capacity",
            HintWarning::Offline => "warning_offline",
            HintWarning::DeadEnds => "warning_deadends",
            HintWarning::PrivateUnused => "warning_private_unused",
            HintWarning::Mpp => "warning_mpp",
        }
    }

    /// The words for people.
    pub fn text(self) -> &'static str {
        match self {
            HintWarning::Capacity => "Insufficient incoming channel capacity to pay invoice",
            HintWarning::Offline => "Insufficient incoming capacity, once offline peers were excluded",
            HintWarning::DeadEnds => "Insufficient incoming capacity, once dead-end peers were excluded",
            HintWarning::PrivateUnused => {
                "Insufficient incoming capacity, once private channels were excluded (try \
                 exposeprivatechannels=true?)"
            }
            HintWarning::Mpp => "The invoice is only payable by MPP-capable payers.",
        }
    }
}

/// None of the channels that were asked for can be a hint; Core Lightning's code 902.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("None of those hints were suitable local channels")]
pub struct NoSuitableHints;

/// The hints of one invoice.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChosenHints {
    pub(crate) hints: Vec<RouteHint>,
    pub(crate) warnings: Vec<HintWarning>,
}

/// Chooses the hints for an invoice of that amount. `draw` gives random numbers from 0 to 1.
pub(crate) fn choose_hints(
    candidates: &[HintCandidate],
    amount: Option<Msat>,
    expose: &ExposePrivate,
    draw: &mut dyn FnMut() -> f64,
) -> Result<ChosenHints, NoSuitableHints> {
    let needed = amount.unwrap_or(Msat(1));
    let mut sorted = Sorted::new(candidates, expose);
    if let ExposePrivate::Only(names) = expose
        && sorted.usable.is_empty()
        && !names.is_empty()
    {
        return Err(NoSuitableHints);
    }
    let mut warnings = Vec::from_iter(sorted.shortage(needed));
    // Without a public channel the hints are the only ways to us, so that invoices had better not share one.
    let single = if sorted.any_public {
        pick_one(&sorted.usable, needed, draw)
    } else {
        None
    };
    let chosen = match single {
        Some(one) => vec![one],
        None => {
            shuffle(&mut sorted.usable, draw);
            pick_until_enough(&sorted.usable, needed)
        }
    };
    if chosen.len() > 1 {
        warnings.push(HintWarning::Mpp);
    }
    let hints = chosen
        .into_iter()
        .map(|candidate| RouteHint(vec![candidate.hop.clone()]))
        .collect();
    Ok(ChosenHints { hints, warnings })
}

/// The candidates that may be named, and how much room the others would have added.
struct Sorted<'a> {
    usable: Vec<&'a HintCandidate>,
    offline: Msat,
    dead_ends: Msat,
    private: Msat,
    any_public: bool,
}

impl<'a> Sorted<'a> {
    fn new(candidates: &'a [HintCandidate], expose: &ExposePrivate) -> Sorted<'a> {
        let any_public = candidates.iter().any(|candidate| candidate.public);
        let (mut usable, mut private) = (Vec::new(), Vec::new());
        let (mut offline, mut dead_ends) = (Msat::ZERO, Msat::ZERO);
        for candidate in candidates {
            match expose {
                ExposePrivate::Only(names) if !names.iter().any(|name| candidate.names.contains(name)) => {
                    continue;
                }
                ExposePrivate::Only(_) => {}
                _ if candidate.dead_end => {
                    dead_ends = dead_ends + candidate.capacity;
                    continue;
                }
                _ => {}
            }
            if !candidate.connected {
                offline = offline + candidate.capacity;
            } else if candidate.public || matches!(expose, ExposePrivate::Always | ExposePrivate::Only(_)) {
                usable.push(candidate);
            } else {
                private.push(candidate);
            }
        }
        if *expose == ExposePrivate::WhenNoPublic && !any_public {
            usable.append(&mut private);
        }
        let private = total(&private);
        Sorted {
            usable,
            offline,
            dead_ends,
            private,
            any_public,
        }
    }

    /// What is to blame when the usable channels have not enough room; at most one.
    fn shortage(&self, needed: Msat) -> Option<HintWarning> {
        let with_usable = total(&self.usable);
        let with_offline = with_usable + self.offline;
        let with_dead_ends = with_offline + self.dead_ends;
        let with_all = with_dead_ends + self.private;
        if with_usable >= needed {
            None
        } else if with_offline >= needed {
            Some(HintWarning::Offline)
        } else if with_dead_ends >= needed {
            Some(HintWarning::DeadEnds)
        } else if with_all >= needed {
            Some(HintWarning::PrivateUnused)
        } else {
            Some(HintWarning::Capacity)
        }
    }
}

fn total(candidates: &[&HintCandidate]) -> Msat {
    candidates.iter().map(|candidate| candidate.capacity).sum()
}

/// One of the channels that have room for all of it, at random (reservoir sampling), weighted by the share of the
/// channel that would still be free afterwards.
fn pick_one<'a>(
    usable: &[&'a HintCandidate],
    needed: Msat,
    draw: &mut dyn FnMut() -> f64,
) -> Option<&'a HintCandidate> {
    let (mut picked, mut weights) = (None, 0.0);
    for candidate in usable
        .iter()
        .copied()
        .filter(|candidate| candidate.capacity >= needed)
    {
        // One more, so that a channel that would be filled exactly has a chance: it may be the only one.
        let free = candidate.capacity.saturating_sub(needed).0.saturating_add(1);
        let weight = free as f64 / candidate.size.0.max(1) as f64;
        weights += weight;
        if draw() * weights <= weight {
            picked = Some(candidate);
        }
    }
    picked
}

fn pick_until_enough<'a>(usable: &[&'a HintCandidate], needed: Msat) -> Vec<&'a HintCandidate> {
    let (mut picked, mut gathered) = (Vec::new(), Msat::ZERO);
    for candidate in usable.iter().copied() {
        if gathered >= needed {
            break;
        }
        gathered = gathered + candidate.capacity;
        picked.push(candidate);
    }
    picked
}

/// Fisher and Yates.
fn shuffle(candidates: &mut [&HintCandidate], draw: &mut dyn FnMut() -> f64) {
    for last in (1..candidates.len()).rev() {
        let other = (draw() * (last + 1) as f64) as usize;
        candidates.swap(last, other.min(last));
    }
}

#[cfg(test)]
mod tests;
