//! Whom a connection to Redis trusts, and as whom it presents itself.

use std::fmt;

use ::redis::{Client, ClientTlsConfig, RedisError, TlsCertificates};
use secrecy::{ExposeSecret, SecretString};

use super::LinkError;

/// Whom a connection with `rediss://` trusts, and as whom it presents itself: for a Redis with an authority of its own.
///
/// Without it the roots of the system are trusted. Needs the feature `redis`, and `rustls` or `native-tls`; where both are on,
/// the connection to Redis is made by rustls.
///
/// ```no_run
/// use stablelink::{RedisStore, RedisTls};
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = RedisTls::new()
///     .root_certificates(std::fs::read_to_string("authority.pem")?)
///     .client_certificate(
///         std::fs::read_to_string("program.pem")?,
///         std::fs::read_to_string("program-key.pem")?,
///     );
/// let store = RedisStore::connect("rediss://user:password@redis.internal:6379/0")?.tls(&tls)?;
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct RedisTls {
    roots: Option<String>,
    presented: Option<(String, SecretString)>,
}

impl RedisTls {
    /// That of the system, until a method says otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities **instead of** those of the system: one or more certificates in PEM.
    ///
    /// With `rustls` alone the driver reads the roots of the system all the same. It trusts none of them then, but one that it
    /// can't read fails the connection: the variable `SSL_CERT_FILE` may name a file of roots that are good, such as these.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<String>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Presents this certificate, with those between it and its root behind it, and proves it with this key; all in PEM. A
    /// Redis asks for one unless it has `tls-auth-clients no`.
    #[must_use]
    pub fn client_certificate(
        mut self,
        pem: impl Into<String>,
        key_pem: impl Into<SecretString>,
    ) -> Self {
        self.presented = Some((pem.into(), key_pem.into()));
        self
    }

    /// Whether it can be used, or what is wrong with it.
    pub(super) fn check(&self, client: &Client) -> Result<(), &'static str> {
        const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
        let lacks = |pem: &str| !pem.contains(CERTIFICATE);
        if self.roots.as_deref().is_some_and(lacks) {
            return Err("has no certificate in PEM among the root certificates");
        }
        match &self.presented {
            Some((pem, _)) if lacks(pem) => {
                return Err("has a client certificate that is none in PEM");
            }
            Some((_, key)) if !key.expose_secret().contains("PRIVATE KEY-----") => {
                return Err("has a key of the client certificate that is none in PEM");
            }
            _ => {}
        }
        // The error of the driver is left out: it may show what could not be read.
        built(client, self.certificates())
            .map(drop)
            .map_err(|_| "has a certificate or a key that can't be read")
    }

    /// Of a connection that begins now: the roots of the system may have changed since the last one.
    pub(super) fn client(&self, client: &Client) -> Result<Client, LinkError> {
        let certificates = self.certificates();
        #[cfg(feature = "rustls")]
        let certificates = {
            choose_cryptography();
            TlsCertificates {
                root_cert: match certificates.root_cert {
                    None => Some(super::roots::of_the_system()?),
                    given => given,
                },
                ..certificates
            }
        };
        Ok(built(client, certificates)?)
    }

    fn certificates(&self) -> TlsCertificates {
        TlsCertificates {
            client_tls: self.presented.as_ref().map(|(pem, key)| ClientTlsConfig {
                client_cert: pem.clone().into_bytes(),
                client_key: key.expose_secret().as_bytes().to_vec(),
            }),
            root_cert: self.roots.clone().map(String::into_bytes),
        }
    }
}

fn built(client: &Client, certificates: TlsCertificates) -> Result<Client, RedisError> {
    Client::build_with_tls(client.get_connection_info().clone(), certificates)
}

/// The driver takes the default of the process, and panics where there is none and two are compiled in. Like the driver, this
/// sets one where nobody did; it is that of the HTTP client.
#[cfg(feature = "rustls")]
fn choose_cryptography() {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};

    if CryptoProvider::get_default().is_none() {
        // Another thread may have set one meanwhile, which is as good.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTls")
            .field("own_roots", &self.roots.is_some())
            .field("client_certificate", &self.presented.is_some())
            .finish_non_exhaustive()
    }
}
