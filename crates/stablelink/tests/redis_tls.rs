//! A real Redis that speaks TLS alone, with an authority that is made for the test.
//!
//! Needs `redis-server` in the path.
#![cfg(any(feature = "rustls", feature = "native-tls"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/contract.rs"]
mod contract;
#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "support/watch.rs"]
mod watch;

use std::fs;
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use secrecy::ExposeSecret;
use stablelink::testing::TestDelivery;
use stablelink::webhook::{Claim, RedisGuard, ReplayGuard, Webhooks};
use stablelink::{
    Client, Credentials, Environment, RedisStore, RedisTls, RefreshLock, StoreKey, StoredToken,
    TokenStore,
};
use stablelink_sandbox::Sandbox;

use self::redis_server::RedisServer;

const PASSWORD: &str = "planted-password";

/// Who says which certificates are good.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Those of another name are other ones: OpenSSL looks for them by it.
    fn new(called: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut form = CertificateParams::default();
        form.distinguished_name = name(called);
        form.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = form.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(form, key);
        Self { pem, issuer }
    }

    /// A certificate for this name, and its key.
    fn certificate(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut form = CertificateParams::new([host.to_owned()]).unwrap();
        form.distinguished_name = name(host);
        let certificate = form.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// A Redis with a certificate for this name, that wants one of its clients or not.
    fn redis(&self, name: &str, wants_certificate: bool) -> RedisServer {
        let (certificate, key) = self.certificate(name);
        RedisServer::start_with(PASSWORD, |folder| {
            let file = |name: &str, text: &str| {
                let path = folder.join(name);
                fs::write(&path, text).unwrap();
                path.to_str().unwrap().to_owned()
            };
            let wants = if wants_certificate { "yes" } else { "no" };
            [
                ("--tls-cert-file", file("redis.pem", &certificate)),
                ("--tls-key-file", file("redis-key.pem", &key)),
                ("--tls-ca-cert-file", file("authority.pem", &self.pem)),
                ("--tls-auth-clients", wants.to_owned()),
            ]
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
        })
    }

    fn trusted(&self) -> RedisTls {
        RedisTls::new().root_certificates(&self.pem)
    }
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn store(redis: &RedisServer, tls: &RedisTls) -> RedisStore {
    watch::listen();
    let store = RedisStore::connect(&redis.url()).unwrap();
    store.timeout(Duration::from_secs(10)).tls(tls).unwrap()
}

fn key() -> StoreKey {
    StoreKey::new("https://pay.example", "account")
}

/// That of a question, and nothing secret in it.
async fn refused(store: &RedisStore) -> String {
    let error = store.load(&key()).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(!told.contains(PASSWORD), "{told}");
    error.to_string()
}

#[tokio::test]
async fn it_keeps_the_contract() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let pass = async || tokio::time::sleep(Duration::from_millis(10)).await;
    contract::holds(&store(&redis, &authority.trusted()), "account", pass).await;
}

#[tokio::test]
async fn a_token_and_what_was_handled_are_shared() {
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
    let sent = TestDelivery::of("X")
        .id("1")
        .signed(&sign_key, now)
        .unwrap();
    let webhooks = Webhooks::new(&sign_key).unwrap();
    let verified = webhooks.verify(&sent.headers, sent.body, now).unwrap();
    let event = verified.parse().unwrap().key();
    let claims = [(), ()].map(|()| {
        let guard = RedisGuard::connect(&redis.url()).unwrap();
        guard.tls(&authority.trusted()).unwrap()
    });
    assert!(matches!(
        claims[0].claim(&event).await.unwrap(),
        Claim::New(_)
    ));
    assert!(matches!(
        claims[1].claim(&event).await.unwrap(),
        Claim::InProgress
    ));
}

#[tokio::test]
async fn whom_nobody_vouches_for_is_not_talked_to() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let elsewhere = authority.redis("elsewhere.example", false);
    for (redis, tls) in [
        (&redis, RedisTls::new()),
        (&redis, Authority::new("other").trusted()),
        (&elsewhere, authority.trusted()),
    ] {
        let told = refused(&store(redis, &tls)).await;
        assert!(told.starts_with("Redis can't be reached: "), "{told}");
        assert!(told.contains("certificate"), "{told}");
    }
}

#[tokio::test]
async fn a_redis_that_asks_for_a_certificate_gets_it() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", true);
    refused(&store(&redis, &authority.trusted())).await;
    let other = Authority::new("other").certificate("program");
    let other = authority.trusted().client_certificate(other.0, other.1);
    refused(&store(&redis, &other)).await;
    let own = authority.certificate("program");
    let own = authority.trusted().client_certificate(own.0, own.1);
    assert!(store(&redis, &own).load(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_shown() {
    let authority = Authority::new("own");
    let redis = authority.redis("127.0.0.1", false);
    let address = redis.url().replace(PASSWORD, "planted-password-of-old");
    let store = RedisStore::connect(&address).unwrap();
    let store = store.tls(&authority.trusted()).unwrap();
    assert!(!store.load(&key()).await.unwrap_err().is_passing());
    assert_eq!(
        refused(&store).await,
        "Redis refused the command: WRONGPASS: it does not know the user or the password of the address"
    );
}

#[test]
fn what_is_no_certificate_is_said_and_not_shown() {
    let authority = Authority::new("own");
    let (certificate, private) = authority.certificate("program");
    let spoilt = |pem: &str| pem.replacen('M', "planted!", 1);
    let secure = "rediss://user:planted-password@127.0.0.1";
    let cases = [
        (
            "redis://user:planted-password@127.0.0.1",
            authority.trusted(),
            false,
        ),
        (secure, authority.trusted(), true),
        (secure, RedisTls::new().root_certificates("planted"), false),
        (
            secure,
            RedisTls::new().root_certificates(spoilt(&authority.pem)),
            false,
        ),
        (
            secure,
            RedisTls::new().client_certificate("planted", &*private),
            false,
        ),
        (
            secure,
            RedisTls::new().client_certificate(&certificate, "planted"),
            false,
        ),
        (
            secure,
            RedisTls::new().client_certificate(&certificate, spoilt(&private)),
            false,
        ),
        (
            secure,
            RedisTls::new().client_certificate(certificate, private),
            true,
        ),
    ];
    for (at, (address, tls, good)) in cases.into_iter().enumerate() {
        let store = RedisStore::connect(address).unwrap().tls(&tls);
        let told = match &store {
            Ok(store) => format!("{store:?} {tls:?}"),
            Err(error) => format!("{error} {error:?} {tls:?}"),
        };
        assert_eq!(store.is_ok(), good, "{at}: {told}");
        assert!(
            !told.contains("planted") && !told.contains("BEGIN"),
            "{at}: {told}"
        );
    }
}

/// Set for [`process`], with the file of an authority of its own if it has one.
const ADDRESS: &str = "STABLELINK_TEST_REDIS";
const AUTHORITY: &str = "STABLELINK_TEST_AUTHORITY";

/// Not a test of its own, but what the process of the test below runs.
#[tokio::test]
async fn process() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let mut store = RedisStore::connect(&address).unwrap();
    if let Ok(file) = std::env::var(AUTHORITY) {
        let pem = fs::read_to_string(file).unwrap();
        store = store.tls(&RedisTls::new().root_certificates(pem)).unwrap();
    }
    let store = store.timeout(Duration::from_secs(10));
    match store.load(&key()).await {
        Ok(token) => assert!(token.is_none()),
        Err(error) => panic!("{error}"),
    }
}

/// The file of the system's roots is named by a variable, which a process has for itself. An authority that is given stands in
/// for all of them: those whom only the system vouches for are strangers then.
#[test]
fn the_roots_of_the_system_are_trusted_where_no_authority_is_given() {
    let [authority, other] = ["own", "other"].map(Authority::new);
    let redis = authority.redis("127.0.0.1", false);
    let folder = tempfile::tempdir().unwrap();
    let [roots, given] = ["roots.pem", "given.pem"].map(|name| folder.path().join(name));
    let both = format!("{}{}", other.pem, authority.pem);
    for (system, own, good) in [
        (&both, None, true),
        (&other.pem, None, false),
        (&other.pem, Some(&authority.pem), true),
        (&other.pem, Some(&both), true),
        (&both, Some(&other.pem), false),
    ] {
        fs::write(&roots, system).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap());
        process
            .args(["--exact", "process"])
            .env(ADDRESS, redis.url())
            .env("SSL_CERT_FILE", &roots)
            .env_remove("SSL_CERT_DIR");
        if let Some(own) = own {
            fs::write(&given, own).unwrap();
            process.env(AUTHORITY, &given);
        }
        let ran = process.output().unwrap();
        let told = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert_eq!(ran.status.success(), good, "{told}");
        // Refused for what it is, and not for anything that went wrong before.
        assert_eq!(told.contains("certificate"), !good, "{told}");
    }
}
