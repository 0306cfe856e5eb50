//! Configuration files: options without their dashes, one in a line.

use super::OptionError;
use super::list::{InFiles, Place, Takes, find, network_name};
use super::refused;
use super::settings::{Setting, Settings, Source};
use bitcoin::Network;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many files may include one another before it is taken for a circle.
const MAX_INCLUDES: usize = 32;

/// The flags that stand for a network.
const NETWORKS: [(&str, Network); 4] = [
    ("mainnet", Network::Bitcoin),
    ("testnet4", Network::Testnet4),
    ("signet", Network::Signet),
    ("regtest", Network::Regtest),
];

/// Finds and reads the files that the command line leads to, and puts the command line on top of them.
pub fn read_all(command_line: Settings) -> Result<(Place, Settings), OptionError> {
    let given = command_line
        .last("conf")
        .map(|conf| absolute(&conf.value))
        .transpose()?;
    let mut settings = Settings::default();
    if let Some(path) = &given {
        settings.extend(read(path, FileKind::Given)?);
    }
    let lightning_dir = match command_line
        .last("lightning-dir")
        .or(settings.last("lightning-dir"))
    {
        Some(directory) => absolute(&directory.value)?,
        None => std::env::home_dir().ok_or(OptionError::NoHome)?.join(".boltill"),
    };
    if given.is_none() {
        settings.extend(read_if_there(&lightning_dir.join("config"), FileKind::General)?);
    }
    let network = network(&command_line)?
        .or(network(&settings)?)
        .unwrap_or(Network::Bitcoin);
    let place = Place {
        lightning_dir,
        network,
    };
    if given.is_none() {
        settings.extend(read_if_there(
            &place.network_dir().join("config"),
            FileKind::OneNetworks,
        )?);
    }
    let written = setconfig_file(&place, given.as_deref());
    // Core Lightning's configuration includes that file; ours is read anyhow, and not twice.
    if !settings.iter().any(|setting| setting.source.is_file(&written)) {
        settings.extend(read_if_there(&written, FileKind::OneNetworks)?);
    }
    settings.extend(command_line);
    Ok((place, settings))
}

/// Where `setconfig` writes: the network's file, or one beside the file that was given.
pub fn setconfig_file(place: &Place, given: Option<&Path>) -> PathBuf {
    match given {
        Some(given) => {
            let mut path = given.as_os_str().to_owned();
            path.push(".setconfig");
            path.into()
        }
        None => place.network_dir().join("config.setconfig"),
    }
}

/// What `setconfig` has written, as it is now.
pub fn read_setconfig_file(path: &Path) -> Result<Settings, OptionError> {
    read_if_there(path, FileKind::OneNetworks)
}

fn absolute(path: &str) -> Result<PathBuf, OptionError> {
    std::path::absolute(path).map_err(|source| OptionError::File {
        path: path.into(),
        source,
    })
}

/// The network that these settings name, if they do.
fn network(settings: &Settings) -> Result<Option<Network>, OptionError> {
    let mut found: Option<(&Setting, Network)> = None;
    for setting in settings.iter() {
        let network = match setting.option.name {
            "network" => named(setting)?,
            name => match NETWORKS.iter().find(|(flag, _)| *flag == name) {
                Some((_, network)) => *network,
                None => continue,
            },
        };
        match found {
            // An option that is given twice counts as it was given last; two different ones must agree.
            Some((first, other)) if other != network && first.option.name != setting.option.name => {
                return Err(OptionError::TwoNetworks(first.to_string(), setting.to_string()));
            }
            _ => found = Some((setting, network)),
        }
    }
    Ok(found.map(|(_, network)| network))
}

fn named(setting: &Setting) -> Result<Network, OptionError> {
    let name = setting.value.as_str();
    match NETWORKS
        .iter()
        .find(|(_, network)| network_name(*network) == name)
    {
        Some((_, network)) => Ok(*network),
        None if name == "testnet" => Err(refused::unknown("testnet", String::new())),
        None => Err(setting.should_be("should be bitcoin, testnet4, signet or regtest")),
    }
}

/// Which options may stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    /// That of `--conf`.
    Given,
    /// `DIR/config`
    General,
    /// `DIR/NETWORK/config`
    OneNetworks,
}

fn read_if_there(path: &Path, kind: FileKind) -> Result<Settings, OptionError> {
    match read(path, kind) {
        Err(OptionError::File {
            source,
            path: missing,
        }) if missing == path && source.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
        read => read,
    }
}

fn read(path: &Path, kind: FileKind) -> Result<Settings, OptionError> {
    let mut settings = Settings::default();
    read_into(&mut settings, path, kind, 0)?;
    Ok(settings)
}

/// An included file is read where the line is that names it; a relative name starts at the including file's directory.
fn read_into(settings: &mut Settings, path: &Path, kind: FileKind, depth: usize) -> Result<(), OptionError> {
    let failed = |source| OptionError::File {
        path: path.to_owned(),
        source,
    };
    if depth > MAX_INCLUDES {
        return Err(failed(io::Error::other(
            "it is included too deep, perhaps by itself",
        )));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(included) = line.strip_prefix("include ") {
            let directory = path.parent().unwrap_or(Path::new("/"));
            read_into(settings, &directory.join(included.trim()), kind, depth + 1)?;
            continue;
        }
        let source = Source::File {
            path: path.to_owned(),
            line: at + 1,
        };
        settings.push(setting(line, source, kind)?);
    }
    Ok(())
}

fn setting(line: &str, source: Source, kind: FileKind) -> Result<Setting, OptionError> {
    let (name, value) = match line.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
        None => (line, None),
    };
    let Some(option) = find(name) else {
        return Err(refused::unknown(name, format!("{source}: ")));
    };
    let value = match (option.takes, value) {
        (Takes::Nothing, None) => "true".to_owned(),
        (Takes::Nothing, Some(_)) => {
            let setting = Setting {
                option,
                value: String::new(),
                source,
            };
            return Err(setting.should_be("takes no value"));
        }
        (_, Some(value)) => value.to_owned(),
        (_, None) => {
            let setting = Setting {
                option,
                value: String::new(),
                source,
            };
            return Err(setting.should_be("needs a value"));
        }
    };
    let setting = Setting {
        option,
        value,
        source,
    };
    let misplaced = |why| {
        Err(OptionError::Misplaced {
            setting: setting.to_string(),
            why,
        })
    };
    match (option.in_files, kind) {
        (InFiles::Anywhere, _) | (InFiles::General, FileKind::General | FileKind::Given) => Ok(setting),
        (InFiles::GivenFile, FileKind::Given) => Ok(setting),
        (InFiles::General, FileKind::OneNetworks) => misplaced("cannot stand in one network's file"),
        (InFiles::GivenFile, _) => {
            misplaced("can only stand on the command line, or in a file given with --conf")
        }
        (InFiles::Nowhere, _) => misplaced("can only stand on the command line"),
    }
}
