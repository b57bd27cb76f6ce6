//! The settings of a client.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use stablelink_signature::QueryForm;

use super::token_request::HttpTokenSource;
use super::{Client, ClientInner, ClockSkew};
use crate::account::{CredentialCache, CredentialSource, KnownSecrets};
use crate::call::{RetryBudget, RetryPolicy};
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::Error;
use crate::token::{MemoryStore, TokenManager, TokenSettings, TokenStore};

type ConfigureHttp = Box<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;
type CreateCredentialCache =
    Box<dyn FnOnce(Arc<dyn Clock>, Arc<KnownSecrets>) -> CredentialCache + Send>;

/// The longest time for which a call that is never retried lets a connection be idle. Servers close idle connections after 5 s
/// (Node.js) or more.
const FRESH_IDLE_TIMEOUT: Duration = Duration::from_secs(3);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const MAX_COOLDOWN: Duration = Duration::from_secs(24 * 60 * 60);

/// Builds a [`Client`]. An environment and credentials are required; everything else has a default.
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    environment: Option<Environment>,
    allow_plain_http: bool,
    credentials: Option<CreateCredentialCache>,
    user_agent: Option<String>,
    deadline: Duration,
    attempt_timeout: Duration,
    idle_timeout: Duration,
    max_response_size: usize,
    proxy: Option<reqwest::Proxy>,
    retry: RetryPolicy,
    token: TokenSettings,
    token_retcodes: BTreeSet<String>,
    store: Option<Arc<dyn TokenStore>>,
    clock: Option<Arc<dyn Clock>>,
    query_form: QueryForm,
    configure_http: Option<ConfigureHttp>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            environment: None,
            allow_plain_http: false,
            credentials: None,
            user_agent: None,
            deadline: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(30),
            max_response_size: 8 * 1024 * 1024,
            proxy: None,
            retry: RetryPolicy::default(),
            token: TokenSettings::default(),
            token_retcodes: BTreeSet::new(),
            store: None,
            clock: None,
            query_form: QueryForm::default(),
            configure_http: None,
        }
    }

    /// Sets the gateway. There is no default, because calls to the production gateway move real money.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Allows plain http to another machine. Secrets, tokens and personal data can then be read in transit.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Sets the credentials: [`Credentials`](crate::Credentials), or a [source](CredentialSource) such as a function, which
    /// is called repeatedly, so that credentials can be rotated without a new client. A changed sign key is used within a
    /// minute.
    pub fn credentials(mut self, source: impl CredentialSource) -> Self {
        self.credentials = Some(Box::new(move |clock, secrets| {
            CredentialCache::new(source, clock, secrets)
        }));
        self
    }

    /// Sets the name of your program, such as `shop/1.2`. The user agent is this name, followed by the name and version of
    /// this crate. [`build`](Self::build) fails if the name is not a valid header value.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Sets the deadline of a call: token, locks, attempts and delays. Defaults to 60 s; a call can override it. With 0,
    /// nothing is sent.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// Sets the timeout of one attempt, from connecting to the end of the response body. Defaults to 20 s; 0 counts as 1 ms.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_timeout = limit;
        self
    }

    /// Sets how long an unused connection stays open. Defaults to 30 s: most servers and load balancers close it after 60 s or
    /// more, and a request on a connection that is being closed is lost. A call that is never retried uses no connection that
    /// was unused for more than 3 s.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.idle_timeout = limit;
        self
    }

    /// Sets the maximum size of a response body in bytes. Defaults to 8 MiB. A longer body is an error
    /// ([`Transport`](crate::ErrorKind::Transport), or ambiguous). Of a response that is not a success, the first 64 KiB are
    /// kept in any case.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.max_response_size = bytes;
        self
    }

    /// Sets the proxy of all calls. Without it no proxy is used; environment variables are ignored.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets how often calls are retried if their operation allows it.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets how long no token is requested after the gateway rejected the credentials or too many tokens. Calls fail
    /// immediately during that time. Defaults to 30 s; at most one day. After other unusable responses, the cooldown starts
    /// at a few seconds and grows to this duration.
    pub fn token_cooldown(mut self, duration: Duration) -> Self {
        self.token.cooldown = duration.min(MAX_COOLDOWN);
        self
    }

    /// Allows this client to request an unshared token while the token store is unavailable, and as often as the gateway rejects
    /// one. Defaults to `false`, because a new token invalidates the token of all others: without it, a token that cannot be
    /// saved is used, but is not replaced after the gateway has rejected it. Use it only for an account of a single process.
    pub fn allow_unshared_token(mut self, allow: bool) -> Self {
        self.token.allow_unshared_token = allow;
        self
    }

    /// Sets the retcodes that mean that the token is invalid although the status is not 401. No such retcode is documented.
    /// A rejection with one of these retcodes refreshes the token, at most once per token cooldown.
    pub fn token_retcodes<C: Into<String>>(mut self, codes: impl IntoIterator<Item = C>) -> Self {
        self.token_retcodes = codes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets where the token is stored. Defaults to memory. Processes that share credentials need one shared store, because
    /// an account has only one valid token at a time.
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets how the query of a request is signed. Defaults to the documented form: see [`QueryForm`].
    pub fn query_form(mut self, form: QueryForm) -> Self {
        self.query_form = form;
        self
    }

    /// Configures the HTTP client, for example its trusted roots or the timeout of establishing a connection, which defaults
    /// to 10 s. The function is called twice: calls that are never retried have a separate pool. Some settings of reqwest
    /// are always off and cannot be enabled here: redirects and `Referer`, which would send secrets to another host; the
    /// retries of reqwest, which could pay twice; and the connection log, which shows what is sent.
    pub fn configure_http(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.configure_http = Some(Box::new(configure));
        self
    }

    /// Builds the client. Nothing is sent before its first call.
    ///
    /// # Errors
    ///
    /// Fails if the environment or the credentials are missing, if the environment is plain http to another machine, if the
    /// user agent is not a valid header value, or if TLS cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let environment = self.environment.ok_or_else(|| {
            Error::configuration("no environment is set: call `.environment(Environment::Sandbox)`")
        })?;
        let origin = environment.origin();
        if !origin.is_secure() && !self.allow_plain_http {
            return Err(Error::configuration(format!(
                "{origin} is plain http on another machine: use https, or call `.allow_plain_http()`"
            )));
        }
        let create_credential_cache = self.credentials.ok_or_else(|| {
            Error::configuration(
                "no credentials are set: call `.credentials(Credentials::from_env()?)`",
            )
        })?;
        let clock = self
            .clock
            .unwrap_or_else(|| Arc::new(SystemClock::default()));
        let name = concat!("stablelink-rust/", env!("CARGO_PKG_VERSION"));
        let user_agent = match self.user_agent {
            Some(program) => format!("{program} {name}"),
            None => name.to_owned(),
        };

        let configured = || {
            let mut http = reqwest::Client::builder()
                .user_agent(user_agent.as_str())
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(self.idle_timeout)
                .no_proxy();
            if let Some(proxy) = &self.proxy {
                http = http.proxy(proxy.clone());
            }
            match &self.configure_http {
                Some(configure) => configure(http),
                None => http,
            }
        };
        let http = build_http(configured())?;
        let fresh_idle_timeout = self.idle_timeout.min(FRESH_IDLE_TIMEOUT);
        let fresh_http = build_http(configured().pool_idle_timeout(fresh_idle_timeout))?;

        let secrets = Arc::new(KnownSecrets::default());
        let credentials = create_credential_cache(Arc::clone(&clock), Arc::clone(&secrets));
        let credentials = Arc::new(credentials);
        let clock_skew = Arc::new(ClockSkew::default());
        let source = HttpTokenSource {
            http: http.clone(),
            origin: origin.clone(),
            credentials: Arc::clone(&credentials),
            secrets: Arc::clone(&secrets),
            clock: Arc::clone(&clock),
            clock_skew: Arc::clone(&clock_skew),
            retry: self.retry.clone(),
            attempt_timeout: self.attempt_timeout,
            max_response_size: self.max_response_size,
        };
        let store = self
            .store
            .unwrap_or_else(|| Arc::new(MemoryStore::default()));
        let tokens = TokenManager::new(
            Arc::new(source),
            store,
            Arc::clone(&clock),
            self.token,
            Arc::clone(&secrets),
            origin.as_str(),
        );
        Ok(Client(Arc::new(ClientInner {
            http,
            fresh_http,
            origin,
            credentials,
            secrets,
            tokens,
            clock,
            clock_skew,
            retry_budget: RetryBudget::new(self.retry.budget),
            retry: self.retry,
            query_form: self.query_form,
            deadline: self.deadline,
            attempt_timeout: self.attempt_timeout,
            max_response_size: self.max_response_size,
            token_retcodes: self.token_retcodes,
        })))
    }
}

/// Builds an HTTP client with the settings that must not be changed.
fn build_http(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // Retries of reqwest reuse the old signature, and its connection log contains every byte.
        .retry(reqwest::retry::never())
        .connection_verbose(false)
        .build()
        .map_err(|error| {
            Error::configuration("the HTTP client could not be built").because(error.without_url())
        })
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
