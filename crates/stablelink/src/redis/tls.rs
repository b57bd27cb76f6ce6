//! Certificates of a TLS connection to Redis.

use std::fmt;

use ::redis::{Client, ClientTlsConfig, RedisError, TlsCertificates};
use secrecy::{ExposeSecret, SecretString};

use super::RedisCommandError;

/// The certificates of a `rediss://` connection, for a Redis with its own certificate authority.
///
/// Without it, the connection trusts the root certificates of the system and presents no client certificate. Needs the
/// feature `redis`, and `rustls` or `native-tls`; with both, the connection uses rustls.
///
/// ```no_run
/// use stablelink::{RedisConnection, RedisStore, RedisTls};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = RedisTls::default()
///     .root_certificates(std::fs::read_to_string("authority.pem")?)
///     .client_certificate(
///         std::fs::read_to_string("program.pem")?,
///         std::fs::read_to_string("program-key.pem")?,
///     );
/// let redis = RedisConnection::new("rediss://user:password@redis.internal:6379/0")?.tls(&tls)?;
/// let store = RedisStore::new(redis);
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RedisTls {
    roots: Option<String>,
    client_identity: Option<(String, SecretString)>,
}

impl RedisTls {
    /// Trusts these certificate authorities **instead of** those of the system: one or more certificates in PEM.
    ///
    /// With `rustls` and without `native-tls` the driver still reads the root certificates of the system. It does not trust
    /// them, but the connection fails if one of them cannot be read. In that case, set the environment variable
    /// `SSL_CERT_FILE` to a file of readable certificates.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Presents this client certificate, followed by its intermediate certificates, and uses this private key; both in
    /// PEM. Redis requires one unless it is configured with `tls-auth-clients no`.
    #[must_use]
    pub fn client_certificate(
        mut self,
        pem: impl Into<String>,
        key_pem: impl Into<SecretString>,
    ) -> Self {
        self.client_identity = Some((pem.into(), key_pem.into()));
        self
    }

    /// Fails with the problem if the certificates or the key cannot be used.
    pub(super) fn check(&self, client: &Client) -> Result<(), &'static str> {
        let is_certificate = |pem: &str| pem.contains("-----BEGIN CERTIFICATE-----");
        if self
            .roots
            .as_deref()
            .is_some_and(|pem| !is_certificate(pem))
        {
            return Err("has root certificates without a PEM certificate");
        }
        match &self.client_identity {
            Some((pem, _)) if !is_certificate(pem) => {
                return Err("has a client certificate that is not PEM");
            }
            Some((_, key)) if !key.expose_secret().contains("PRIVATE KEY-----") => {
                return Err("has a private key that is not PEM");
            }
            _ => {}
        }
        // The error of the driver is dropped: it may show the key.
        client_with(client, self.certificates())
            .map(drop)
            .map_err(|_| "has a certificate or a private key that cannot be read")
    }

    /// Creates the client for one new connection. The root certificates of the system are read each time: they may have
    /// changed since the last connection.
    pub(super) fn client(&self, client: &Client) -> Result<Client, RedisCommandError> {
        let certificates = self.certificates();
        #[cfg(feature = "rustls")]
        let certificates = {
            install_crypto_provider();
            let root_cert = match certificates.root_cert {
                None => system_roots()?,
                Some(roots) => roots,
            };
            TlsCertificates {
                root_cert: Some(root_cert),
                ..certificates
            }
        };
        Ok(client_with(client, certificates)?)
    }

    fn certificates(&self) -> TlsCertificates {
        TlsCertificates {
            client_tls: self
                .client_identity
                .as_ref()
                .map(|(pem, key)| ClientTlsConfig {
                    client_cert: pem.clone().into_bytes(),
                    client_key: key.expose_secret().as_bytes().to_vec(),
                }),
            root_cert: self.roots.clone().map(String::into_bytes),
        }
    }
}

fn client_with(client: &Client, certificates: TlsCertificates) -> Result<Client, RedisError> {
    Client::build_with_tls(client.get_connection_info().clone(), certificates)
}

/// Returns the root certificates of the system as PEM.
///
/// The driver loads them itself, unless any crate in the build enables its `native-tls` feature: then the driver trusts no
/// root certificate. Certificates that rustls rejects are skipped, because the driver rejects the whole list if one is
/// invalid.
#[cfg(feature = "rustls")]
fn system_roots() -> Result<Vec<u8>, RedisCommandError> {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use rustls::RootCertStore;

    let mut pem = String::new();
    for certificate in rustls_native_certs::load_native_certs().certs {
        let encoded = STANDARD.encode(&certificate);
        if RootCertStore::empty().add(certificate).is_ok() {
            pem += "-----BEGIN CERTIFICATE-----\n";
            pem += &encoded;
            pem += "\n-----END CERTIFICATE-----\n";
        }
    }
    if pem.is_empty() {
        return Err(RedisCommandError::Unreachable(
            "this system has no trusted root certificate; set one with `RedisTls` or the environment variable SSL_CERT_FILE"
                .to_owned(),
        ));
    }
    Ok(pem.into_bytes())
}

/// Installs the default cryptography of rustls if the process has none: the driver panics if two providers are compiled in and
/// none is the default. The provider is the one that the HTTP client uses.
#[cfg(feature = "rustls")]
fn install_crypto_provider() {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};

    if CryptoProvider::get_default().is_none() {
        // Fails if another thread has installed a provider meanwhile, which is as good.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTls")
            .field("root_certificates", &self.roots.is_some())
            .field("client_certificate", &self.client_identity.is_some())
            .finish_non_exhaustive()
    }
}
