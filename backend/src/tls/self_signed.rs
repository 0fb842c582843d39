//! Certificates that a node signs for itself. Nobody vouches for them: people compare the fingerprint, programs are given
//! the certificate.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::provider;

const DAY_S: u64 = 24 * 60 * 60;
/// Safari takes no certificate for longer than 825 days.
const VALID_S: u64 = 365 * DAY_S;
/// A certificate that ends sooner is made anew.
const RENEWED_S: u64 = 30 * DAY_S;

/// A certificate and its private key, in PEM. The key is never printed.
pub struct SelfSigned {
    /// The certificate.
    pub certificate: String,
    /// The key, in PKCS#8.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SelfSigned").field(&self.certificate).finish()
    }
}

/// Makes a certificate for DNS names and IP addresses, valid for a year from a day before `now_ms`, the milliseconds since
/// 1970. Each has a key of its own, and so a serial number of its own, which Firefox insists on.
///
/// # Errors
/// When a name cannot stand in a certificate, or the system gives no randomness.
pub fn make(names: &[String], now_ms: u64) -> Result<SelfSigned> {
    let at = |seconds: u64| -> Result<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp(i64::try_from(seconds)?).context("the clock shows no date")
    };
    let now_s = now_ms / 1_000;
    let mut params = CertificateParams::new(names).context("a name cannot stand in a certificate")?;
    params.not_before = at(now_s.saturating_sub(DAY_S))?;
    params.not_after = at(now_s + VALID_S)?;
    params.distinguished_name.push(DnType::CommonName, "Cairn node");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().context("no key could be made")?;
    let certificate = params.self_signed(&key).context("no certificate could be made")?;
    Ok(SelfSigned {
        certificate: certificate.pem(),
        key: Zeroizing::new(key.serialize_pem()),
    })
}

/// Whether clients that trust the certificate take it under every name, now and for a month.
#[must_use]
pub fn is_good_for(certificate: &CertificateDer<'_>, names: &[String], now_ms: u64) -> bool {
    let mut roots = RootCertStore::empty();
    if roots.add(certificate.clone().into_owned()).is_err() {
        return false;
    }
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build() else {
        return false;
    };
    let now_s = now_ms / 1_000;
    names.iter().all(|name| {
        ServerName::try_from(name.as_str()).is_ok_and(|name| {
            [now_s, now_s + RENEWED_S].into_iter().all(|at| {
                let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
                verifier.verify_server_cert(certificate, &[], &name, &[], at).is_ok()
            })
        })
    })
}

/// The name or address of a host, as a certificate carries it: without brackets, in lower case. None when it is neither.
#[must_use]
pub fn certificate_name(host: &str) -> Option<String> {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let name = host.to_ascii_lowercase();
    ServerName::try_from(name.as_str()).is_ok().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Identity, parse_certificates};

    const NOW_MS: u64 = 1_800_000_000_000;
    const DAY_MS: u64 = DAY_S * 1_000;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_certificate_is_good_for_its_names_and_most_of_its_year() {
        let own = names(&["localhost", "127.0.0.1", "::1", "node.example"]);
        let made = make(&own, NOW_MS).unwrap();
        let certificate = &parse_certificates(made.certificate.as_bytes()).unwrap()[0];
        assert!(Identity::from_pem(made.certificate.as_bytes(), made.key.as_bytes()).is_ok());
        assert!(is_good_for(certificate, &own, NOW_MS));
        assert!(is_good_for(certificate, &own[3..], NOW_MS + 334 * DAY_MS));
        assert!(!is_good_for(certificate, &own, NOW_MS + 336 * DAY_MS), "nearly over");
        assert!(
            !is_good_for(certificate, &own, NOW_MS - 2 * DAY_MS),
            "the clock was set back"
        );
        for other in ["other.example", "127.0.0.2", "::2", "a.node.example"] {
            assert!(
                !is_good_for(certificate, &names(&["localhost", other]), NOW_MS),
                "{other}"
            );
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        let made = make(&names(&["localhost"]), NOW_MS).unwrap();
        let printed = format!("{made:?}");
        assert!(
            printed.contains("CERTIFICATE") && !printed.contains("PRIVATE"),
            "{printed}"
        );
    }

    #[test]
    fn certificates_of_others_are_not_good() {
        let own = names(&["localhost"]);
        let [one, two] = [(), ()].map(|()| make(&own, NOW_MS).unwrap());
        assert_ne!(one.certificate, two.certificate);
        let refused = Identity::from_pem(one.certificate.as_bytes(), two.key.as_bytes());
        assert!(
            matches!(refused, Err(crate::tls::TlsError::KeyOfAnother)),
            "{refused:?}"
        );
        assert!(!is_good_for(&CertificateDer::from(vec![0x30, 0]), &own, NOW_MS));
    }

    #[test]
    fn hosts_become_names_of_certificates() {
        for (host, expected) in [
            ("Node.Example", Some("node.example")),
            ("node.example.", Some("node.example")),
            ("192.168.1.5", Some("192.168.1.5")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("*", None),
            ("", None),
            ("two words", None),
        ] {
            assert_eq!(certificate_name(host).as_deref(), expected, "{host}");
        }
    }
}
