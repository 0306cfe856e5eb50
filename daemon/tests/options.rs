//! Options from the command line and from files, and how they are refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

use bitcoin::Network;
use boltill_ledger::Cleanable;
use boltilld::options::{Config, LiveConfig, OPTIONS, Opt, OptionError, Request, Takes, help, load};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Loads with a directory of its own, in which these files are.
fn load_with(files: &[(&str, &str)], args: &[&str]) -> Result<Config, OptionError> {
    let home = TempDir::new().unwrap();
    let (config, _) = load_in(&home, files, args)?;
    Ok(config)
}

fn load_in(home: &TempDir, files: &[(&str, &str)], args: &[&str]) -> Result<(Config, String), OptionError> {
    for (name, text) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let directory = home.path().display().to_string();
    let mut all = vec!["boltilld".to_owned(), format!("--lightning-dir={directory}")];
    all.extend(args.iter().map(|arg| arg.replace("HOME", &directory)));
    match load(all.into_iter().map(Into::into))? {
        Request::Run(config) => Ok((*config, directory)),
        Request::Print(text) => panic!("printed {text}"),
    }
}

fn refused(files: &[(&str, &str)], args: &[&str]) -> String {
    load_with(files, args).expect_err("it was accepted").to_string()
}

#[test]
fn without_any_option_there_are_core_lightnings_defaults() {
    let home = TempDir::new().unwrap();
    let (config, directory) = load_in(&home, &[], &[]).unwrap();
    let directory = Path::new(&directory);
    assert_eq!(config.place.network, Network::Bitcoin);
    assert_eq!(config.rpc_file, directory.join("bitcoin/lightning-rpc"));
    assert_eq!(config.pid_file, directory.join("boltilld-bitcoin.pid"));
    assert_eq!(
        (config.rpc_file_mode, config.cltv_final, config.fee_base_msat),
        (0o600, 18, 1000)
    );
    assert_eq!(config.listen[0].address.port(), 9735);
    assert_eq!(config.log.files, [Path::new("-")]);
}

#[test]
fn the_command_line_wins_over_the_networks_file_and_that_over_the_general_one() {
    let files = [
        (
            "config",
            "# comment\n\nregtest\nalias=general\nfee-base=1\n  rgb=010203  \n",
        ),
        ("regtest/config", "alias=network\nfee-base=2\n"),
    ];
    let config = load_with(&files, &["--alias=line"]).unwrap();
    assert_eq!(config.place.network, Network::Regtest);
    assert_eq!(config.alias.as_deref(), Some("line"));
    assert_eq!((config.fee_base_msat, config.rgb), (2, Some([1, 2, 3])));
}

#[test]
fn the_network_of_the_command_line_decides_which_file_is_read() {
    let files = [
        ("config", "network=regtest\n"),
        ("signet/config", "alias=on signet\n"),
    ];
    let config = load_with(&files, &["--signet"]).unwrap();
    assert_eq!(
        (config.place.network, config.alias.as_deref()),
        (Network::Signet, Some("on signet"))
    );
}

#[test]
fn options_that_may_be_given_often_add_up() {
    let config = load_with(
        &[("config", "log-file=a\nbind-addr=127.0.0.1:1\n")],
        &[
            "--log-file",
            "-",
            "--bind-addr",
            "[::1]:2",
            "--log-level=debug",
            "--log-level=info:node",
        ],
    )
    .unwrap();
    assert_eq!(
        (
            config.listen.len(),
            config.log.files.len(),
            config.log.rules.len()
        ),
        (2, 2, 2)
    );
    assert!(config.log.files[0].is_absolute());
}

#[test]
fn a_file_may_include_others_but_not_itself() {
    let files = [
        ("config", "include more/a\n"),
        ("more/a", "alias=a\ninclude b\n"),
        ("more/b", "fee-base=7\n"),
    ];
    let config = load_with(&files, &[]).unwrap();
    assert_eq!((config.alias.as_deref(), config.fee_base_msat), (Some("a"), 7));
    assert!(refused(&[("config", "include config\n")], &[]).contains("included too deep"));
    assert!(refused(&[("config", "include absent\n")], &[]).contains("absent"));
}

#[test]
fn a_file_given_by_name_replaces_the_others_and_must_exist() {
    let files = [
        ("config", "alias=general\n"),
        ("regtest/config", "fee-base=2\n"),
        ("own", "regtest\nalias=own\n"),
    ];
    let config = load_with(&files, &["--conf=HOME/own"]).unwrap();
    assert_eq!((config.alias.as_deref(), config.fee_base_msat), (Some("own"), 1));
    assert!(refused(&[], &["--conf=HOME/absent"]).contains("absent"));
}

#[test]
fn an_option_that_does_not_exist_suggests_the_nearest_and_says_where_it_stands() {
    assert_eq!(
        refused(&[], &["--bitcoin-rpcprot=1"]),
        "unknown option 'bitcoin-rpcprot', did you mean 'bitcoin-rpcport'?"
    );
    let in_file = refused(&[("config", "alias=a\naliass=b\n")], &[]);
    assert!(
        in_file.ends_with("config:2: unknown option 'aliass', did you mean 'alias'?"),
        "{in_file}"
    );
    assert_eq!(refused(&[], &["--zzz"]), "unknown option 'zzz'");
    assert!(refused(&[], &["regtest"]).contains("'regtest' is not an option"));
    assert!(refused(&[], &["--daemon=yes"]).contains("daemon"));
}

#[test]
fn an_option_of_core_lightning_without_meaning_here_is_refused_with_the_reason() {
    for (args, files) in [
        (vec!["--plugin-dir=/x"], vec![]),
        (vec![], vec![("config", "plugin-dir=/x\n")]),
    ] {
        let words = refused(&files, &args);
        assert!(
            words.contains("'plugin-dir' of Core Lightning is not supported: Boltill has no plugins"),
            "{words}"
        );
    }
    assert!(refused(&[], &["--testnet"]).contains("testnet4"));
    assert!(refused(&[], &["--network=testnet"]).contains("testnet4"));
}

#[test]
fn an_option_may_only_stand_where_it_has_a_meaning() {
    assert!(refused(&[("bitcoin/config", "regtest\n")], &[]).contains("cannot stand in one network's file"));
    assert!(refused(&[("config", "conf=/x\n")], &[]).contains("can only stand on the command line"));
    assert!(refused(&[("config", "lightning-dir=/x\n")], &[]).contains("--conf"));
}

#[test]
fn a_value_of_the_wrong_form_is_told_what_it_should_be() {
    for (args, words) in [
        (
            vec!["--network=mars"],
            "network=mars: should be bitcoin, testnet4, signet or regtest",
        ),
        (
            vec!["--fee-base=-1"],
            "fee-base=-1: should be a whole number up to 4294967295",
        ),
        (
            vec!["--fee-base=4294967296"],
            "should be a whole number up to 4294967295",
        ),
        (vec!["--bitcoin-rpcport=0"], "should be a port from 1 to 65535"),
        (
            vec!["--rpc-file-mode=9"],
            "should be permissions in octal, like 0600",
        ),
        (vec!["--rgb=red"], "should be 6 hexadecimal digits"),
        (
            vec!["--alias=123456789012345678901234567890123"],
            "should be 1 to 32 bytes of text",
        ),
        (
            vec!["--log-level=loud"],
            "LEVEL being io, trace, debug, info, unusual or broken",
        ),
        (vec!["--log-timestamps=maybe"], "should be true or false"),
        (vec!["--addr=shop.example"], "should be an IP address"),
        (vec!["--regtest", "--signet"], "name different networks"),
    ] {
        let told = refused(&[], &args);
        assert!(told.contains(words), "{args:?}: {told}");
    }
    assert!(refused(&[("config", "daemon=true\n")], &[]).contains("takes no value"));
    assert!(refused(&[("config", "alias\n")], &[]).contains("needs a value"));
}

#[test]
fn a_password_is_never_shown() {
    let config = load_with(&[], &["--bitcoin-rpcuser=u", "--bitcoin-rpcpassword=hunter2"]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(
        config.warnings()[0].contains("bitcoin-rpcpassword") && !config.warnings()[0].contains("hunter2")
    );
    let in_file = load_with(&[("config", "bitcoin-rpcpassword=hunter2\n")], &[]).unwrap();
    assert!(in_file.warnings().is_empty());
}

#[test]
fn offline_listens_nowhere_and_only_public_addresses_are_announced() {
    assert!(load_with(&[], &["--offline"]).unwrap().listen.is_empty());
    let config = load_with(
        &[],
        &["--addr=127.0.0.1", "--addr=1.2.3.4", "--bind-addr=5.6.7.8"],
    )
    .unwrap();
    let announced: Vec<_> = config.listen.iter().map(|listen| listen.announced).collect();
    assert_eq!(announced, [false, true, false]);
}

#[test]
fn the_help_tells_of_every_option() {
    let help = help();
    for option in OPTIONS {
        assert!(
            help.contains(&format!("--{}", option.name)),
            "{} is not in the help",
            option.name
        );
    }
    let Ok(Request::Print(version)) = load(["boltilld", "-V"].map(Into::into)) else {
        panic!("no version")
    };
    assert!(version.starts_with("boltilld v"));
}

#[test]
fn the_list_of_options_keeps_to_its_own_rules() {
    for Opt { name, doc, takes, .. } in OPTIONS {
        let well_named = name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(well_named, "{name}");
        assert!(
            !doc.is_empty() && !doc.ends_with('.'),
            "{name}: a line of help ends without a dot"
        );
        assert!(
            OPTIONS.iter().filter(|option| option.name == *name).count() == 1,
            "{name} is there twice"
        );
        if let Takes::Text(value) | Takes::Number(value) | Takes::Many(value) = takes {
            assert!(
                value.chars().next().is_some_and(char::is_uppercase),
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn what_is_set_while_the_daemon_runs_is_read_at_the_next_start_behind_all_other_files() {
    let home = TempDir::new().unwrap();
    let files = [
        ("config", "regtest\nautoclean-cycle=1\nmin-capacity-sat=1\n"),
        ("regtest/config", "autoclean-cycle=2\n"),
    ];
    let (config, directory) = load_in(&home, &files, &[]).unwrap();
    let live = LiveConfig::new(config);
    let path = format!("{directory}/regtest/config.setconfig");
    let mut watched = live.watch();
    let set = |name: &str, value: &str, transient| {
        let option = OPTIONS.iter().find(|option| option.name == name).unwrap();
        let setting = live
            .set(option, value, transient)
            .map_err(|error| error.to_string());
        setting.map(|setting| setting.source.to_string())
    };
    assert_eq!(set("autoclean-cycle", "3", false), Ok(format!("{path}:2")));
    assert!(watched.has_changed().unwrap());
    assert_eq!(watched.borrow_and_update().autoclean.cycle.as_secs(), 3);
    assert_eq!(
        set("autoclean-paidinvoices-age", "9", false),
        Ok(format!("{path}:3"))
    );
    assert_eq!(
        set("autoclean-cycle", "4", false),
        Ok(format!("{path}:3")),
        "the old line goes"
    );
    let transient = Ok("setconfig transient".to_owned());
    assert_eq!(set("min-capacity-sat", "5", true), transient);
    assert!(set("autoclean-cycle", "often", false).is_err());
    let now = live.now();
    let paid = Cleanable::PaidInvoices;
    assert_eq!(
        (now.autoclean.cycle.as_secs(), now.autoclean.age(paid)),
        (4, Some(9))
    );
    assert_eq!(now.min_capacity_sat, 5);

    let (again, _) = load_in(&home, &[], &[]).unwrap();
    assert_eq!(
        (again.autoclean.cycle.as_secs(), again.autoclean.age(paid)),
        (4, Some(9))
    );
    assert_eq!(again.min_capacity_sat, 1, "that was for one run only");
    let (line, _) = load_in(&home, &[], &["--autoclean-cycle=6"]).unwrap();
    assert_eq!(line.autoclean.cycle.as_secs(), 6);
    // As Core Lightning leaves its configuration.
    let including = [("regtest/config", "include config.setconfig\nautoclean-cycle=8\n")];
    let (including, _) = load_in(&home, &including, &[]).unwrap();
    assert_eq!(
        including.autoclean.cycle.as_secs(),
        8,
        "it is read where it is included"
    );
}

#[test]
fn with_a_file_of_ones_own_what_is_set_goes_beside_it() {
    let home = TempDir::new().unwrap();
    let (config, directory) = load_in(&home, &[("own", "regtest\n")], &["--conf=HOME/own"]).unwrap();
    let option = OPTIONS
        .iter()
        .find(|option| option.name == "min-capacity-sat")
        .unwrap();
    let set = LiveConfig::new(config).set(option, "7", false).unwrap();
    assert_eq!(set.source.to_string(), format!("{directory}/own.setconfig:2"));
    let (again, _) = load_in(&home, &[], &["--conf=HOME/own"]).unwrap();
    assert_eq!(again.min_capacity_sat, 7);
}
