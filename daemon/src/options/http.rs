//! Whether and where commands are answered over HTTP.

use super::OptionError;
use super::list::Place;
use super::settings::{Setting, Settings};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where to answer over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// The address to listen at.
    pub address: SocketAddr,
    /// Where the certificates are; none for HTTP without encryption.
    pub certificates: Option<PathBuf>,
    /// Which web pages may read the answers.
    pub origins: Origins,
}

/// Origins of web pages: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every one.
    Any,
    /// These.
    These(Vec<String>),
}

impl Origins {
    fn read(settings: &Settings) -> Result<Origins, OptionError> {
        let mut origins = Vec::new();
        for setting in settings.all("clnrest-cors-origins") {
            match setting.value.as_str() {
                "*" => return Ok(Origins::Any),
                origin if is_origin(origin) => origins.push(origin.to_owned()),
                _ => return Err(setting.should_be("should be * or an origin like https://shop.example")),
            }
        }
        Ok(match origins.is_empty() {
            true => Origins::Any,
            false => Origins::These(origins),
        })
    }
}

/// What browsers send as the origin of a page: no path, and no `/` at the end, with which it would never match.
fn is_origin(text: &str) -> bool {
    let host = text.split_once("://").map(|(_, host)| host);
    text == "null"
        || host.is_some_and(|host| {
            !host.is_empty() && !host.contains('/') && text.bytes().all(|b| b.is_ascii_graphic())
        })
}

impl HttpConfig {
    /// `None` unless there is a port. The other options are looked at all the same.
    pub(super) fn read(place: &Place, settings: &Settings) -> Result<Option<HttpConfig>, OptionError> {
        let port = parsed(
            settings,
            place,
            "clnrest-port",
            "a port from 1 to 65535",
            |text| text.parse::<u16>().ok().filter(|port| *port != 0),
        )?;
        let host = parsed(
            settings,
            place,
            "clnrest-host",
            "an IP address",
            |text| match text {
                "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
                _ => text.trim_start_matches('[').trim_end_matches(']').parse().ok(),
            },
        )?;
        let protocol = parsed(settings, place, "clnrest-protocol", "https or http", |text| {
            let is = |name| text.eq_ignore_ascii_case(name);
            (is("https") || is("http")).then(|| is("https"))
        })?;
        let directory = settings.effective("clnrest-certs", place);
        let directory = directory.map_or_else(|| place.network_dir(), |setting| place.resolve(setting.value));
        let origins = Origins::read(settings)?;
        let (Some(port), Some(host), Some(is_https)) = (port, host, protocol) else {
            return Ok(None);
        };
        Ok(Some(HttpConfig {
            address: SocketAddr::new(host, port),
            certificates: is_https.then_some(directory),
            origins,
        }))
    }
}

fn parsed<T>(
    settings: &Settings,
    place: &Place,
    name: &str,
    should_be: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, OptionError> {
    let parse = |setting: Setting| {
        let parsed = parse(&setting.value);
        parsed.ok_or_else(|| setting.should_be(format!("should be {should_be}")))
    };
    settings.effective(name, place).map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::{Request, load};
    use super::*;

    fn http(options: &[&str]) -> Result<Option<HttpConfig>, String> {
        let args = ["boltilld", "--regtest", "--lightning-dir=/nonexistent"];
        let args = args.iter().chain(options).map(Into::into);
        match load(args) {
            Ok(Request::Run(config)) => Ok(config.http),
            Ok(Request::Print(text)) => Err(text),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn http_is_off_without_a_port_and_encrypted_with_one() {
        assert_eq!(http(&["--clnrest-host=::1", "--clnrest-protocol=http"]), Ok(None));
        let with_port = http(&["--clnrest-port=3010"]).unwrap().unwrap();
        assert_eq!(with_port.address.to_string(), "127.0.0.1:3010");
        assert_eq!(
            with_port.certificates,
            Some(PathBuf::from("/nonexistent/regtest"))
        );
        let options = [
            "--clnrest-port=3010",
            "--clnrest-host=[::1]",
            "--clnrest-protocol=HTTP",
        ];
        let plain = http(&options).unwrap().unwrap();
        assert_eq!(
            (plain.address.to_string(), plain.certificates),
            ("[::1]:3010".to_owned(), None)
        );
    }

    #[test]
    fn all_pages_may_read_the_answers_unless_some_are_named() {
        let origins = |options: &[&str]| {
            let options = [&["--clnrest-port=3010"], options].concat();
            http(&options).map(|config| config.unwrap().origins)
        };
        assert_eq!(origins(&[]), Ok(Origins::Any));
        let two = [
            "--clnrest-cors-origins=https://shop.example",
            "--clnrest-cors-origins=http://localhost:3000",
        ];
        let named = Origins::These(vec![
            "https://shop.example".to_owned(),
            "http://localhost:3000".to_owned(),
        ]);
        assert_eq!(origins(&two), Ok(named));
        assert_eq!(origins(&[two[0], "--clnrest-cors-origins=*"]), Ok(Origins::Any));
        for wrong in ["shop.example", "https://shop.example/", "https://"] {
            let error = origins(&[&format!("--clnrest-cors-origins={wrong}")]).unwrap_err();
            assert!(error.contains("should be * or an origin"), "{wrong}: {error}");
        }
    }

    #[test]
    fn what_is_no_port_address_or_protocol_is_refused() {
        for (option, should_be) in [
            ("--clnrest-port=0", "a port from 1 to 65535"),
            ("--clnrest-port=65536", "a port from 1 to 65535"),
            ("--clnrest-host=example.com", "an IP address"),
            ("--clnrest-protocol=gopher", "https or http"),
        ] {
            let error = http(&["--clnrest-port=3010", option]).unwrap_err();
            assert!(error.contains(should_be), "{option}: {error}");
        }
    }
}
