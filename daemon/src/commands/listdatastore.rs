//! `listdatastore`

use super::prelude::*;
use super::shared::datastore::{DatastoreEntry, ITEM};
use crate::answer::Page;
use boltill_ledger::{DatastoreKey, DatastorePosition};

parameters! {
    /// List what programs keep in the datastore
    ///
    /// The key that is given and those right below it, or else those that are below nothing. Of a key that has others below it only the
    /// key is told.
    pub struct ListDatastore {
        /// The key: its parts, or the only one.
        optional key: DatastoreKey,
    }
}

pub const COMMAND: Command = Command {
    name: "listdatastore",
    category: Category::Utility,
    answer: &[Field::always(
        "datastore",
        Kind::Array(&Kind::Object(ITEM)),
        "The keys, in their order.",
    )],
    examples: &[Example {
        typed: "listdatastore",
        answer: r#"{"datastore":[{"key":["shop"]},{"key":["summary"],"generation":2,"hex":"3235","string":"25"}]}"#,
    }],
    see_also: &["datastore", "deldatastore", "datastoreusage"],
    on_hang_up: OnHangUp::Drop,
    ..Command::of::<ListDatastore>()
};

impl Run for ListDatastore {
    async fn run(self, call: Call) -> Outcome {
        call.ledger()?;
        let start = Some(DatastorePosition::start(self.key));
        Answer::rows("datastore", start, move |position| {
            next_page(call.clone(), position)
        })
    }
}

async fn next_page(
    call: Call,
    position: Option<DatastorePosition>,
) -> Result<Option<(Page, Option<DatastorePosition>)>, RpcError> {
    let Some(position) = position else {
        return Ok(None);
    };
    let page = call.ledger()?.datastore_page(position).await?;
    let entries = page
        .items
        .iter()
        .map(|item| DatastoreEntry::of(&item.key, item.value.as_ref()));
    Ok(Some((Page::of(entries)?, page.next)))
}
