//! Who may ask: the Host allow-list, which stops DNS rebinding, and the check that no page of another site asks.
//!
//! Nothing here keeps out programs of the same machine, which can send what they like; it is browsers that are made to
//! carry a stranger's requests, and browsers say truly for whom.

use axum::http::{HeaderMap, Method, StatusCode, Uri, header, uri::Authority};

use super::{
    origin::{self, Origin},
    problem::Problem,
};

/// What pages of other nodes may read, if they are named.
const PROOF: &str = "/blockchain/proof";

const SEC_FETCH_SITE: &str = "sec-fetch-site";
const SEC_FETCH_MODE: &str = "sec-fetch-mode";

/// The hosts as which the node may be asked.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    port: u16,
    /// Whether the node itself speaks HTTPS. Behind a proxy it does not, though the page may.
    is_tls: bool,
    /// In lower case; with a port or, for any, without.
    allowed: Vec<(String, Option<u16>)>,
    /// Pages of other nodes that may read the proof of the chain.
    origins: Vec<Origin>,
}

impl Guard {
    /// For a node that listens on `port`, for HTTPS or not. `allow_hosts` are names with or without a port; pages
    /// of `origins` may read the proof of the chain.
    pub(crate) fn new(port: u16, is_tls: bool, allow_hosts: &[String], origins: &[Origin]) -> Self {
        let allowed = allow_hosts.iter().map(|host| {
            let host = host.to_ascii_lowercase();
            match host.parse::<Authority>() {
                Ok(authority) => (authority.host().to_owned(), authority.port_u16()),
                Err(_) => (host, None),
            }
        });
        Self {
            port,
            is_tls,
            allowed: allowed.collect(),
            origins: origins.to_vec(),
        }
    }

    /// Refuses a request that comes under a stranger's name, or from a stranger's page.
    ///
    /// # Errors
    /// A 400 or 403 that says which header, and the way out.
    pub(crate) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let host = self.check_host(uri, headers)?;
        if is_public(uri.path()) && is_safe(method) {
            return Ok(());
        }
        if uri.path() == PROOF && is_safe(method) && origin::allowed(headers, &self.origins).is_some() {
            return Ok(());
        }
        let changes = !is_safe(method) || uri.path().trim_end_matches('/') == "/blockchain/mine";
        self.check_site(headers, &host, changes)?;
        if changes && is_safe(method) {
            check_link(method, headers)?;
        }
        Ok(())
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<Authority, Problem> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        let missing = || Problem::bad_request("host-invalid", "A request has exactly one valid Host header.");
        if second.is_some() {
            return Err(missing());
        }
        let host = first
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse::<Authority>().ok())
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or_else(missing)?;
        // The absolute form of a request names the host a second time.
        let named_twice = uri.authority().is_some_and(|authority| *authority != host);
        if named_twice || !self.is_allowed(host.host(), host.port_u16()) {
            let name = host.host().to_owned();
            return Err(Problem::forbidden(
                "host-not-allowed",
                format!("This node does not answer as {host}. Start it with --allow-host {name} if that is its name."),
            ));
        }
        Ok(host)
    }

    fn is_allowed(&self, host: &str, port: Option<u16>) -> bool {
        let host = host.to_ascii_lowercase();
        // A page's name cannot be one of these unless the page is this machine's. A proxy may leave the port out.
        let is_loopback = matches!(host.as_str(), "127.0.0.1" | "[::1]" | "localhost");
        if is_loopback && port.is_none_or(|port| port == self.port) {
            return true;
        }
        let port = port.unwrap_or(if self.is_tls { 443 } else { 80 });
        self.allowed
            .iter()
            .any(|(name, only)| *name == host && only.is_none_or(|only| port == only))
    }

    /// `changes` tells whether the request changes anything.
    fn check_site(&self, headers: &HeaderMap, host: &Authority, changes: bool) -> Result<(), Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let refused = || {
            Problem::forbidden(
                "origin-not-allowed",
                "A page of another site may not use this node: only its own page may.",
            )
        };
        let from_own_page = match text(SEC_FETCH_SITE) {
            Some("same-origin") => true,
            // Typed in, or not by a page at all.
            Some("none") | None => false,
            // Following a link only shows something, to the person who follows it.
            Some(_) if !changes && text(SEC_FETCH_MODE) == Some("navigate") => return Ok(()),
            Some(_) => return Err(refused()),
        };
        if let Some(origin) = headers.get(header::ORIGIN) {
            let origin = origin.to_str().map_err(|_| refused())?;
            let is_own = self.is_origin_of(origin, host) || (from_own_page && is_loopback_origin(origin));
            if !is_own {
                return Err(refused());
            }
        }
        if changes
            && !from_own_page
            && let Some(referer) = text(header::REFERER.as_str())
            && !self.is_origin_of(referer, host)
        {
            return Err(refused());
        }
        Ok(())
    }

    /// Whether a URL is of the page at this host: on https, or, as a proxy may be in front of plain http, on either.
    fn is_origin_of(&self, url: &str, host: &Authority) -> bool {
        let Some((is_https, authority)) = origin_authority(url) else {
            return false;
        };
        // What stands before an unencrypted page, anybody on the way can write.
        if self.is_tls && !is_https {
            return false;
        }
        let port = |authority: &Authority| authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        authority.host().eq_ignore_ascii_case(host.host()) && port(&authority) == port(host)
    }
}

/// Mining by GET, which a page of another site could ask for as a picture. On plain http from another machine browsers say
/// nothing of the asker but that they are browsers, so there only the node's own page and programs may.
fn check_link(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if *method == Method::HEAD {
        let detail = "HEAD changes nothing, and this would. Use POST.";
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            detail,
        ));
    }
    let names_asker = [SEC_FETCH_SITE, header::ORIGIN.as_str(), header::REFERER.as_str()];
    let is_named = names_asker.iter().any(|name| headers.contains_key(*name));
    let agent = headers
        .get(header::USER_AGENT)
        .map_or(&[][..], |value| value.as_bytes());
    if !is_named && agent.starts_with(b"Mozilla/") {
        return Err(Problem::forbidden(
            "origin-not-allowed",
            "The browser does not say which page asks to mine. Use the button of the node's own page, or POST.",
        ));
    }
    Ok(())
}

const fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a path belongs to the page, which links may lead to, and not to the interface.
fn is_public(path: &str) -> bool {
    !is_api(path)
}

/// Whether a path belongs to the interface for programs: what is unknown there is a 404 in JSON.
pub(crate) fn is_api(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(first, "blockchain" | "client" | "metrics" | "healthy" | "ready")
}

/// `trunk serve` shows the page on another port of this machine, and forwards what it asks.
fn is_loopback_origin(url: &str) -> bool {
    origin_authority(url).is_some_and(|(_, authority)| matches!(authority.host(), "127.0.0.1" | "[::1]" | "localhost"))
}

/// Whether a URL is one of https, and its host and port. None when it is of neither http nor https.
fn origin_authority(url: &str) -> Option<(bool, Authority)> {
    let uri: Uri = url.parse().ok()?;
    let is_https = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    Some((is_https, uri.authority()?.clone()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn verdict(method: Method, path: &str, fields: &[(&str, &str)]) -> Result<(), String> {
        let guard = Guard::new(
            5000,
            false,
            &["node.example".to_owned(), "proxy.example:8443".to_owned()],
            &["http://127.0.0.1:5001".parse().unwrap()],
        );
        verdict_of(&guard, method, path, fields)
    }

    fn verdict_of(guard: &Guard, method: Method, path: &str, fields: &[(&str, &str)]) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let uri = path.parse().unwrap();
        guard
            .check(&method, &uri, &headers)
            .map_err(|problem| problem.code.into_owned())
    }

    #[test]
    fn only_own_names_are_answered() {
        for host in [
            "127.0.0.1:5000",
            "localhost:5000",
            "LOCALHOST:5000",
            "[::1]:5000",
            "127.0.0.1",
            "node.example",
            "node.example:9",
            "proxy.example:8443",
        ] {
            assert_eq!(verdict(Method::GET, "/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example:5000",
            "127.0.0.1:5001",
            "localhost.evil.example:5000",
            "127.0.0.1.evil.example",
            "proxy.example",
            "0.0.0.0:5000",
            "127.1:5000",
        ] {
            let expected = Err("host-not-allowed".to_owned());
            assert_eq!(verdict(Method::GET, "/", &[("host", host)]), expected, "{host}");
        }
        let invalid = Err("host-invalid".to_owned());
        assert_eq!(verdict(Method::GET, "/", &[]), invalid);
        assert_eq!(verdict(Method::GET, "/", &[("host", "")]), invalid);
        assert_eq!(verdict(Method::GET, "/", &[("host", "me@localhost:5000")]), invalid);
        let twice = [("host", "localhost:5000"), ("host", "localhost:5000")];
        assert_eq!(verdict(Method::GET, "/", &twice), invalid);
    }

    #[test]
    fn other_sites_drive_nothing() {
        let refused = Err("origin-not-allowed".to_owned());
        let host = ("host", "localhost:5000");
        let post = "/blockchain/transactions/new";
        for field in [
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:5001"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("referer", "http://evil.example/page"),
        ] {
            assert_eq!(verdict(Method::POST, post, &[host, field]), refused, "{field:?}");
            assert_eq!(
                verdict(Method::GET, "/blockchain/mine", &[host, field]),
                refused,
                "{field:?}"
            );
        }
        // A picture of another site on plain http: a browser that names nobody.
        let lan = ("host", "node.example");
        let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");
        assert_eq!(verdict(Method::GET, "/blockchain/mine", &[lan, browser]), refused);
        let own = ("referer", "http://node.example/wallet");
        assert_eq!(verdict(Method::GET, "/blockchain/mine", &[lan, browser, own]), Ok(()));
        let program = ("user-agent", "curl/8");
        assert_eq!(verdict(Method::GET, "/blockchain/mine", &[lan, program]), Ok(()));
        assert_eq!(
            verdict(Method::HEAD, "/blockchain/mine", &[lan, program]),
            Err("method-not-allowed".to_owned())
        );
        let link = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert_eq!(verdict(Method::GET, "/blockchain/mine", &link), refused);
        assert_eq!(verdict(Method::GET, "/blockchain/status", &link), Ok(()));
        assert_eq!(verdict(Method::GET, "/wallet", &link), Ok(()));
        for fields in [
            vec![host],
            vec![host, ("origin", "http://localhost:5000")],
            vec![
                host,
                ("origin", "http://localhost:5000"),
                ("sec-fetch-site", "same-origin"),
            ],
            vec![
                host,
                ("origin", "http://127.0.0.1:8080"),
                ("sec-fetch-site", "same-origin"),
            ],
            vec![host, ("sec-fetch-site", "none")],
        ] {
            assert_eq!(verdict(Method::POST, post, &fields), Ok(()), "{fields:?}");
        }
    }

    #[test]
    fn under_https_the_page_is_one_of_https() {
        let guard = Guard::new(
            5000,
            true,
            &["node.example".to_owned(), "one.example:443".to_owned()],
            &[],
        );
        let post = |host: &str, origin: &str| {
            let fields = [("host", host), ("origin", origin)];
            verdict_of(&guard, Method::POST, "/blockchain/mine", &fields)
        };
        for (host, origin) in [
            ("localhost:5000", "https://localhost:5000"),
            ("[::1]:5000", "https://[::1]:5000"),
            ("node.example", "https://node.example"),
            ("node.example", "https://node.example:443"),
            ("node.example:443", "https://NODE.example"),
            ("one.example", "https://one.example"),
        ] {
            assert_eq!(post(host, origin), Ok(()), "{host} {origin}");
        }
        for (host, origin) in [
            ("localhost:5000", "http://localhost:5000"),
            ("node.example", "http://node.example"),
            ("node.example", "http://node.example:443"),
            ("node.example:80", "https://node.example"),
            ("node.example", "https://node.example:5000"),
            ("node.example", "https://one.example"),
        ] {
            let refused = Err("origin-not-allowed".to_owned());
            assert_eq!(post(host, origin), refused, "{host} {origin}");
        }
        let refused = Err("host-not-allowed".to_owned());
        assert_eq!(post("one.example:80", "https://one.example:80"), refused);
    }

    #[test]
    fn a_proxy_in_front_may_speak_https_and_leave_ports_out() {
        let post = |host, origin| verdict(Method::POST, "/blockchain/mine", &[("host", host), ("origin", origin)]);
        for (host, origin) in [
            ("node.example", "https://node.example"),
            ("node.example:443", "https://node.example"),
            ("node.example", "http://node.example:80"),
        ] {
            assert_eq!(post(host, origin), Ok(()), "{host} {origin}");
        }
        let refused = Err("origin-not-allowed".to_owned());
        assert_eq!(post("node.example:80", "https://node.example"), refused);
        assert_eq!(post("node.example", "ftp://node.example"), refused);
    }
}
