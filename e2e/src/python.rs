//! Python with packages from PyPI, in an environment of its own under `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter of an environment that has these packages (as `pip install` takes them), made on first use.
///
/// `None` where there is no Python or no PyPI: the test says loudly that it did not run. With `BOLTILL_REQUIRE_ALL=1`, as in CI,
/// that is a failure.
pub fn with_packages(name: &str, packages: &[&str]) -> Option<PathBuf> {
    match prepare(name, packages) {
        Ok(python) => Some(python),
        Err(why) if std::env::var_os("BOLTILL_REQUIRE_ALL").is_some_and(|value| value == "1") => {
            panic!("Python with {packages:?} is required: {why}")
        }
        Err(why) => {
            eprintln!("NOT RUN: this test needs Python with {packages:?}: {why}");
            None
        }
    }
}

fn prepare(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let folder = target_folder()?.join("python").join(name);
    let python = folder.join("bin").join("python");
    let ready = folder.join(format!("ready-{}", packages.join("-")));
    if ready.exists() {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(packages))?;
    std::fs::write(&ready, "").map_err(|error| error.to_string())?;
    Ok(python)
}

/// `target/`, seen from a test that runs in `target/<profile>/deps/`.
fn target_folder() -> Result<PathBuf, String> {
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    test.ancestors()
        .nth(3)
        .map(Path::to_owned)
        .ok_or_else(|| "the test is not in a target folder".to_owned())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
