//! Options of Core Lightning that have no meaning here.

use super::OptionError;
use super::list::OPTIONS;

const PLUGINS: &str = "Boltill has no plugins, what the usual ones do is built in";
const HSM: &str = "keys are in the daemon, and their seed in a file that only its owner can read";
const TOR: &str = "there is no Tor support, announce an onion service that you run with announce-addr";
const ENGINE: &str = "Boltill's Lightning engine decides this itself";
const BITCOIND: &str = "bitcoind is asked directly, see the bitcoin-rpc options";
const STORE: &str = "the ledger is always in the network's directory";

/// Names, or beginnings of names where a `*` ends them, and why each is refused.
pub static REFUSED: &[(&str, &str)] = &[
    ("accept-htlc-tlv-type", ENGINE),
    (
        "allow-deprecated-apis",
        "older names of parameters are always accepted, and never returned",
    ),
    ("always-use-proxy", TOR),
    (
        "announce-addr-discovered*",
        "only addresses that are given are announced",
    ),
    (
        "announce-addr-dns",
        "a name given with announce-addr is announced",
    ),
    (
        "autoclean-networkevents-age",
        "there is no record of network events",
    ),
    ("autoconnect-seeker-peers", ENGINE),
    (
        "autolisten",
        "use offline, or give the addresses to listen on with bind-addr",
    ),
    ("bitcoin-cli", BITCOIND),
    (
        "bitcoin-retry-timeout",
        "bitcoind is waited for as long as it takes",
    ),
    ("bitcoin-rpcclienttimeout", BITCOIND),
    ("bookkeeper-*", "there is no bookkeeper"),
    ("clear-plugins", PLUGINS),
    (
        "clnrest-csp",
        "pages are served with a policy that allows nothing",
    ),
    ("clnrest-swagger-root", "there are no pages, see help"),
    ("commit-*", ENGINE),
    ("currencyrate-*", "amounts are in bitcoin only"),
    (
        "database-upgrade",
        "the ledger is brought up to date at every start",
    ),
    (
        "disable-dns",
        "names are only looked up to connect to a peer that was given by name",
    ),
    ("disable-mpp", "payments in several parts are always taken"),
    ("disable-plugin", PLUGINS),
    ("encrypted-hsm", HSM),
    (
        "experimental-*",
        "what is finished is always on, and nothing else is there",
    ),
    ("funder-*", "channels are not funded from both sides"),
    ("funding-confirms", ENGINE),
    ("grpc-*", "there is no gRPC, use the socket"),
    ("hsm-*", HSM),
    ("htlc-maximum-msat", ENGINE),
    ("htlc-minimum-msat", ENGINE),
    (
        "i-promise-to-fix-broken-api-user",
        "older names of parameters are always accepted",
    ),
    (
        "ignore-fee-limits",
        "a peer's fees are always held to what is safe",
    ),
    ("important-plugin", PLUGINS),
    ("large-channels", "large channels are always allowed"),
    ("max-concurrent-htlcs", ENGINE),
    ("max-dust-htlc-exposure-msat", ENGINE),
    ("plugin", PLUGINS),
    ("plugin-dir", PLUGINS),
    ("proxy", TOR),
    (
        "recover",
        "put the seed file in the network's directory before the first start",
    ),
    (
        "require-confirmed-inputs",
        "channels are not funded from both sides",
    ),
    ("rest-*", "use the clnrest options"),
    ("subdaemon", "Boltill is one process"),
    ("testnet", "testnet3 is at its end, use testnet4"),
    ("tor-service-password", TOR),
    ("wallet", STORE),
    ("watchtime-blocks", ENGINE),
    ("dev-*", "it tests the inside of Core Lightning"),
];

/// The error for an option that is not in the list.
pub fn unknown(name: &str, source_of: String) -> OptionError {
    let refused = REFUSED
        .iter()
        .find(|(pattern, _)| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => *pattern == name,
        });
    match refused {
        Some((_, reason)) => OptionError::Refused {
            name: name.to_owned(),
            reason,
            source_of,
        },
        None => OptionError::Unknown {
            name: name.to_owned(),
            nearest: nearest(name),
            source_of,
        },
    }
}

/// How alike, from 0 to 1, two names must be for one to have been meant by the other.
const ALIKE: f64 = 0.75;

fn nearest(name: &str) -> Option<&'static str> {
    let alike = OPTIONS
        .iter()
        .map(|option| (strsim::jaro_winkler(name, option.name), option.name));
    let (score, nearest) = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score >= ALIKE).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_either_ours_or_refused() {
        for option in OPTIONS.iter().filter(|option| !option.name.starts_with("dev-")) {
            let error = unknown(option.name, String::new());
            assert!(
                matches!(error, OptionError::Unknown { .. }),
                "{} is refused and listed",
                option.name
            );
        }
    }

    #[test]
    fn a_misspelling_gets_the_nearest_name_and_nonsense_none() {
        assert_eq!(nearest("bitcoin-rpcpasword"), Some("bitcoin-rpcpassword"));
        assert_eq!(nearest("netwrok"), Some("network"));
        assert_eq!(nearest("qqqqqqq"), None);
    }

    #[test]
    fn the_reason_is_told_with_the_name() {
        let error = unknown("plugin-dir", String::new()).to_string();
        assert!(
            error.contains("'plugin-dir'") && error.contains("no plugins"),
            "{error}"
        );
        assert!(
            unknown("autoclean-networkevents-age", String::new())
                .to_string()
                .contains("no record of network events")
        );
    }
}
