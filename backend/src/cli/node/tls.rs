//! HTTPS for `cairn node`: its flags, and the certificate that a node keeps for itself.

use std::{
    fs,
    io::ErrorKind,
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    cli::{
        WrongUse,
        files::{self, Readers},
    },
    tls::{
        Identity, TlsError, parse_certificates,
        self_signed::{self, certificate_name},
    },
};

/// The greatest file that is read; a chain of certificates has a few thousand bytes.
const MAX_PEM: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct TlsArgs {
    /// Serves HTTPS with this certificate, and those that lead from it to its root, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM: PKCS#8, SEC1 or RSA, not encrypted
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serves HTTPS with a certificate that the node makes for itself and keeps in its data folder: browsers warn of it
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    pub(super) tls_self_signed: bool,
}

impl TlsArgs {
    /// As whom the node serves by the files that were named; none without them.
    ///
    /// # Errors
    /// When one cannot be read, or they do not belong together.
    pub(super) fn given(&self) -> Result<Option<Identity>> {
        let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) else {
            return Ok(None);
        };
        let (cert_pem, key_pem) = (files::read(cert, MAX_PEM)?, files::read(key, MAX_PEM)?);
        let identity = Identity::from_pem(&cert_pem, &key_pem).map_err(|error| {
            let file = match &error {
                TlsError::NoCertificate | TlsError::CertificateInvalid(_) => cert,
                TlsError::NoKey | TlsError::KeyInvalid(_) => key,
                TlsError::KeyOfAnother => {
                    return anyhow::anyhow!(
                        "the key in {} is not that of the certificate in {}",
                        key.display(),
                        cert.display()
                    );
                }
            };
            anyhow::Error::new(error).context(file.display().to_string())
        })?;
        Ok(Some(identity))
    }
}

/// A node's own certificate: the names for which it must be good, and the files.
pub(super) struct OwnCertificate {
    names: Vec<String>,
    certificate: PathBuf,
    key: PathBuf,
}

impl OwnCertificate {
    /// For a node with its data in `data_dir` that listens on `address`.
    ///
    /// # Errors
    /// When a host cannot stand in a certificate.
    pub(super) fn new(data_dir: &Path, allow_hosts: &[String], address: IpAddr) -> Result<Self> {
        let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        for host in allow_hosts {
            let name = certificate_name(without_port(host)).ok_or_else(|| {
                WrongUse(format!(
                    "--allow-host {host} is neither a name nor an address, and no certificate can be made for it"
                ))
            })?;
            names.push(name);
        }
        if !address.is_unspecified() {
            names.push(address.to_canonical().to_string());
        }
        names.sort();
        names.dedup();
        let folder = data_dir.join("tls");
        Ok(Self {
            names,
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        })
    }

    /// Where the certificate lies.
    pub(super) fn path(&self) -> &Path {
        &self.certificate
    }

    /// The certificate that is kept, as long as it is good for every name; otherwise a new one, which is kept from now on.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub(super) fn open(&self, now_ms: u64) -> Result<Identity> {
        if let Some(kept) = self.kept(now_ms)? {
            return Ok(kept);
        }
        let made = self_signed::make(&self.names, now_ms)?;
        let identity = Identity::from_pem(made.certificate.as_bytes(), made.key.as_bytes())?;
        // A key without its certificate is no pair, so after a crash between the two both are made again.
        files::replace(&self.key, made.key.as_bytes(), Readers::Owner)?;
        files::replace(&self.certificate, made.certificate.as_bytes(), Readers::Usual)?;
        Ok(identity)
    }

    fn kept(&self, now_ms: u64) -> Result<Option<Identity>> {
        for file in [&self.certificate, &self.key] {
            match fs::symlink_metadata(file) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
            }
        }
        let certificate = files::read(&self.certificate, MAX_PEM)?;
        let key = files::read(&self.key, MAX_PEM)?;
        let is_good = parse_certificates(&certificate)
            .is_ok_and(|chain| self_signed::is_good_for(&chain[0], &self.names, now_ms));
        Ok(Identity::from_pem(&certificate, &key).ok().filter(|_| is_good))
    }
}

/// The host of NAME or NAME:PORT; an address of IPv6 with a port stands in brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn the_certificate_is_for_every_name_of_the_node() {
        let names = |hosts: &[&str], address: IpAddr| {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            OwnCertificate::new(Path::new("data"), &hosts, address).map(|own| own.names)
        };
        let loopback = ["127.0.0.1", "::1", "localhost"];
        assert_eq!(names(&[], Ipv4Addr::LOCALHOST.into()).unwrap(), loopback);
        assert_eq!(names(&[], Ipv6Addr::UNSPECIFIED.into()).unwrap(), loopback);
        let own = names(
            &[
                "Club.example:8443",
                "club.example",
                "192.168.1.5:5000",
                "[fe80::1]:5000",
                "fe80::2",
            ],
            Ipv4Addr::new(10, 0, 0, 7).into(),
        );
        let expected = [
            "10.0.0.7",
            "127.0.0.1",
            "192.168.1.5",
            "::1",
            "club.example",
            "fe80::1",
            "fe80::2",
            "localhost",
        ];
        assert_eq!(own.unwrap(), expected);
        let error = names(&["*"], Ipv4Addr::LOCALHOST.into()).unwrap_err();
        assert!(error.to_string().starts_with("--allow-host * is neither"), "{error}");
    }

    #[test]
    fn what_is_kept_is_used_until_it_is_not_good() {
        let folder = tempfile::tempdir().unwrap();
        let now_ms = 1_800_000_000_000;
        let own = |hosts: &[&str]| {
            let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
            OwnCertificate::new(folder.path(), &hosts, Ipv4Addr::LOCALHOST.into()).unwrap()
        };
        let open = |hosts: &[&str], now_ms| own(hosts).open(now_ms).unwrap().fingerprint();
        let first = open(&[], now_ms);
        assert_eq!(open(&[], now_ms), first);
        let named = open(&["club.example"], now_ms);
        assert_ne!(named, first);
        // It is good for fewer names too: people need not compare it anew.
        assert_eq!(open(&[], now_ms), named);
        let year_ms = 365 * 24 * 60 * 60 * 1_000;
        let renewed = open(&[], now_ms + year_ms);
        assert_ne!(renewed, named);
        // Half of a pair, as a crash may leave it.
        let key = &own(&[]).key;
        let other = self_signed::make(&["localhost".to_owned()], now_ms).unwrap();
        fs::write(key, other.key.as_bytes()).unwrap();
        let repaired = open(&[], now_ms + year_ms);
        assert_ne!(repaired, renewed);
        fs::remove_file(key).unwrap();
        assert_ne!(open(&[], now_ms + year_ms), repaired);
    }
}
