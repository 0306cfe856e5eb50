//! The certificates of a first start: an authority of our own, and what it signs. The names are those of Core Lightning.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

const CA: &str = "ca.pem";
const CA_KEY: &str = "ca-key.pem";
const SERVER: &str = "server.pem";
const SERVER_KEY: &str = "server-key.pem";
const CLIENT: &str = "client.pem";
const CLIENT_KEY: &str = "client-key.pem";

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("cannot read {}: {source}; when it is removed, all certificates are made anew", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// Key and certificate are not of use.
    #[error("the certificate for HTTP is of no use: {0}; when it is removed, all certificates are made anew")]
    Tls(#[from] rustls::Error),
}

/// What speaks TLS with the server's certificate. If any of the files is missing, all are made.
pub fn acceptor(directory: &Path, host: IpAddr) -> Result<TlsAcceptor, CertificateError> {
    if !all_there(directory) {
        make(directory, host)?;
    }
    let (path, key_path) = (directory.join(SERVER), directory.join(SERVER_KEY));
    let read = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateError::Read { path, source }
    };
    let chain = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(read(&path))?;
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(read(&key_path))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn all_there(directory: &Path) -> bool {
    [CA, CA_KEY, SERVER, SERVER_KEY, CLIENT, CLIENT_KEY]
        .iter()
        .all(|name| fs::metadata(directory.join(name)).is_ok_and(|file| file.len() > 0))
}

fn make(directory: &Path, host: IpAddr) -> Result<(), CertificateError> {
    let written = |source| CertificateError::Write {
        path: directory.to_owned(),
        source,
    };
    fs::create_dir_all(directory).map_err(written)?;
    let mut ca = named("Boltill REST CA", Vec::new())?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let ca_pem = ca.self_signed(&ca_key)?.pem();
    let issuer = Issuer::from_params(&ca, &ca_key);

    let names = vec!["cln".to_owned(), "localhost".to_owned()];
    let mut server = named("Boltill REST server", names.clone())?;
    let mut addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into(), host];
    addresses.dedup();
    addresses.retain(|address: &IpAddr| !address.is_unspecified());
    server
        .subject_alt_names
        .extend(addresses.into_iter().map(SanType::IpAddress));
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
    let server_key = KeyPair::generate()?;
    let server_pem = server.signed_by(&server_key, &issuer)?.pem();

    let client = named("Boltill REST client", names)?;
    let client_key = KeyPair::generate()?;
    let client_pem = client.signed_by(&client_key, &issuer)?.pem();

    // The key before its certificate; what a crash leaves half done is made anew, since something is missing.
    write(directory, CA_KEY, &ca_key.serialize_pem(), 0o600)?;
    write(directory, SERVER_KEY, &server_key.serialize_pem(), 0o600)?;
    write(directory, CLIENT_KEY, &client_key.serialize_pem(), 0o600)?;
    write(directory, CA, &ca_pem, 0o644)?;
    write(directory, CLIENT, &client_pem, 0o644)?;
    write(directory, SERVER, &server_pem, 0o644)
}

fn named(name: &str, names: Vec<String>) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Writes under another name first, so that a file is whole or not there.
fn write(directory: &Path, name: &str, text: &str, mode: u32) -> Result<(), CertificateError> {
    let path = directory.join(name);
    let unfinished = directory.join(format!("{name}.unfinished"));
    let write = || -> io::Result<()> {
        // A file that is left over may have another mode.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|source| CertificateError::Write { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn contents(directory: &Path) -> Vec<String> {
        let names = [CA, CA_KEY, SERVER, SERVER_KEY, CLIENT, CLIENT_KEY];
        names
            .map(|name| fs::read_to_string(directory.join(name)).unwrap())
            .to_vec()
    }

    #[test]
    fn certificates_are_made_once_and_all_of_them_anew_when_one_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("certificates");
        let host = IpAddr::from([127, 0, 0, 1]);
        acceptor(&path, host).unwrap();
        let first = contents(&path);
        acceptor(&path, host).unwrap();
        assert_eq!(contents(&path), first);
        fs::remove_file(path.join(CLIENT)).unwrap();
        acceptor(&path, host).unwrap();
        assert!(contents(&path).iter().zip(&first).all(|(new, old)| new != old));
    }

    #[test]
    fn keys_are_for_their_owner_alone_and_damage_is_told() {
        let directory = tempfile::tempdir().unwrap();
        acceptor(directory.path(), IpAddr::from([0, 0, 0, 0])).unwrap();
        for key in [CA_KEY, SERVER_KEY, CLIENT_KEY] {
            let mode = fs::metadata(directory.path().join(key))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
        fs::write(directory.path().join(SERVER_KEY), "no key").unwrap();
        let error = acceptor(directory.path(), IpAddr::from([0, 0, 0, 0]))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("server-key.pem") && error.contains("made anew"),
            "{error}"
        );
    }
}
