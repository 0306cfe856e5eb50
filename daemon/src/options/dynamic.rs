//! Options that are changed while the daemon runs.

use super::file::{read_setconfig_file, setconfig_file};
use super::list::{Opt, Takes};
use super::settings::{Setting, Settings, Source};
use super::{Config, OptionError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What the file begins with.
const HEAD: &str = "# Written by setconfig. You can edit it while the daemon is stopped.";

/// The options as they are now, and every change of them; clones are of the same ones.
#[derive(Clone, Debug)]
pub struct LiveConfig(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    now: watch::Sender<Arc<Config>>,
    /// Held while one is changed, so that changes come one after another.
    changing: Mutex<()>,
}

/// Why an option was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SetConfigError {
    /// The value is not what the option takes.
    #[error(transparent)]
    Value(#[from] OptionError),
    /// It could not be written to the file, and is as it was.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl LiveConfig {
    /// The options that the daemon was started with.
    pub fn new(config: Config) -> LiveConfig {
        LiveConfig(Arc::new(Inner {
            now: watch::Sender::new(Arc::new(config)),
            changing: Mutex::default(),
        }))
    }

    /// The options now.
    pub fn now(&self) -> Arc<Config> {
        self.0.now.borrow().clone()
    }

    /// The options, and every change of them.
    pub fn watch(&self) -> watch::Receiver<Arc<Config>> {
        self.0.now.subscribe()
    }

    /// Changes an option that can be changed; unless it is for this run only, writes it down first. Blocks while it does.
    ///
    /// # Errors
    /// [`SetConfigError`]: nothing has changed then.
    pub fn set(&self, option: &'static Opt, value: &str, transient: bool) -> Result<Setting, SetConfigError> {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.now();
        let mut setting = Setting {
            option,
            value: value.to_owned(),
            source: Source::Transient,
        };
        let look_at = |settings| Config::new(old.place.clone(), settings);
        let mut config = look_at(replaced(&old.settings, &setting, None))?;
        if !transient {
            let given = old.settings.last("conf").map(|conf| PathBuf::from(&conf.value));
            let given = given.map(|path| std::path::absolute(&path).unwrap_or(path));
            let path = setconfig_file(&old.place, given.as_deref());
            write(&path, &setting).map_err(|source| SetConfigError::File {
                path: path.clone(),
                source,
            })?;
            let written = read_setconfig_file(&path)?;
            if let Some(line) = written.last(option.name) {
                setting.source = line.source.clone();
            }
            config = look_at(replaced(&old.settings, &setting, Some((&path, &written))))?;
            let shadowed = old.settings.all(option.name);
            if shadowed
                .into_iter()
                .any(|given| given.source == Source::CommandLine)
            {
                tracing::warn!(
                    "--{} on the command line will count again at the next start",
                    option.name
                );
            }
        }
        self.0.now.send_replace(Arc::new(config));
        tracing::info!("setconfig: {setting}");
        Ok(setting)
    }
}

/// The settings with one in the place of all that were given for its option, and with a file as it is now.
fn replaced(old: &Settings, new: &Setting, file: Option<(&Path, &Settings)>) -> Settings {
    let others = |setting: &&Setting| setting.option.name != new.option.name;
    let (before, behind): (Vec<&Setting>, Vec<&Setting>) = old
        .iter()
        .filter(others)
        .filter(|setting| !file.is_some_and(|(path, _)| setting.source.is_file(path)))
        .partition(|setting| matches!(setting.source, Source::File { .. }));
    let written = file.into_iter().flat_map(|(_, settings)| settings.iter());
    // What the command line says, and what was set for this run, still comes last.
    let all = before.into_iter().chain(written.filter(others)).chain(behind);
    all.chain([new]).cloned().collect()
}

/// Puts a setting at the end of the file, in the place of what was there for its option; whole or not at all.
fn write(path: &Path, setting: &Setting) -> io::Result<()> {
    let old = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("{HEAD}\n"),
        read => read?,
    };
    let is_other = |line: &&str| {
        let name = line.split('=').next().unwrap_or_default();
        name.trim() != setting.option.name
    };
    let mut text: String = old
        .lines()
        .filter(is_other)
        .flat_map(|line| [line, "\n"])
        .collect();
    text.push_str(setting.option.name);
    if setting.option.takes != Takes::Nothing {
        text.push('=');
        text.push_str(&setting.value);
    }
    text.push('\n');
    let unfinished = path.with_extension("unfinished");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
