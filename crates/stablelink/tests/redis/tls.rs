//! Tests with a real Redis that accepts only TLS, and a certificate authority of the test.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use secrecy::ExposeSecret;
use stablelink::testing::TestDelivery;
use stablelink::webhook::{ClaimResult, Deduplicator, RedisDeduplicator, WebhookVerifier};
use stablelink::{
    Client, Credentials, Environment, Error, RedisConnection, RedisStore, RedisTls, StoreKey,
    TokenStore,
};
use stablelink_sandbox::Sandbox;

use crate::contract;
use crate::redis_server::RedisServer;

const PASSWORD: &str = "planted-password";

/// A certificate authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Different authorities need different names, because OpenSSL finds them by name.
    fn new(common_name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut form = CertificateParams::default();
        form.distinguished_name = name(common_name);
        form.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = form.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(form, key);
        Self { pem, issuer }
    }

    /// Issues a certificate for this host, and its key.
    fn certificate(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut form = CertificateParams::new([host.to_owned()]).unwrap();
        form.distinguished_name = name(host);
        let certificate = form.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Starts a Redis with a certificate for this host, which may require client certificates.
    fn redis(&self, host: &str, require_client_certificate: bool) -> RedisServer {
        let (certificate, key) = self.certificate(host);
        RedisServer::start_with_tls(PASSWORD, |folder| {
            let file = |name: &str, text: &str| {
                let path = folder.join(name);
                fs::write(&path, text).unwrap();
                path.to_str().unwrap().to_owned()
            };
            let auth_clients = if require_client_certificate {
                "yes"
            } else {
                "no"
            };
            [
                ("--tls-cert-file", file("redis.pem", &certificate)),
                ("--tls-key-file", file("redis-key.pem", &key)),
                ("--tls-ca-cert-file", file("authority.pem", &self.pem)),
                ("--tls-auth-clients", auth_clients.to_owned()),
            ]
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
        })
    }

    fn trusted(&self) -> RedisTls {
        RedisTls::default().root_certificates(&self.pem)
    }
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn connection(redis: &RedisServer, tls: &RedisTls) -> RedisConnection {
    let connection = RedisConnection::new(&redis.url()).unwrap();
    connection
        .timeout(Duration::from_secs(10))
        .tls(tls)
        .unwrap()
}

fn store(redis: &RedisServer, tls: &RedisTls) -> RedisStore {
    crate::watch::listen();
    RedisStore::new(connection(redis, tls))
}

fn key() -> StoreKey {
    StoreKey::new("https://pay.example", "account")
}

/// Returns the error of a command, after checking that it contains no password.
async fn load_error(store: &RedisStore) -> String {
    let error = store.load(&key()).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(PASSWORD), "{text}");
    error.to_string()
}

#[tokio::test]
async fn redis_store_with_tls_keeps_the_store_contract() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let wait = async || tokio::time::sleep(Duration::from_millis(10)).await;
    contract::check(&store(&redis, &authority.trusted()), "account", wait).await;
}

#[tokio::test]
async fn tokens_and_handled_events_are_shared_over_tls() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let sandbox = Sandbox::start().await.unwrap();
    let secrets = sandbox.credentials();
    let tokens = [(), ()].map(|()| {
        let credentials = Credentials::new(
            secrets.api_key().expose_secret(),
            secrets.api_secret().expose_secret(),
            secrets.sign_key().expose_secret(),
        );
        let client = Client::builder()
            .environment(Environment::at(sandbox.url()).unwrap())
            .credentials(credentials)
            .token_store(store(&redis, &authority.trusted()))
            .build()
            .unwrap();
        async move { client.token().await.unwrap() }
    });
    let [first, second] = tokens;
    let (first, second) = (first.await, second.await);
    let (first, second) = (
        first.token().expose_secret(),
        second.token().expose_secret(),
    );
    assert_eq!(first, second);
    assert_eq!(sandbox.token_grants().granted(), 1);

    let sign_key = "unit-test-key".into();
    let now = std::time::SystemTime::now();
    let sent = TestDelivery::new("X")
        .id("1")
        .signed(&sign_key, now)
        .unwrap();
    let webhooks = WebhookVerifier::new(&sign_key).unwrap();
    let verified = webhooks.verify(&sent.headers, sent.body, now).unwrap();
    let event = verified.parse().unwrap().key();
    let claims =
        [(), ()].map(|()| RedisDeduplicator::new(connection(&redis, &authority.trusted())));
    assert!(matches!(
        claims[0].claim(&event).await.unwrap(),
        ClaimResult::Claimed(_)
    ));
    assert!(matches!(
        claims[1].claim(&event).await.unwrap(),
        ClaimResult::InProgress
    ));
}

#[tokio::test]
async fn untrusted_server_certificate_is_rejected() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let elsewhere = authority.redis("elsewhere.example", false);
    for (redis, tls) in [
        (&redis, RedisTls::default()),
        (&redis, Authority::new("other").trusted()),
        (&elsewhere, authority.trusted()),
    ] {
        let text = load_error(&store(redis, &tls)).await;
        assert!(text.starts_with("Redis is unreachable: "), "{text}");
        assert!(text.contains("certificate"), "{text}");
    }
}

#[tokio::test]
async fn client_certificate_is_presented() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", true);
    load_error(&store(&redis, &authority.trusted())).await;
    let other = Authority::new("other").certificate("program");
    let other = authority.trusted().client_certificate(other.0, other.1);
    load_error(&store(&redis, &other)).await;
    let own = authority.certificate("program");
    let own = authority.trusted().client_certificate(own.0, own.1);
    assert!(store(&redis, &own).load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn wrong_password_is_reported_without_the_password() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let url = redis.url().replace(PASSWORD, "planted-password-of-old");
    let connection = RedisConnection::new(&url).unwrap();
    let store = RedisStore::new(connection.tls(&authority.trusted()).unwrap());
    let error = store.load(&key()).await.unwrap_err();
    assert!(!Error::from(error).is_retryable());
    assert_eq!(
        load_error(&store).await,
        "Redis rejected the command: WRONGPASS: the user or the password in the URL is wrong"
    );
}

#[test]
fn invalid_certificates_are_reported_without_their_content() {
    let authority = Authority::new("own");
    let (certificate, private) = authority.certificate("program");
    let corrupt = |pem: &str| pem.replacen('M', "planted!", 1);
    let secure = "rediss://user:planted-password@127.0.0.1";
    let cases = [
        (
            "redis://user:planted-password@127.0.0.1",
            authority.trusted(),
            false,
        ),
        (secure, authority.trusted(), true),
        (
            secure,
            RedisTls::default().root_certificates("planted"),
            false,
        ),
        (
            secure,
            RedisTls::default().root_certificates(corrupt(&authority.pem)),
            false,
        ),
        (
            secure,
            RedisTls::default().client_certificate("planted", &*private),
            false,
        ),
        (
            secure,
            RedisTls::default().client_certificate(&certificate, "planted"),
            false,
        ),
        (
            secure,
            RedisTls::default().client_certificate(&certificate, corrupt(&private)),
            false,
        ),
        (
            secure,
            RedisTls::default().client_certificate(certificate, private),
            true,
        ),
    ];
    for (at, (url, tls, good)) in cases.into_iter().enumerate() {
        let connection = RedisConnection::new(url).unwrap().tls(&tls);
        let text = match &connection {
            Ok(connection) => format!(
                "{connection:?} {:?} {tls:?}",
                RedisStore::new(connection.clone())
            ),
            Err(error) => format!("{error} {error:?} {tls:?}"),
        };
        assert_eq!(connection.is_ok(), good, "{at}: {text}");
        assert!(
            !text.contains("planted") && !text.contains("BEGIN"),
            "{at}: {text}"
        );
    }
}

/// Set for [`child_process`]: the URL, and optionally the file of a certificate authority.
const URL: &str = "STABLELINK_TEST_REDIS";
const AUTHORITY: &str = "STABLELINK_TEST_AUTHORITY";

/// Runs in the child process of the next test.
#[tokio::test]
async fn child_process() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let mut connection = RedisConnection::new(&url).unwrap();
    if let Ok(file) = std::env::var(AUTHORITY) {
        let pem = fs::read_to_string(file).unwrap();
        connection = connection
            .tls(&RedisTls::default().root_certificates(pem))
            .unwrap();
    }
    let store = RedisStore::new(connection.timeout(Duration::from_secs(10)));
    match store.load(&key()).await {
        Ok(token) => assert!(token.is_none()),
        Err(error) => panic!("{error}"),
    }
}

/// An environment variable names the file of the system roots, so each case runs in its own process. A configured authority
/// replaces all system roots.
#[test]
fn system_roots_are_trusted_unless_an_authority_is_set() {
    let [authority, other] = ["own", "other"].map(Authority::new);
    let redis = authority.redis("127.0.0.1", false);
    let folder = tempfile::tempdir().unwrap();
    let [roots, authority_file] =
        ["roots.pem", "authority.pem"].map(|name| folder.path().join(name));
    let both = format!("{}{}", other.pem, authority.pem);
    for (system, own, trusted) in [
        (&both, None, true),
        (&other.pem, None, false),
        (&other.pem, Some(&authority.pem), true),
        (&other.pem, Some(&both), true),
        (&both, Some(&other.pem), false),
    ] {
        fs::write(&roots, system).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap());
        process
            .args(["--exact", "tls::child_process"])
            .env(URL, redis.url())
            .env("SSL_CERT_FILE", &roots)
            .env_remove("SSL_CERT_DIR");
        if let Some(own) = own {
            fs::write(&authority_file, own).unwrap();
            process.env(AUTHORITY, &authority_file);
        }
        let output = process.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.success(), trusted, "{text}");
        // The failure is about the certificate, and not an earlier error.
        assert_eq!(text.contains("certificate"), !trusted, "{text}");
    }
}
