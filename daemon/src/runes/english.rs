//! What a rune demands, for people to read. The words are Core Lightning's.

use super::rune::{Alternative, Condition, Restriction, Rune};

/// All that a rune demands.
pub fn rune(rune: &Rune) -> String {
    let restrictions: Vec<_> = rune.restrictions().iter().map(restriction).collect();
    restrictions.join(" AND ")
}

/// The ways to satisfy one restriction.
pub fn restriction(restriction: &Restriction) -> String {
    let alternatives: Vec<_> = restriction.0.iter().map(Alternative::in_english).collect();
    alternatives.join(" OR ")
}

impl Alternative {
    /// One way to satisfy a restriction.
    pub fn in_english(&self) -> String {
        let words = match self.condition {
            Condition::Missing => return format!("{} is missing", self.field),
            Condition::Comment => return format!("comment: {} {}", self.field, self.value),
            Condition::Equal => "equal to",
            Condition::NotEqual => "unequal to",
            Condition::Begins => "starts with",
            Condition::Ends => "ends with",
            Condition::Contains => "contains",
            Condition::Less => "<",
            Condition::Greater => ">",
            Condition::Before => "sorts before",
            Condition::After => "sorts after",
        };
        format!("{} {words} {}", self.field, self.value)
    }
}
