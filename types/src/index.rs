//! The counters by which clients follow what changed, as Core Lightning has them.
//!
//! Each counts from 1 and is assigned inside the transaction that makes the change, so the order of indexes is the
//! order of the changes on disk.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

index!(
    /// The order in which entries were made; dense, and never used again after a deletion.
    CreatedIndex
);
index!(
    /// The order of the latest change to each entry.
    UpdatedIndex
);
index!(
    /// The order in which entries were deleted.
    DeletedIndex
);
index!(
    /// The order in which invoices were paid; dense.
    PayIndex
);
