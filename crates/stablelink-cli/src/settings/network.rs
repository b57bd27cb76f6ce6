//! The proxy and the trusted certificates of outgoing connections.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, NoProxy, Proxy, Url};

use super::config::read_trusted;
use crate::error::CliError;

/// The `User-Agent` header of all requests.
pub(crate) const USER_AGENT: &str = concat!("stablelink-cli/", env!("CARGO_PKG_VERSION"));

/// The name of the profile's setting in messages.
pub(crate) const PROFILE_PROXY: &str = "proxy of the profile";

/// The settings for connections to `https` addresses. Addresses without TLS are on this machine and never use a
/// proxy.
#[derive(Clone, Default)]
pub(crate) struct NetworkSettings {
    proxy: Option<Url>,
    certificates: Vec<Certificate>,
}

impl NetworkSettings {
    /// Sets the proxy. An empty URL sets none. `source` is the option or the variable for the error message.
    pub(crate) fn with_proxy(mut self, url: &str, source: &str) -> Result<Self, CliError> {
        if url.is_empty() {
            return Ok(self);
        }
        let invalid = |problem: &str| {
            // The URL may contain a password.
            CliError::usage(format!("{source}: {problem}"))
                .next("use a URL such as http://proxy.example:3128; --proxy '' uses no proxy")
        };
        let with_scheme = match url.contains("://") {
            true => url.to_owned(),
            false => format!("http://{url}"),
        };
        let url = Url::parse(&with_scheme).map_err(|_| invalid("the proxy is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("only http and https proxies are supported"));
        }
        if matches!(source, "--proxy" | PROFILE_PROXY) && url.password().is_some() {
            return Err(CliError::usage(format!(
                "{source} contains a password, which other users of this machine can read"
            ))
            .next("set the variable STABLELINK_PROXY instead"));
        }
        self.proxy = Some(url);
        Ok(self)
    }

    /// Trusts the certificates of this file in addition to those of the system.
    pub(crate) fn with_ca_file(mut self, path: &Path) -> Result<Self, CliError> {
        let text = read_trusted(path)?.ok_or_else(|| {
            CliError::usage(format!("the CA file {} does not exist", path.display()))
        })?;
        let certificates = Certificate::from_pem_bundle(text.as_bytes()).unwrap_or_default();
        if certificates.is_empty() {
            let problem = format!("{} has no certificate in PEM", path.display());
            return Err(CliError::usage(problem));
        }
        self.certificates = certificates;
        Ok(self)
    }

    /// Returns the address of the proxy without user name and password.
    pub(crate) fn proxy_address(&self) -> Option<String> {
        let mut url = self.proxy.clone()?;
        // These setters fail only for URLs without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Some(url.to_string())
    }

    pub(crate) fn proxy(&self) -> Result<Option<Proxy>, CliError> {
        let Some(url) = &self.proxy else {
            return Ok(None);
        };
        let proxy = Proxy::https(url.clone())
            .map_err(|error| CliError::usage(format!("the proxy: {}", error.without_url())))?;
        Ok(Some(proxy.no_proxy(NoProxy::from_env())))
    }

    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        self.certificates.clone()
    }

    /// Creates an HTTP client that follows no redirects: a redirect would send secrets or a signed delivery to another host.
    pub(crate) fn http_client(&self, timeout: Duration) -> Result<reqwest::Client, CliError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .tls_certs_merge(self.certificates())
            .timeout(timeout)
            .user_agent(USER_AGENT);
        if let Some(proxy) = self.proxy()? {
            builder = builder.proxy(proxy);
        }
        builder
            .build()
            .map_err(|error| CliError::other(format!("cannot create the HTTP client: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_proxy_is_named_without_its_password() {
        let proxy = |url, source| NetworkSettings::default().with_proxy(url, source);
        for (url, source, problem) in [
            (
                "socks5://u:hidden@proxy:1",
                "HTTPS_PROXY",
                "HTTPS_PROXY: only http and https",
            ),
            (
                "http://u:hidden@",
                "STABLELINK_PROXY",
                "STABLELINK_PROXY: the proxy is not a URL",
            ),
            (
                "http://u:hidden@proxy",
                "--proxy",
                "--proxy contains a password",
            ),
            (
                "http://u:hidden@proxy",
                PROFILE_PROXY,
                "proxy of the profile contains a password",
            ),
        ] {
            let error = proxy(url, source).err().unwrap().to_string();
            assert!(
                error.starts_with(problem) && !error.contains("hidden"),
                "{error}"
            );
        }
        let set = proxy("u:hidden@proxy:3128", "HTTPS_PROXY").unwrap();
        assert_eq!(set.proxy_address().as_deref(), Some("http://proxy:3128/"));
        assert!(proxy("", "--proxy").unwrap().proxy().unwrap().is_none());
    }

    #[test]
    fn ca_file_without_certificate_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        let load = || NetworkSettings::default().with_ca_file(&path);
        let error = load().err().unwrap().to_string();
        assert!(error.contains("does not exist"), "{error}");
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
        let error = load().err().unwrap().to_string();
        assert!(error.contains("no certificate"), "{error}");
    }
}
