//! The comparison with Core Lightning is that of the lists as they are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use boltill_manual::comparison;
use std::fs;
use std::path::Path;

#[test]
fn the_comparison_is_up_to_date() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schemas = here.join("../../shared/schemas");
    if !schemas.is_dir() {
        eprintln!(
            "SKIPPED: Core Lightning's schemas are not in {}",
            schemas.display()
        );
        return;
    }
    let measured = comparison::document(&schemas).unwrap();
    let written = fs::read_to_string(here.join("../docs/from-core-lightning.md")).unwrap();
    assert!(
        measured == written,
        "docs/from-core-lightning.md is out of date: run `make comparison`"
    );
}

#[test]
fn every_reason_is_needed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let written = fs::read_to_string(here.join("../docs/from-core-lightning.md")).unwrap();
    for (part, why) in comparison::REASONS {
        assert!(written.contains(why), "{part}: nothing differs for this reason");
    }
}
