//! The settings of a command: environment, credentials, network, and the client built from them.

use std::env;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use stablelink::{
    Client, ClientBuilder, Credentials, Environment, FileStore, MemoryStore, QueryForm,
    RedisConnection, RedisStore,
};

use crate::error::{CallSubject, CliError};
use crate::options::GlobalOptions;
use crate::output::CliOutput;
use crate::settings::{
    API_KEY, API_SECRET, Config, Directories, NetworkSettings, PROFILE_PROXY, Profile,
    ProfileSecrets, SIGN_KEY, SecretsFile, USER_AGENT,
};
use crate::token_store::CliTokenStore;

pub(crate) const ENV: &str = "STABLELINK_ENV";
const PROXY: &str = "STABLELINK_PROXY";
const CA_FILE: &str = "STABLELINK_CA_FILE";
const REDIS_URL: &str = "STABLELINK_REDIS_URL";
/// The variables for the proxy of `https` addresses, in order of precedence.
const PROXY_VARIABLES: [&str; 5] = [
    PROXY,
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The global options, the output and the state of a command.
pub(crate) struct Context {
    global: GlobalOptions,
    pub(crate) out: CliOutput,
    state: Arc<CommandState>,
}

/// The token store and the call of the running command. The thread of the stop signal also reads it.
#[derive(Default)]
pub(crate) struct CommandState {
    store: OnceLock<CliTokenStore>,
    call: Mutex<CallState>,
}

#[derive(Default)]
struct CallState {
    /// The number of the record, which is known before the call is sent.
    key: Option<(String, String)>,
    /// The last call that was started; `None` before the first one.
    subject: Option<CallSubject>,
}

impl CommandState {
    fn call(&self) -> MutexGuard<'_, CallState> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error of an interruption, after the lock of a token request is released.
    pub(crate) async fn interrupt(&self) -> CliError {
        if let Some(store) = self.store.get() {
            store.release().await;
        }
        CliError::interrupted(self.call().subject.as_ref())
    }
}

/// A value and a description of where it was set.
pub(crate) struct Sourced<T> {
    pub(crate) value: T,
    pub(crate) source: String,
}

impl<T> Sourced<T> {
    fn new(value: T, source: impl Into<String>) -> Self {
        let source = source.into();
        Self { value, source }
    }
}

impl Context {
    pub(crate) fn new(global: GlobalOptions) -> Self {
        let out = CliOutput::new(global.output, global.get.clone(), global.quiet);
        Self {
            global,
            out,
            state: Arc::default(),
        }
    }

    pub(crate) const fn verbose(&self) -> u8 {
        self.global.verbose
    }

    /// Sets the number of the record that the next call is about.
    pub(crate) fn set_key(&self, field: &str, key: &str) {
        self.state.call().key = Some((field.to_owned(), key.to_owned()));
    }

    /// Records that a call begins. The error of a failure or an interruption describes this call.
    pub(crate) fn begin_call(&self, may_write: bool, may_have_key: bool) -> CallSubject {
        let mut call = self.state.call();
        let key = call.key.clone();
        let subject = CallSubject {
            may_write,
            may_have_key,
            key,
        };
        call.subject = Some(subject.clone());
        subject
    }

    pub(crate) fn state(&self) -> Arc<CommandState> {
        Arc::clone(&self.state)
    }

    /// Returns the name of the profile: that of `--profile`, the default of the configuration file, or `default`.
    pub(crate) fn profile_name(&self) -> Result<String, CliError> {
        if let Some(name) = &self.global.profile {
            return Ok(name.clone());
        }
        let default = self.config()?.default;
        Ok(default.unwrap_or_else(|| "default".to_owned()))
    }

    pub(crate) fn config(&self) -> Result<Config, CliError> {
        // Without a configuration directory there is no configuration. Commands that need the directory report the error.
        match Directories::of_user() {
            Ok(directories) => Config::load(&directories.config_file()),
            Err(_) => Ok(Config::default()),
        }
    }

    /// Returns the settings of the profile; none if it does not exist.
    fn profile(&self) -> Result<Profile, CliError> {
        let name = self.profile_name()?;
        Ok(self.config()?.profiles.remove(&name).unwrap_or_default())
    }

    /// Fails if `--profile` names a profile that does not exist. Only `login` creates one.
    fn ensure_profile_exists(&self) -> Result<(), CliError> {
        let Some(name) = &self.global.profile else {
            return Ok(());
        };
        let known = self.config()?.profiles;
        if known.contains_key(name) {
            return Ok(());
        }
        let next = if known.is_empty() {
            format!("create it with `stablelink --profile {name} --env sandbox login`")
        } else {
            let known: Vec<_> = known.into_keys().collect();
            format!("existing profiles: {}", known.join(", "))
        };
        Err(CliError::usage(format!("profile `{name}` does not exist")).next(next))
    }

    /// Returns the environment set by `--env` or the variable, without the profile.
    pub(crate) fn environment_override(&self) -> Option<Sourced<String>> {
        let option = self.global.env.clone();
        let option = option.map(|value| Sourced::new(value, "--env"));
        option.or_else(|| Some(Sourced::new(variable(ENV)?, ENV)))
    }

    /// Returns the environment: that of `--env`, then of the variable, then of the profile. There is no default.
    pub(crate) fn environment(&self) -> Result<Sourced<Environment>, CliError> {
        self.ensure_profile_exists()?;
        let name = match self.environment_override() {
            Some(name) => Some(name),
            None => {
                let source = format!("profile {}", self.profile_name()?);
                let name = self.profile()?.environment;
                name.map(|name| Sourced::new(name, source))
            }
        };
        let name = name.ok_or_else(|| {
            CliError::usage(
                "no environment is set. There is no default, because production moves real money",
            )
            .next("pass --env sandbox, set STABLELINK_ENV, or run `stablelink --env sandbox login`")
        })?;
        Ok(Sourced::new(parse_environment(&name.value)?, name.source))
    }

    /// Returns the secrets of the environment variables or, if none is set, of the profile. The two are never mixed, because
    /// the secrets belong together.
    pub(crate) fn secrets(&self) -> Result<Sourced<ProfileSecrets>, CliError> {
        self.ensure_profile_exists()?;
        let secret = |name| SecretString::from(variable(name).unwrap_or_default());
        let mut secrets = ProfileSecrets {
            api_key: secret(API_KEY),
            api_secret: secret(API_SECRET),
            sign_key: secret(SIGN_KEY),
        };
        let mut source = "environment variables".to_owned();
        if secrets.is_empty() {
            let name = self.profile_name()?;
            if let Ok(directories) = Directories::of_user() {
                secrets = SecretsFile::load(&directories.secrets_file())?.get(&name);
            }
            source = format!("profile {name}");
        }
        secrets.check(&source)?;
        Ok(Sourced::new(secrets, source))
    }

    /// Returns the sign key, for commands that need no other secret.
    pub(crate) fn sign_key(&self) -> Result<SecretString, CliError> {
        let secrets = self.secrets()?.value;
        secrets.sign_key().ok_or_else(|| {
            CliError::usage("no sign key is set").next(
                "set STABLELINK_SIGN_KEY (it is no argument, because other users can read those), or run `stablelink login`",
            )
        })
    }

    pub(crate) fn query_form(&self) -> Result<QueryForm, CliError> {
        match self.profile()?.query_form {
            None => Ok(QueryForm::default()),
            Some(name) => name
                .parse()
                .map_err(|error| CliError::usage(format!("query_form of the profile: {error}"))),
        }
    }

    /// Returns the duration of `--timeout`.
    pub(crate) fn timeout_option(&self) -> Option<Duration> {
        self.global.timeout.map(Duration::from_secs)
    }

    /// Returns the deadline of a call set by `--timeout` or the profile.
    pub(crate) fn deadline(&self) -> Result<Option<Duration>, CliError> {
        Ok(match self.timeout_option() {
            Some(timeout) => Some(timeout),
            None => self.profile()?.timeout.map(Duration::from_secs),
        })
    }

    /// Returns the proxy and the certificates: those of the options, then of the variables, then of the profile. The
    /// variables of other programs have the lowest precedence.
    pub(crate) fn network(&self) -> Result<NetworkSettings, CliError> {
        let profile = self.profile()?;
        let own = |name: &str| variable(name).map(|value| (value, name.to_owned()));
        let proxy = self
            .global
            .proxy
            .clone()
            .map(|url| (url, "--proxy".to_owned()));
        let proxy = proxy.or_else(|| own(PROXY));
        let proxy = proxy.or_else(|| Some((profile.proxy?, PROFILE_PROXY.to_owned())));
        let proxy = proxy.or_else(|| PROXY_VARIABLES.into_iter().find_map(own));
        let mut network = NetworkSettings::default();
        if let Some((url, source)) = proxy {
            network = network.with_proxy(&url, &source)?;
        }
        let ca_file = self.global.ca_file.clone();
        let ca_file = ca_file.or_else(|| variable(CA_FILE).map(Into::into));
        match ca_file.or(profile.ca_file) {
            Some(path) => network.with_ca_file(&path),
            None => Ok(network),
        }
    }

    /// Returns the store of the token that all commands of this user share.
    pub(crate) fn token_store(&self) -> Result<&CliTokenStore, CliError> {
        if let Some(store) = self.state.store.get() {
            return Ok(store);
        }
        let store = self.open_token_store()?;
        Ok(self.state.store.get_or_init(|| store))
    }

    fn open_token_store(&self) -> Result<CliTokenStore, CliError> {
        if let Some(url) = variable(REDIS_URL) {
            let store = RedisStore::new(RedisConnection::new(&url)?);
            return Ok(CliTokenStore::new(
                store,
                format!("Redis ({REDIS_URL})"),
                &self.out,
            ));
        }
        if let Some(url) = self.profile()?.redis_url {
            // Other forms, such as a socket, have the password in the query.
            let is_public = reqwest::Url::parse(&url).is_ok_and(|url| {
                matches!(url.scheme(), "redis" | "rediss")
                    && url.password().is_none()
                    && url.query().is_none()
            });
            if !is_public {
                return Err(CliError::usage(
                    "redis_url of the profile must be redis:// or rediss:// without a password: config.toml is not private",
                )
                .next("set the variable STABLELINK_REDIS_URL instead"));
            }
            let store = RedisStore::new(RedisConnection::new(&url)?);
            return Ok(CliTokenStore::new(
                store,
                format!("Redis ({url})"),
                &self.out,
            ));
        }
        let next = "set XDG_STATE_HOME to a directory that can be written";
        let problem = match Directories::of_user() {
            Ok(directories) if cfg!(unix) => {
                let path = directories.token_file();
                let usable = directories.prepare_state();
                // A token in a file that cannot be written is used until it expires.
                if usable.is_ok() || path.exists() {
                    let place = path.display().to_string();
                    return Ok(CliTokenStore::new(FileStore::at(path)?, place, &self.out));
                }
                usable
                    .err()
                    .map(|error| format!("{}; {next}", error.problem))
            }
            _ => None,
        };
        let problem = problem.unwrap_or_else(|| "there is no state directory; set HOME".to_owned());
        let note = format!("the token is not shared between commands: {problem}");
        self.out.note(note);
        Ok(CliTokenStore::new(
            MemoryStore::default(),
            "memory",
            &self.out,
        ))
    }

    /// Creates a client that shares its token with all commands of this user.
    pub(crate) fn client(&self) -> Result<Client, CliError> {
        let secrets = self.secrets()?;
        let credentials = secrets.value.credentials(&secrets.source)?;
        let builder = self.client_builder(self.environment()?.value, credentials)?;
        Ok(builder.build()?)
    }

    /// Returns the builder of a client with other credentials.
    pub(crate) fn client_builder(
        &self,
        environment: Environment,
        credentials: Credentials,
    ) -> Result<ClientBuilder, CliError> {
        let network = self.network()?;
        let mut builder = Client::builder()
            .environment(environment)
            .credentials(credentials)
            .query_form(self.query_form()?)
            .user_agent(USER_AGENT)
            .token_store(self.token_store()?.clone());
        if let Some(proxy) = network.proxy()? {
            builder = builder.proxy(proxy);
        }
        if let Some(deadline) = self.deadline()? {
            builder = builder.deadline(deadline);
        }
        Ok(builder.configure_http(move |http| http.tls_certs_merge(network.certificates())))
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Parses a value of `--env`: the name of an environment, or a URL.
pub(crate) fn parse_environment(name: &str) -> Result<Environment, CliError> {
    match name {
        "sandbox" => Ok(Environment::Sandbox),
        "staging" => Ok(Environment::Staging),
        "production" => Ok(Environment::Production),
        url if url.contains("://") => Environment::at(url).map_err(CliError::from),
        other => Err(CliError::usage(format!("unknown environment `{other}`"))
            .next("use sandbox, staging, production, or a URL such as http://127.0.0.1:8080")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_is_a_name_or_a_url() {
        let parse = |name| parse_environment(name).unwrap();
        assert_eq!(parse("sandbox"), Environment::Sandbox);
        assert_eq!(parse("production"), Environment::Production);
        let local = parse("http://127.0.0.1:8080");
        assert_eq!(local.origin().as_str(), "http://127.0.0.1:8080");
        for wrong in [
            "prod",
            "",
            "Sandbox",
            "http://u:p@host",
            "http://host/path",
            "ftp://host",
        ] {
            assert!(parse_environment(wrong).is_err(), "{wrong}");
        }
    }
}
