//! HTTPS on real sockets: the handshake and what comes in its place, limits, names, certificates and their files.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![cfg(unix)]

#[path = "cli/bench.rs"]
mod bench;
mod served;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use backend::{
    client::Client,
    http::HttpConfig,
    tls::{Identity, TlsError, parse_certificates, self_signed},
};
use bench::{Bench, RunningNode};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version,
};
use served::{PATIENCE, Served, read_answer};
use shared::hash::sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

const PASSWORD: &str = "heather on the north slope";
const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// A served node with a certificate of its own, and the certificate.
async fn served(change: impl FnOnce(&mut HttpConfig)) -> (Served, CertificateDer<'static>) {
    let names = ["localhost", "127.0.0.1", "node.example"].map(str::to_owned);
    let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let made = self_signed::make(&names, u64::try_from(now_ms).unwrap()).unwrap();
    let identity = Identity::from_pem(made.certificate.as_bytes(), made.key.as_bytes()).unwrap();
    let mut config = HttpConfig {
        tls: Some(identity),
        ..HttpConfig::default()
    };
    change(&mut config);
    let certificate = parse_certificates(made.certificate.as_bytes()).unwrap().remove(0);
    (Served::with(config, |_| ()).await, certificate)
}

fn connector(trusted: &CertificateDer<'_>, versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone().into_owned()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

async fn connect(
    served: &Served,
    trusted: &CertificateDer<'_>,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(served.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    connector(trusted, versions).connect(name, tcp).await
}

/// The whole answer to one request, which must end with TLS's own end.
async fn ask(served: &Served, trusted: &CertificateDer<'_>, head: &str) -> String {
    let mut stream = connect(served, trusted, rustls::DEFAULT_VERSIONS).await.unwrap();
    let request = format!("{head}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_to_end(&mut stream).await
}

async fn read_to_end(stream: &mut TlsStream<TcpStream>) -> String {
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}

/// What a program that trusts this certificate alone gets from a running node.
fn get(node: &RunningNode, path: &str, trusted: &[u8], host: Option<&str>) -> Result<(u16, String), ureq::Error> {
    let trusted = parse_certificates(trusted).unwrap();
    let trusted = trusted
        .iter()
        .map(|der| ureq::tls::Certificate::from_der(der).to_owned());
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::from(trusted))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .http_status_as_error(false);
    let agent = config.build().new_agent();
    let mut request = agent.get(format!("{}{path}", node.url));
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let mut response = request.call()?;
    let text = response.body_mut().read_to_string()?;
    Ok((response.status().as_u16(), text))
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_of_tls_carry_http_1() {
    let (served, certificate) = served(|_| ()).await;
    for (offered, expected) in [
        (&version::TLS12, ProtocolVersion::TLSv1_2),
        (&version::TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let mut stream = connect(&served, &certificate, &[offered]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(expected));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let host = served.address;
        for connection in ["keep-alive", "close"] {
            let request = format!("GET /healthy HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
        }
        let answers = read_to_end(&mut stream).await;
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
        let lower = answers.to_ascii_lowercase();
        assert!(lower.contains("content-security-policy"), "{answers}");
        assert!(!lower.contains("strict-transport-security"), "{answers}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_one_of_https() {
    let (served, certificate) = served(|config| config.allow_hosts = vec!["node.example".to_owned()]).await;
    let port = served.address.port();
    let own = format!("localhost:{port}");
    for (host, origin, expected) in [
        (own.as_str(), format!("https://{own}"), "recipient-missing"),
        ("node.example", "https://node.example".to_owned(), "recipient-missing"),
        (&own, format!("http://{own}"), "origin-not-allowed"),
        ("node.example", "http://node.example".to_owned(), "origin-not-allowed"),
        (&own, "https://evil.example".to_owned(), "origin-not-allowed"),
        ("evil.example", "https://evil.example".to_owned(), "host-not-allowed"),
    ] {
        let head = format!("POST /blockchain/mine HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\ncontent-length: 0");
        let answer = ask(&served, &certificate, &head).await;
        let code = format!("\"code\":\"{expected}\"");
        assert!(answer.contains(&code), "{host} {origin}: {answer}");
    }
    // The parser's own refusal has its body under TLS too.
    let answer = ask(&served, &certificate, "GET / HTTP/1.1\r\nbad header").await;
    assert!(answer.contains("http-invalid"), "{answer}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_tls_is_told_so() {
    let (served, certificate) = served(|_| ()).await;
    let expected = format!("This node speaks HTTPS: open https://{}", served.address);
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"POST /blockchain/mine HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n",
        b"\0",
        b"SSH-2.0-stranger\r\n",
    ] {
        let answer = served.raw(bytes).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains(&expected),
            "{answer}"
        );
    }
    // It begins as TLS does, and goes on otherwise: an alert at most, and the end.
    let answer = served.raw(b"\x16\x03\x01\x00\x05stone and more stones").await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    let url = format!("http://{}", served.address);
    let network = served::network();
    let error = tokio::task::spawn_blocking(move || Client::new(&url, None).unwrap().status(&network));
    let error = error.await.unwrap().unwrap_err().to_string();
    assert!(error.contains(&expected), "{error}");
    // None of that hurt.
    let answer = ask(&served, &certificate, "GET /healthy HTTP/1.1\r\nhost: 127.0.0.1").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_comes_holds_up_nobody() {
    let hour = Duration::from_secs(3_600);
    let (served, certificate) = served(|config| {
        config.handshake_timeout = hour;
        config.stop_timeout = hour;
    })
    .await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut halting = TcpStream::connect(served.address).await.unwrap();
    halting.write_all(&[22, 3, 1]).await.unwrap();
    let answer = ask(&served, &certificate, "GET /healthy HTTP/1.1\r\nhost: 127.0.0.1").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    // Nor the end of the node.
    served.stop().await;
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
    assert_eq!(halting.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_comes_is_ended() {
    let (served, _) = served(|config| config.handshake_timeout = Duration::from_millis(50)).await;
    for sent in [&[][..], &[22, 3, 1]] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let read = timeout(PATIENCE, stream.read(&mut [0])).await.expect("it is ended");
        assert_eq!(read.unwrap_or(0), 0);
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_count_as_connections() {
    let (served, certificate) = served(|config| config.max_connections = 1).await;
    let silent = TcpStream::connect(served.address).await.unwrap();
    let head = "GET /healthy HTTP/1.1\r\nhost: 127.0.0.1";
    let answer = ask(&served, &certificate, head).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("too-many-connections"),
        "{answer}"
    );
    drop(silent);
    let freed = async {
        while !ask(&served, &certificate, head).await.starts_with("HTTP/1.1 200 OK") {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, freed).await.expect("its place becomes free");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_cut_off() {
    let (served, certificate) = served(|config| config.write_timeout = Duration::from_millis(200)).await;
    let mut stream = connect(&served, &certificate, rustls::DEFAULT_VERSIONS).await.unwrap();
    let request = b"GET /blockchain/openapi.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".repeat(64);
    // It asks on and on until all buffers between the two are full, and the node gives up.
    let asking = async { while stream.write_all(&request).await.is_ok() && stream.flush().await.is_ok() {} };
    timeout(3 * PATIENCE, asking).await.expect("it is cut off");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_by_https_and_end_with_the_node() {
    let (served, certificate) = served(|_| ()).await;
    let mut stream = connect(&served, &certificate, rustls::DEFAULT_VERSIONS).await.unwrap();
    let request = "GET /blockchain/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let first = async {
        while !String::from_utf8_lossy(&heard).contains("event:") {
            assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
        }
    };
    timeout(PATIENCE, first).await.expect("the first event comes");
    served.stop().await;
    read_to_end(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_form_are_taken() {
    for kind in ["ec", "rsa"] {
        let (chain, key) = (
            fixture(&format!("{kind}-cert.pem")),
            fixture(&format!("{kind}-key.pem")),
        );
        let identity = Identity::from_pem(&chain, &key).unwrap();
        let certificate = parse_certificates(&chain).unwrap().remove(0);
        let (served, _) = served(|config| config.tls = Some(identity)).await;
        let answer = ask(&served, &certificate, "GET /healthy HTTP/1.1\r\nhost: 127.0.0.1").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{kind}: {answer}");
        let other = fixture(if kind == "ec" { "rsa-key.pem" } else { "ec-key.pem" });
        let refused = Identity::from_pem(&chain, &other);
        assert!(matches!(refused, Err(TlsError::KeyOfAnother)), "{refused:?}");
        served.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_node_speaks_no_tls() {
    let served = Served::start().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(&[22, 3, 1, 0, 1, 1]).await.unwrap();
    stream.shutdown().await.unwrap();
    read_answer(&mut stream).await;
    let (url, network) = (format!("https://{}", served.address), served::network());
    let error = tokio::task::spawn_blocking(move || Client::new(&url, None).unwrap().status(&network));
    let error = error.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("does not speak HTTPS"), "{error}");
    served.stop().await;
}

#[test]
fn a_self_signed_node_keeps_its_certificate() {
    let bench = Bench::new();
    let arguments = ["--data", "d", "--tls-self-signed"];
    let node = bench.node(&arguments);
    assert!(node.url.starts_with("https://127.0.0.1:"), "{}", node.url);
    let first = bench.read("d/tls/cert.pem");
    let mode = fs::metadata(bench.path("d/tls/key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let (status, text) = get(&node, "/blockchain/status", first.as_bytes(), None).unwrap();
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("\"network\":\"dev\""), "{text}");
    let refused = get(&node, "/blockchain/status", &fixture("ec-cert.pem"), None).unwrap_err();
    assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");
    let named = |node: &RunningNode, trusted: &str| {
        get(node, "/healthy", trusted.as_bytes(), Some("club.example"))
            .unwrap()
            .0
    };
    assert_eq!(named(&node, &first), 403);
    node.stop();

    let node = bench.node(&arguments);
    assert_eq!(bench.read("d/tls/cert.pem"), first, "a restart changes nothing");
    node.stop();

    let node = bench.node(&["--data", "d", "--tls-self-signed", "--allow-host", "club.example"]);
    let second = bench.read("d/tls/cert.pem");
    assert_ne!(second, first);
    assert_eq!(named(&node, &second), 200);
    assert!(get(&node, "/healthy", first.as_bytes(), None).is_err());
    node.stop();
}

#[test]
fn the_fingerprint_is_that_of_the_certificate() {
    let bench = Bench::new();
    let mut node = bench.node(&["--data", "d", "--tls-self-signed"]);
    let certificate = parse_certificates(bench.read("d/tls/cert.pem").as_bytes()).unwrap();
    let hex = hex::encode_upper(sha256(&[&certificate[0]]).0);
    let pairs: Vec<&str> = (0..32).map(|place| &hex[2 * place..2 * place + 2]).collect();
    let expected = format!("Certificate SHA-256 {}", pairs.join(":"));
    let printed = node.printed(3);
    assert!(printed.contains(&expected), "{printed:?}");
    node.stop();
}

#[test]
fn the_wallet_asks_by_https() {
    let bench = Bench::new();
    bench.wallet("w");
    let address = bench.address("w");
    let node = bench.node(&[
        "--data",
        "d",
        "--tls-self-signed",
        "--mine-on-transfer",
        "--recipient",
        &address,
    ]);
    let balance = |url: &str, others: &[&str]| {
        let mut arguments = vec!["wallet", "balance", "--address", &address, "--node", url];
        arguments.extend(others);
        bench.run(arguments)
    };
    let trusted = ["--tls-ca", "d/tls/cert.pem", "--json"];
    assert_eq!(balance(&node.url, &trusted).json()["balance"], "0");
    let by_name = node.url.replace("127.0.0.1", "localhost");
    assert_eq!(balance(&by_name, &trusted).json()["balance"], "0");
    balance(&node.url, &[]).refused(1, "is not trusted");
    bench.write("other.pem", &String::from_utf8(fixture("ec-cert.pem")).unwrap());
    balance(&node.url, &["--tls-ca", "other.pem"]).refused(1, "name a copy of its tls/cert.pem with --tls-ca");
    let made = self_signed::make(&["localhost".to_owned()], 1_800_000_000_000).unwrap();
    bench.write("namesake.pem", &made.certificate);
    balance(&node.url, &["--tls-ca", "namesake.pem"]).refused(1, "is not trusted");
    balance(&node.url, &["--tls-ca", "password"]).refused(1, "there is no certificate in PEM");
    balance(&node.url, &["--tls-ca", "missing"]).refused(1, "missing cannot be read");
    let plain = node.url.replace("https", "http");
    balance(&plain, &trusted).refused(64, "--tls-ca is for a node on https://");
    balance(&plain, &[]).refused(1, "This node speaks HTTPS: open https://");
    node.stop();

    bench.write("elsewhere.pem", &bench.read("d/tls/cert.pem"));
    let names = ["node.example".to_owned()];
    let now_ms = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let made = self_signed::make(&names, u64::try_from(now_ms).unwrap()).unwrap();
    bench.write("cert.pem", &made.certificate);
    bench.write("key.pem", &made.key);
    let node = bench.node(&["--data", "d", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    balance(&node.url, &["--tls-ca", "cert.pem"]).refused(1, "is for other names");
    balance(&node.url, &["--tls-ca", "elsewhere.pem"]).refused(1, "is not trusted");
    node.stop();
}

#[test]
fn certificates_that_do_not_serve_are_refused_in_one_sentence() {
    let bench = Bench::new();
    for name in ["ec-cert.pem", "ec-key.pem", "rsa-cert.pem", "rsa-key.pem"] {
        bench.write(name, &String::from_utf8(fixture(name)).unwrap());
    }
    bench.write("empty.pem", "");
    let armoured = |label: &str| format!("-----BEGIN {label}-----\nc3RvbmVz\n-----END {label}-----\n");
    bench.write("encrypted.pem", &armoured("ENCRYPTED PRIVATE KEY"));
    bench.write("stones-cert.pem", &armoured("CERTIFICATE"));
    bench.write("stones-key.pem", &armoured("PRIVATE KEY"));
    bench.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\n****\n-----END CERTIFICATE-----\n",
    );
    let start = |cert: &str, key: &str| {
        bench.run([
            "node",
            "--listen",
            "127.0.0.1:0",
            "--data",
            "d",
            "--tls-cert",
            cert,
            "--tls-key",
            key,
        ])
    };
    for (cert, key, sentence) in [
        ("missing.pem", "ec-key.pem", "missing.pem cannot be read"),
        ("ec-cert.pem", "missing.pem", "missing.pem cannot be read"),
        ("empty.pem", "ec-key.pem", "empty.pem: there is no certificate in PEM"),
        ("ec-key.pem", "ec-key.pem", "ec-key.pem: there is no certificate in PEM"),
        ("broken.pem", "ec-key.pem", "broken.pem: its certificate cannot be read"),
        (
            "stones-cert.pem",
            "ec-key.pem",
            "stones-cert.pem: its certificate cannot be read",
        ),
        (
            "ec-cert.pem",
            "ec-cert.pem",
            "ec-cert.pem: there is no private key in PEM",
        ),
        (
            "ec-cert.pem",
            "encrypted.pem",
            "encrypted.pem: there is no private key in PEM",
        ),
        (
            "ec-cert.pem",
            "stones-key.pem",
            "stones-key.pem: its private key cannot be used",
        ),
        (
            "ec-cert.pem",
            "rsa-key.pem",
            "the key in rsa-key.pem is not that of the certificate in ec-cert.pem",
        ),
        (
            "rsa-cert.pem",
            "ec-key.pem",
            "the key in ec-key.pem is not that of the certificate in rsa-cert.pem",
        ),
    ] {
        start(cert, key).refused(1, sentence);
    }
    assert!(!bench.path("d").exists(), "nothing was begun");
    for (arguments, sentence) in [
        (&["node", "--tls-cert", "ec-cert.pem"][..], "--tls-key"),
        (&["node", "--tls-key", "ec-key.pem"], "--tls-cert"),
        (
            &[
                "node",
                "--tls-self-signed",
                "--tls-cert",
                "ec-cert.pem",
                "--tls-key",
                "ec-key.pem",
            ],
            "cannot be used with",
        ),
        (
            &[
                "node",
                "--listen",
                "127.0.0.1:0",
                "--data",
                "d",
                "--tls-self-signed",
                "--allow-host",
                "two words",
            ],
            "--allow-host two words is neither a name nor an address",
        ),
    ] {
        bench.run(arguments).refused(64, sentence);
    }
}
