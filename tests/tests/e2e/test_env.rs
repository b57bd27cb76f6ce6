//! The test environment: a sandbox, a client, and a manual clock for both.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stablelink::testing::ManualClock;
use stablelink::{
    BoxFuture, Client, ClientBuilder, Credentials, Decimal, Environment, Error, Response,
    RetryPolicy,
};
use stablelink_sandbox::{LedgerAccount, Sandbox, SandboxOperation, SandboxSettings};

pub(crate) struct TestEnv {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) clock: ManualClock,
}

impl TestEnv {
    pub(crate) async fn start() -> Self {
        Self::with_settings(|_| {}).await
    }

    pub(crate) async fn with_settings(change: impl FnOnce(&mut SandboxSettings)) -> Self {
        let sandbox = Sandbox::builder().settings(change).start().await.unwrap();
        sandbox.clock().freeze();
        let millis = u64::try_from(sandbox.clock().now_millis()).unwrap();
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        let client = builder(&sandbox).clock(clock.clone()).build().unwrap();
        Self {
            sandbox,
            client,
            clock,
        }
    }

    /// Advances both clocks by this number of seconds.
    pub(crate) fn advance(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.sandbox.clock().advance(time);
        self.clock.advance(time);
    }

    pub(crate) fn effect_count(&self, operation: SandboxOperation, key: &str) -> u64 {
        self.sandbox.effects().count(operation, key)
    }

    /// Asserts the balances of all accounts except the outside world; empty accounts are left out.
    pub(crate) fn assert_balances(&self, expected: &[(LedgerAccount, &str, &str)]) {
        let balances = self.sandbox.balances();
        let held: Vec<_> = balances
            .iter()
            .map(|(account, currency, amount)| (account, currency, amount.unwrap()))
            .filter(|(account, _, amount)| *account != LedgerAccount::External && !amount.is_zero())
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(account, currency, amount)| (*account, *currency, money(amount)))
            .collect();
        assert_eq!(held, expected);
    }

    /// Asserts at the end of a test that the sandbox is consistent.
    pub(crate) fn finish(self) {
        assert_consistent(&self.sandbox);
    }
}

/// Asserts that nothing took effect twice, the balances sum to zero, and every response conformed to the document.
pub(crate) fn assert_consistent(sandbox: &Sandbox) {
    assert_eq!(sandbox.mismatches(), []);
    assert!(sandbox.balances().is_balanced(), "{:?}", sandbox.balances());
    let effects = sandbox.effects();
    assert_eq!(effects.repeated().collect::<Vec<_>>(), []);
}

/// Returns a client builder with retries without backoff.
pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    let secrets = sandbox.credentials();
    Client::builder()
        .environment(Environment::at(sandbox.url()).unwrap())
        .credentials(Credentials::new(
            secrets.api_key().expose_secret(),
            secrets.api_secret().expose_secret(),
            secrets.sign_key().expose_secret(),
        ))
        .retry(RetryPolicy::default().initial_backoff(Duration::ZERO))
}

/// Returns a request of the low-level client from its JSON form.
pub(crate) fn of<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Access to response data that the document does not describe.
pub(crate) trait RawData {
    fn data(&self) -> Value;
}

impl RawData for Response<Option<stablelink::scalars::RawJson>> {
    fn data(&self) -> Value {
        self.as_ref().unwrap().parse().unwrap()
    }
}

/// A call with its result type erased.
pub(crate) type BoxedCall = BoxFuture<'static, Result<(), Error>>;

pub(crate) fn boxed<T, C>(call: C) -> BoxedCall
where
    C: IntoFuture<Output = Result<Response<T>, Error>>,
    C::IntoFuture: Send + 'static,
{
    let call = call.into_future();
    Box::pin(async { call.await.map(drop) })
}

/// Returns the retcode and the message of a rejected call.
#[track_caller]
pub(crate) fn rejection<T>(result: Result<T, Error>) -> (String, String) {
    let error = result.err().expect("the call was not rejected");
    let rejection = error.api_error().unwrap_or_else(|| panic!("{error:?}"));
    let part = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (part(rejection.retcode()), part(rejection.message()))
}
