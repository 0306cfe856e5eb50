//! Whether a large ledger slows a node down, told apart from whether the machine has become slower since the ledger was empty: a node with
//! many invoices on file and one with hardly any are asked in turns.

use crate::arguments::Arguments;
use crate::calls::{self, Call, Caller};
use crate::load;
use crate::results::{Results, Setting};
use crate::subject::Subject;
use crate::{BenchError, targets};
use serde::Serialize;
use std::sync::Arc;

/// `invoice` compared, in the results.
pub const INVOICE: &str = "invoice, in turns with a node without invoices";
/// How often each has its turn; an even number, so that each is the first as often as the other.
const ROUNDS: usize = 16;

/// A node's rate as a share of another's, round by round.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// Half of the rounds are below it.
    pub median: f64,
    /// The worst round.
    pub lowest: f64,
    /// The best round.
    pub highest: f64,
    /// How many there were.
    pub rounds: usize,
    /// How many invoices the other had on file at the beginning: those that it had made in earlier comparisons.
    pub invoices_of_the_other: u64,
}

impl Ratio {
    fn of(mut rounds: Vec<f64>, invoices_of_the_other: u64) -> Ratio {
        rounds.sort_by(f64::total_cmp);
        let last = rounds.len() - 1;
        Ratio {
            median: f64::midpoint(rounds[last / 2], rounds[last.div_ceil(2)]),
            lowest: rounds[0],
            highest: rounds[last],
            rounds: rounds.len(),
            invoices_of_the_other,
        }
    }

    /// The median, the lowest and the highest, in percent.
    pub fn percent(&self) -> [f64; 3] {
        [self.median, self.lowest, self.highest].map(|share| share * 100.0)
    }
}

/// Measures a node with so many invoices on file beside one that has none but those made here.
pub async fn measure(
    arguments: &Arguments,
    full: &Subject,
    empty: &Subject,
    setting: Setting,
    results: &mut Results,
) -> Result<(), BenchError> {
    let wanted = |callers: &&usize| targets::CONNECTIONS.contains(callers);
    for &callers in arguments.connections.iter().filter(wanted) {
        let of_the_other = calls::invoices_on_file(&empty.node).await?;
        let rate = async |subject| rate(arguments, subject, callers).await;
        // What each has not done for a while takes longer once.
        rate(full).await?;
        rate(empty).await?;
        let mut rounds = Vec::new();
        for round in 0..ROUNDS {
            let (of_full, of_empty) = match round % 2 {
                0 => (rate(full).await?, rate(empty).await?),
                _ => {
                    let of_empty = rate(empty).await?;
                    (rate(full).await?, of_empty)
                }
            };
            rounds.push(of_full / of_empty);
        }
        results.ratio(setting, INVOICE, callers, Ratio::of(rounds, of_the_other))?;
    }
    Ok(())
}

/// How many invoices a second a node makes in one turn.
async fn rate(arguments: &Arguments, subject: &Subject, callers: usize) -> Result<f64, BenchError> {
    let callers = Caller::several(&subject.node, Call::Invoice, callers, &Arc::default()).await?;
    let load = load::run(subject, callers, arguments.moment()).await?;
    Ok(load.per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rounds_are_below_the_median_as_above() {
        assert_eq!(Ratio::of(vec![1.5, 0.5, 1.0], 0).median, 1.0);
        assert_eq!(Ratio::of(vec![2.0, 0.5, 0.9, 1.1], 0).median, 1.0);
    }

    #[test]
    fn a_single_round_is_the_lowest_and_the_highest() {
        assert_eq!(Ratio::of(vec![0.75], 0).percent(), [75.0; 3]);
    }
}
