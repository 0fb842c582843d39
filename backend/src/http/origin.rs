//! Origins: other nodes that the page may ask, and pages of other nodes that may ask this one.

use std::{fmt, str::FromStr};

use axum::http::{HeaderMap, HeaderValue, Uri, header, uri::Scheme};

/// `http://host:port` or `https://host:port`, as a browser writes it: in lower case, without the scheme's usual port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin: write it like http://192.168.1.20:5000, without a path")]
pub struct InvalidOrigin(String);

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| invalid())?;
        let scheme = uri.scheme().ok_or_else(invalid)?;
        let usual = match scheme {
            scheme if *scheme == Scheme::HTTP => 80,
            scheme if *scheme == Scheme::HTTPS => 443,
            _ => return Err(invalid()),
        };
        let authority = uri.authority().ok_or_else(invalid)?;
        let host = authority.host().to_ascii_lowercase();
        // It becomes a part of the policy: nothing else may stand in it.
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[]:".contains(&byte);
        let is_bare = uri.path() == "/" && uri.query().is_none() && !text.contains(['#', '@']);
        if !is_bare || host.is_empty() || !host.bytes().all(is_plain) {
            return Err(invalid());
        }
        Ok(Self(match authority.port_u16() {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            None if authority.as_str().len() > authority.host().len() => return Err(invalid()),
            _ => format!("{scheme}://{host}"),
        }))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origin of the page that asks, if it is one of these.
pub(crate) fn allowed<'a>(headers: &'a HeaderMap, origins: &[Origin]) -> Option<&'a HeaderValue> {
    let asking = headers.get(header::ORIGIN)?;
    origins
        .iter()
        .any(|origin| origin.0.as_bytes() == asking.as_bytes())
        .then_some(asking)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, origin) in [
            ("http://192.168.1.20:5000", "http://192.168.1.20:5000"),
            ("HTTPS://Club.Example/", "https://club.example"),
            ("https://club.example:443", "https://club.example"),
            ("http://[::1]:5001", "http://[::1]:5001"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), origin);
        }
        for text in [
            "",
            "*",
            "club.example",
            "club.example:5000",
            "ftp://club.example",
            "http://club.example/wallet",
            "http://club.example?a",
            "http://me@club.example",
            "http://club.example:",
            "http://club.example; script-src *",
            "http://a,b",
            "http://'self'",
        ] {
            let error = text.parse::<Origin>().unwrap_err().to_string();
            assert!(error.contains("is no origin"), "{text}: {error}");
        }
    }

    #[test]
    fn only_named_pages_are_allowed() {
        let origins = ["http://127.0.0.1:5001".parse().unwrap()];
        let mut headers = HeaderMap::new();
        assert_eq!(allowed(&headers, &origins), None);
        headers.insert(header::ORIGIN, HeaderValue::from_static("http://127.0.0.1:5002"));
        assert_eq!(allowed(&headers, &origins), None);
        headers.insert(header::ORIGIN, HeaderValue::from_static("http://127.0.0.1:5001"));
        assert!(allowed(&headers, &origins).is_some());
    }
}
