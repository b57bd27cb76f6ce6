//! Makes a client.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use stablelink_signature::QueryForm;

use super::Client;
use super::http_grant::{HttpGrant, TokenExchange};
use crate::account::{CredentialSource, Vault};
use crate::call::{Budget, Limits, Offset, RetryPolicy, Shared};
use crate::clock::{Clock, SystemClock};
use crate::environment::Environment;
use crate::error::Error;
use crate::token::{MemoryStore, TokenManager, TokenSettings, TokenStore};

type Adjust = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;
type MakeVault = Box<dyn FnOnce(Arc<dyn Clock>) -> Vault + Send>;

/// Makes a [`Client`]: an environment and credentials are needed, the rest has defaults.
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    environment: Option<Environment>,
    plain_http: bool,
    vault: Option<MakeVault>,
    user_agent: Option<String>,
    deadline: Duration,
    attempt_time: Duration,
    connect_time: Duration,
    answer_size: usize,
    proxy: Option<reqwest::Proxy>,
    retry: RetryPolicy,
    token: TokenSettings,
    token_retcodes: BTreeSet<String>,
    store: Option<Arc<dyn TokenStore>>,
    clock: Option<Arc<dyn Clock>>,
    query_form: QueryForm,
    adjust: Option<Adjust>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            environment: None,
            plain_http: false,
            vault: None,
            user_agent: None,
            deadline: Duration::from_secs(60),
            attempt_time: Duration::from_secs(20),
            connect_time: Duration::from_secs(10),
            answer_size: 8 * 1024 * 1024,
            proxy: None,
            retry: RetryPolicy::default(),
            token: TokenSettings::default(),
            token_retcodes: BTreeSet::new(),
            store: None,
            clock: None,
            query_form: QueryForm::default(),
            adjust: None,
        }
    }

    /// Which gateway is called. There is no default: one of them moves real money.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Allows plain http to another machine than this one. Secrets, tokens and personal data are then
    /// readable on the way.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Who calls: [`Credentials`](crate::Credentials), or a function that is asked anew from time to time, so that
    /// they can be rotated without a new client. A changed sign key is in use within a minute.
    pub fn credentials(mut self, source: impl CredentialSource) -> Self {
        self.vault = Some(Box::new(move |clock| Vault::new(source, clock)));
        self
    }

    /// The name of your program, such as `shop/1.2`: the user agent is that, and behind it name and version of this crate. A
    /// name that no header can hold is an error of [`build`](Self::build).
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// How long a call may take in all: token, locks, attempts and pauses. 60 s unless set; a call may have its
    /// own. With 0 nothing is sent.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    /// How long one attempt may take, from its connection to the end of its answer. 20 s unless set; 0 counts as 1 ms.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.attempt_time = limit;
        self
    }

    /// How long a connection may take to stand. 10 s unless set.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_time = limit;
        self
    }

    /// How many bytes the body of an answer may have. 8 MiB unless set. A longer one is an error
    /// ([`Transport`](crate::ErrorKind::Transport), or ambiguous); of what is no success the first 64 KiB are kept in any case.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.answer_size = bytes;
        self
    }

    /// The proxy for all calls; without it none is used, whatever the environment variables say.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// How often calls are repeated that the document allows to repeat.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// When and how tokens are renewed.
    pub fn token_settings(mut self, settings: TokenSettings) -> Self {
        self.token = settings;
        self
    }

    /// Retcodes by which the gateway says, with another status than 401, that a token is not good. None is
    /// documented; a refusal with one of them renews the token, at most once a cool-down.
    pub fn token_retcodes<C: Into<String>>(mut self, codes: impl IntoIterator<Item = C>) -> Self {
        self.token_retcodes = codes.into_iter().map(Into::into).collect();
        self
    }

    /// Where the token is kept. In memory unless set: processes that share credentials need one store, for only
    /// one token lives per client at a time.
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Where time comes from.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// How the query of a request is signed. As documented unless set: see [`QueryForm`].
    pub fn query_form(mut self, form: QueryForm) -> Self {
        self.query_form = form;
        self
    }

    /// Adjusts the HTTP client, for instance its pool or its trusted roots. Redirects and `Referer` stay off, whatever is
    /// set here: they would carry secrets to another host. So do its own repeats, which could pay twice, and its log of
    /// connections, which shows what is sent.
    pub fn configure_http(
        mut self,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.adjust = Some(Box::new(adjust));
        self
    }

    /// The client. Nothing is sent before its first call.
    ///
    /// # Errors
    ///
    /// A missing environment or missing credentials, plain http to another machine, a name that is no header value, or TLS that
    /// can't be set up.
    pub fn build(self) -> Result<Client, Error> {
        let environment = self.environment.ok_or_else(|| {
            Error::configuration("no environment is set: say `.environment(Environment::Sandbox)`")
        })?;
        let origin = environment.origin();
        if !origin.is_secure() && !self.plain_http {
            return Err(Error::configuration(format!(
                "{origin} is plain http on another machine: use https, or say `.allow_plain_http()`"
            )));
        }
        let make_vault = self.vault.ok_or_else(|| {
            Error::configuration(
                "no credentials are set: say `.credentials(Credentials::from_env()?)`",
            )
        })?;
        let clock = self
            .clock
            .unwrap_or_else(|| Arc::new(SystemClock::default()));
        let name = concat!("stablelink-rust/", env!("CARGO_PKG_VERSION"));
        let user_agent = match self.user_agent {
            Some(first) => format!("{first} {name}"),
            None => name.to_owned(),
        };

        let mut http = reqwest::Client::builder()
            .user_agent(user_agent)
            .connect_timeout(self.connect_time)
            .no_proxy();
        if let Some(proxy) = self.proxy {
            http = http.proxy(proxy);
        }
        if let Some(adjust) = self.adjust {
            http = adjust(http);
        }
        let http = http
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Its repeats know neither keys nor signatures, and its log of connections holds every byte.
            .retry(reqwest::retry::never())
            .connection_verbose(false)
            .build()
            .map_err(|error| {
                Error::configuration("the HTTP client could not be made")
                    .because(error.without_url())
            })?;

        let credentials = Arc::new(make_vault(Arc::clone(&clock)));
        let offset = Arc::new(Offset::default());
        let limits = Limits {
            time: self.attempt_time,
            body: self.answer_size,
        };
        let exchange = TokenExchange {
            limits,
            clock: Arc::clone(&clock),
            offset: Arc::clone(&offset),
            origin: origin.clone(),
            retry: self.retry.clone(),
        };
        let grant = HttpGrant::new(http.clone(), &origin, Arc::clone(&credentials), exchange);
        let store = self
            .store
            .unwrap_or_else(|| Arc::new(MemoryStore::default()));
        let tokens = TokenManager::new(
            Arc::new(grant),
            store,
            Arc::clone(&clock),
            self.token,
            origin.as_str(),
        );
        Ok(Client::new(Shared {
            http,
            origin,
            credentials,
            tokens,
            clock,
            offset,
            budget: Budget::new(self.retry.budget),
            retry: self.retry,
            query_form: self.query_form,
            deadline: self.deadline,
            limits,
            token_retcodes: self.token_retcodes,
        }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
