//! The datastore from outside: a tree of keys, of which each has a value or something below it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use boltill_ledger::{
    DatastoreItem, DatastoreKey, DatastoreMode, DatastorePosition, DatastoreValue, DatastoreWriteError,
    Ledger, MAX_DATASTORE_VALUE,
};
use common::TestLedger;

fn key(parts: &[&str]) -> DatastoreKey {
    DatastoreKey::new(parts).unwrap()
}

async fn write(
    ledger: &Ledger,
    parts: &[&str],
    data: &str,
    mode: DatastoreMode,
) -> Result<DatastoreValue, String> {
    let written = ledger.write_datastore(key(parts), data.into(), mode, None).await;
    written.map_err(|error| error.to_string())
}

async fn listed(ledger: &Ledger, top: Option<DatastoreKey>) -> (Vec<DatastoreItem>, usize) {
    let (mut items, mut pages) = (Vec::new(), 0);
    let mut position = Some(DatastorePosition::start(top));
    while let Some(here) = position {
        let page = ledger.datastore_page(here).await.unwrap();
        items.extend(page.items);
        position = page.next;
        pages += 1;
    }
    (items, pages)
}

/// The keys with their values as text, and `/` for what has keys below it.
async fn tree(ledger: &Ledger, top: Option<DatastoreKey>) -> Vec<String> {
    let text = |item: DatastoreItem| match item.value {
        Some(value) => format!(
            "{}={}#{}",
            item.key,
            String::from_utf8(value.data).unwrap(),
            value.generation
        ),
        None => format!("{}/", item.key),
    };
    listed(ledger, top).await.0.into_iter().map(text).collect()
}

#[tokio::test]
async fn a_value_is_made_replaced_and_appended_to_as_the_mode_allows() {
    use DatastoreMode::{CreateOrAppend, CreateOrReplace, MustAppend, MustCreate, MustReplace};
    let ledger = TestLedger::new();
    let missing = Err("Key does not exist".to_owned());
    assert_eq!(write(&ledger, &["a"], "1", MustReplace).await, missing);
    assert_eq!(write(&ledger, &["a"], "1", MustAppend).await, missing);
    let value = |data: &str, generation| {
        Ok(DatastoreValue {
            generation,
            data: data.into(),
        })
    };
    assert_eq!(write(&ledger, &["a"], "1", MustCreate).await, value("1", 0));
    let exists = Err("Key already exists".to_owned());
    assert_eq!(write(&ledger, &["a"], "2", MustCreate).await, exists);
    assert_eq!(write(&ledger, &["a"], "2", MustReplace).await, value("2", 1));
    assert_eq!(write(&ledger, &["a"], "3", MustAppend).await, value("23", 2));
    assert_eq!(write(&ledger, &["a"], "4", CreateOrAppend).await, value("234", 3));
    assert_eq!(write(&ledger, &["a"], "5", CreateOrReplace).await, value("5", 4));
    assert_eq!(write(&ledger, &["b"], "6", CreateOrAppend).await, value("6", 0));
    assert_eq!(tree(&ledger, None).await, ["[a]=5#4", "[b]=6#0"]);
}

#[tokio::test]
async fn a_generation_that_is_not_the_values_keeps_it_from_being_changed_or_deleted() {
    let ledger = TestLedger::new();
    write(&ledger, &["a"], "1", DatastoreMode::MustCreate)
        .await
        .unwrap();
    let replace = |generation| {
        ledger.write_datastore(
            key(&["a"]),
            b"2".to_vec(),
            DatastoreMode::MustReplace,
            Some(generation),
        )
    };
    assert!(matches!(
        replace(1).await,
        Err(DatastoreWriteError::WrongGeneration)
    ));
    assert_eq!(replace(0).await.unwrap().generation, 1);
    let delete = |generation| ledger.delete_datastore(key(&["a"]), generation);
    assert_eq!(
        delete(Some(0)).await.unwrap_err().to_string(),
        "generation is different"
    );
    assert_eq!(delete(Some(1)).await.unwrap().data, b"2");
    assert_eq!(delete(None).await.unwrap_err().to_string(), "Key does not exist");
}

#[tokio::test]
async fn a_key_has_a_value_or_keys_below_it() {
    let ledger = TestLedger::new();
    let mode = DatastoreMode::CreateOrReplace;
    write(&ledger, &["a", "b", "c"], "1", mode).await.unwrap();
    for parent in [&["a"][..], &["a", "b"]] {
        let refused = write(&ledger, parent, "2", mode).await;
        assert_eq!(refused, Err("Key has children already".to_owned()));
    }
    let refused = write(&ledger, &["a", "b", "c", "d", "e"], "2", mode).await;
    assert_eq!(refused, Err("Parent key [a,b,c] exists".to_owned()));
    ledger
        .delete_datastore(key(&["a", "b", "c"]), None)
        .await
        .unwrap();
    write(&ledger, &["a"], "3", mode).await.unwrap();
    assert_eq!(tree(&ledger, None).await, ["[a]=3#0"]);
}

#[tokio::test]
async fn a_listing_goes_one_step_down_and_only_names_what_has_more_below() {
    let ledger = TestLedger::new();
    let mode = DatastoreMode::MustCreate;
    for parts in [
        &["a", "b", "c"][..],
        &["a", "b", "d"],
        &["a", "e"],
        &["ab"],
        &["b"],
    ] {
        write(&ledger, parts, "1", mode).await.unwrap();
    }
    assert_eq!(tree(&ledger, None).await, ["[a]/", "[ab]=1#0", "[b]=1#0"]);
    assert_eq!(tree(&ledger, Some(key(&["a"]))).await, ["[a,b]/", "[a,e]=1#0"]);
    assert_eq!(tree(&ledger, Some(key(&["a", "e"]))).await, ["[a,e]=1#0"]);
    assert!(tree(&ledger, Some(key(&["x"]))).await.is_empty());
    assert_eq!(ledger.datastore_usage(None).await.unwrap(), 6 + 6 + 4 + 3 + 2);
    assert_eq!(
        ledger.datastore_usage(Some(key(&["a", "b"]))).await.unwrap(),
        6 + 6
    );
}

#[tokio::test]
async fn long_listings_come_in_pages_and_outlast_a_restart() {
    let mut ledger = TestLedger::new();
    let mode = DatastoreMode::MustCreate;
    let mut writes = Vec::new();
    for number in 0..5000 {
        let flat = key(&["flat", &format!("{number:05}")]);
        writes.push(ledger.write_datastore(flat, vec![7; 10], mode, None));
        let deep = key(&["deep", &format!("{:03}", number / 10), &format!("{number:05}")]);
        writes.push(ledger.write_datastore(deep, vec![7; 10], mode, None));
    }
    for written in writes {
        written.await.unwrap();
    }
    ledger.reopen();
    let (items, pages) = listed(&ledger, Some(key(&["flat"]))).await;
    assert_eq!(items.len(), 5000);
    assert!(pages > 10 && items.is_sorted_by(|a, b| a.key < b.key));
    assert_eq!(listed(&ledger, Some(key(&["deep"]))).await.0.len(), 500);
    assert_eq!(listed(&ledger, None).await.0.len(), 2);
    assert_eq!(ledger.datastore_usage(None).await.unwrap(), 5000 * (20 + 24));
    // Values make a page full as keys do.
    for name in ["x", "y", "z"] {
        let large = vec![0; MAX_DATASTORE_VALUE];
        ledger
            .write_datastore(key(&["large", name]), large, mode, None)
            .await
            .unwrap();
    }
    assert_eq!(listed(&ledger, Some(key(&["large"]))).await.1, 3);
    let more = ledger.write_datastore(key(&["large", "x"]), vec![0], DatastoreMode::MustAppend, None);
    assert!(matches!(more.await, Err(DatastoreWriteError::TooLong)));
}
