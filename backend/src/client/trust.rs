//! Whom the wallet trusts on https: those whom the system trusts, and who is named besides.

use anyhow::{Context as _, Result, anyhow};
use rustls::CertificateError;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::tls::{parse_certificates, provider};

/// The TLS of a client that trusts the system's certificates and those in `ca`, a text in PEM.
///
/// # Errors
/// When there is no certificate in `ca`.
pub(super) fn tls_config(ca: Option<&[u8]>) -> Result<TlsConfig> {
    // What cannot be read of the system's is not trusted: a certificate that needs it is refused, and says so.
    let mut trusted = rustls_native_certs::load_native_certs().certs;
    if let Some(pem) = ca {
        trusted.extend(parse_certificates(pem).context("it vouches for nobody")?);
    }
    let trusted = trusted.iter().map(|der| Certificate::from_der(der).to_owned());
    let config = TlsConfig::builder()
        .root_certs(RootCerts::from(trusted))
        .unversioned_rustls_crypto_provider(provider());
    Ok(config.build())
}

/// What a failure of TLS means, and the way out. None when the failure is another.
pub(super) fn explain(url: &str, error: &ureq::Error) -> Option<anyhow::Error> {
    let cause = match error {
        ureq::Error::Rustls(cause) => cause,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>()?,
        _ => return None,
    };
    Some(match cause {
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => anyhow!(
            "the certificate of {url} is for other names: ask by one of them, or start the node with --allow-host and \
             this name ({cause})"
        ),
        rustls::Error::InvalidCertificate(_) => anyhow!(
            "the certificate of {url} is not trusted ({cause}): if the node signs for itself, name a copy of its \
             tls/cert.pem with --tls-ca"
        ),
        rustls::Error::InvalidMessage(_) => anyhow!("{url} does not speak HTTPS ({cause}): ask by http://"),
        _ => anyhow!("no secure connection to {url} came about: {cause}"),
    })
}
