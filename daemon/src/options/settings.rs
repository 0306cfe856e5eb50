//! Options as they were written, and where.

use super::OptionError;
use super::list::{Default, Opt, Place, Takes, find};
use std::fmt;
use std::path::{Path, PathBuf};

/// One option as it was given.
#[derive(Clone)]
pub struct Setting {
    /// The option.
    pub option: &'static Opt,
    /// Its value as text; `true` for an option that takes none.
    pub value: String,
    /// Where it stands.
    pub source: Source,
}

/// Where a value comes from; its `Display` is what `listconfigs` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody gave one.
    Default,
    /// The command line.
    CommandLine,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
    /// `setconfig`, until the daemon stops.
    Transient,
}

impl Source {
    /// Whether it is a line of that file.
    pub fn is_file(&self, file: &Path) -> bool {
        matches!(self, Source::File { path, .. } if path == file)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::CommandLine => f.write_str("cmdline"),
            Source::Transient => f.write_str("setconfig transient"),
            Source::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// What is shown in place of a secret.
const CONCEALED: &str = "...";

impl Setting {
    /// The value, unless nobody may see it.
    pub fn shown(&self) -> &str {
        if self.option.secret {
            CONCEALED
        } else {
            &self.value
        }
    }

    /// The error of a value that is not what the option takes.
    pub fn should_be(&self, should_be: impl Into<String>) -> OptionError {
        OptionError::Value {
            setting: self.to_string(),
            should_be: should_be.into(),
        }
    }
}

/// `option=value (file:line)`
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.option.name)?;
        if self.option.takes != Takes::Nothing {
            write!(f, "={}", self.shown())?;
        }
        match self.source {
            Source::Default | Source::CommandLine | Source::Transient => Ok(()),
            Source::File { .. } => write!(f, " ({})", self.source),
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Everything that was given, the later overriding the earlier.
#[derive(Clone, Debug, std::default::Default)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// Puts further settings behind these, so that they override them.
    pub fn extend(&mut self, later: Settings) {
        self.0.extend(later.0);
    }

    /// Adds one, overriding those before it.
    pub fn push(&mut self, setting: Setting) {
        self.0.push(setting);
    }

    /// Every one that was given for an option, in order.
    pub fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &Setting> {
        self.0.iter().filter(move |setting| setting.option.name == name)
    }

    /// The one that counts.
    pub fn last(&self, name: &str) -> Option<&Setting> {
        self.all(name).next_back()
    }

    /// The one that counts, or the default where there is one.
    pub fn effective(&self, name: &str, place: &Place) -> Option<Setting> {
        if let Some(setting) = self.last(name) {
            return Some(setting.clone());
        }
        let option = find(name)?;
        let value = match option.default {
            Default::Unset => return None,
            Default::Is(value) => value.to_owned(),
            Default::From(make) => make(place),
        };
        Some(Setting {
            option,
            value,
            source: Source::Default,
        })
    }

    /// Everything, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }
}

impl FromIterator<Setting> for Settings {
    fn from_iter<I: IntoIterator<Item = Setting>>(settings: I) -> Settings {
        Settings(settings.into_iter().collect())
    }
}
