//! TLS: who the node is, and whom the wallet trusts. rustls with the cryptography of ring, TLS 1.2 and 1.3.

pub mod self_signed;

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, InconsistentKeys, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{Error as PemError, PemObject as _},
    },
};
use shared::hash::{Hash, sha256};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// The cryptography of every connection, named so that no default of the process decides.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Why a certificate or a key is not taken.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file without certificates.
    #[error("there is no certificate in PEM (-----BEGIN CERTIFICATE-----) in it")]
    NoCertificate,
    /// A certificate that cannot be read.
    #[error("its certificate cannot be read ({0})")]
    CertificateInvalid(String),
    /// A file without a key.
    #[error("there is no private key in PEM (PKCS#8, SEC1 or RSA, not encrypted) in it")]
    NoKey,
    /// A key that cannot be read or used.
    #[error("its private key cannot be used ({0})")]
    KeyInvalid(String),
    /// A key of another certificate.
    #[error("it is not the key of the certificate")]
    KeyOfAnother,
}

/// The certificates of a PEM text, in its order.
///
/// # Errors
/// When there is none, or one cannot be read.
pub fn parse_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::CertificateInvalid(error.to_string()))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    Ok(certificates)
}

/// As whom the node serves HTTPS: its certificate and key. Clones are the same.
#[derive(Clone)]
pub struct Identity {
    acceptor: TlsAcceptor,
    fingerprint: Hash,
}

impl Identity {
    /// From a certificate chain, the node's own first, and its private key, both in PEM.
    ///
    /// # Errors
    /// When one of them cannot be read, or the key does not fit.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = parse_certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            PemError::NoItemsFound => TlsError::NoKey,
            other => TlsError::KeyInvalid(other.to_string()),
        })?;
        let fingerprint = chain.first().map(|own| sha256(&[own])).ok_or(TlsError::NoCertificate)?;
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::KeyInvalid(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::KeyOfAnother,
                rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                    TlsError::CertificateInvalid("it is no X.509 certificate".to_owned())
                }
                rustls::Error::InvalidCertificate(error) => TlsError::CertificateInvalid(error.to_string()),
                other => TlsError::KeyInvalid(other.to_string()),
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            fingerprint,
        })
    }

    /// The SHA-256 of the certificate as browsers show it: bytes in hex, with colons between them.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let bytes: Vec<String> = self.fingerprint.0.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    pub(crate) const fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.fingerprint()).finish()
    }
}
