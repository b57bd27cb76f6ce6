//! A gateway, a client of it, and one clock for both that a test moves.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stablelink::testing::ManualClock;
use stablelink::{
    Answer, BoxFuture, Client, ClientBuilder, Credentials, Decimal, Environment, Error, RetryPolicy,
};
use stablelink_sandbox::{LedgerAccount, Operation, Sandbox, SandboxSettings};

pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) client: Client,
    pub(crate) clock: ManualClock,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut SandboxSettings)) -> Self {
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

    /// Lets so many seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.sandbox.clock().advance(time);
        self.clock.advance(time);
    }

    pub(crate) fn made(&self, operation: Operation, key: &str) -> u64 {
        self.sandbox.effects().count(operation, key)
    }

    /// What all accounts hold; those with nothing are left out.
    pub(crate) fn holds(&self, expected: &[(LedgerAccount, &str, &str)]) {
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

    /// All is well in the end.
    pub(crate) fn end(self) {
        all_well(&self.sandbox);
    }
}

/// Nothing was done twice, the money adds up, and each answer was one of the document's.
pub(crate) fn all_well(sandbox: &Sandbox) {
    assert_eq!(sandbox.mismatches(), []);
    assert!(sandbox.balances().is_balanced(), "{:?}", sandbox.balances());
    let effects = sandbox.effects();
    assert_eq!(effects.repeated().collect::<Vec<_>>(), []);
}

/// A client whose attempts follow each other at once.
pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    let secrets = sandbox.credentials();
    Client::builder()
        .environment(Environment::at(sandbox.url()).unwrap())
        .credentials(Credentials::new(
            secrets.api_key().expose_secret(),
            secrets.api_secret().expose_secret(),
            secrets.sign_key().expose_secret(),
        ))
        .retry(RetryPolicy::default().base(Duration::ZERO))
}

/// A request of the low-level client.
pub(crate) fn of<T: DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

pub(crate) fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The data of an answer whose form was not seen.
pub(crate) trait Data {
    fn data(&self) -> Value;
}

impl Data for Answer<Option<stablelink::scalars::RawJson>> {
    fn data(&self) -> Value {
        self.as_ref().unwrap().parse().unwrap()
    }
}

/// A call, and what it came to.
pub(crate) type Outcome = BoxFuture<'static, Result<(), Error>>;

pub(crate) fn outcome<T, C>(call: C) -> Outcome
where
    C: IntoFuture<Output = Result<Answer<T>, Error>>,
    C::IntoFuture: Send + 'static,
{
    let call = call.into_future();
    Box::pin(async { call.await.map(drop) })
}

/// The refusal of a call: its retcode and its words.
#[track_caller]
pub(crate) fn refused<T>(result: Result<T, Error>) -> (String, String) {
    let error = result.err().expect("it is not refused");
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}"));
    let part = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (part(refusal.retcode()), part(refusal.message()))
}
