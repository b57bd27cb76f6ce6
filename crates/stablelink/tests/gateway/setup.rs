//! Clients with a local sandbox, and calls of each retry class.

use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use stablelink::testing::ManualClock;
use stablelink::{
    BoxFuture, Client, ClientBuilder, Credentials, Environment, Error, NewCheckoutOrder, Response,
    RetryPolicy,
};
use stablelink_sandbox::{Sandbox, SandboxOperation};

use crate::watch;

pub(crate) fn builder(sandbox: &Sandbox) -> ClientBuilder {
    watch::listen();
    Client::builder()
        .environment(Environment::at(sandbox.url()).unwrap())
        .credentials(credentials(&sandbox.credentials()))
        .retry(quick())
}

pub(crate) fn credentials(secrets: &stablelink_sandbox::SandboxCredentials) -> Credentials {
    Credentials::new(
        secrets.api_key().expose_secret(),
        secrets.api_secret().expose_secret(),
        secrets.sign_key().expose_secret(),
    )
}

/// Returns a retry policy without pauses.
pub(crate) fn quick() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::ZERO)
}

pub(crate) async fn pair() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    (sandbox, client)
}

/// Starts a sandbox with a frozen clock, and returns a client builder with a manual clock that shows the same time.
pub(crate) async fn clocked() -> (Sandbox, ClientBuilder, ManualClock) {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.clock().freeze();
    let millis = u64::try_from(sandbox.clock().now_millis()).unwrap();
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
    let builder = builder(&sandbox).clock(clock.clone());
    (sandbox, builder, clock)
}

pub(crate) fn order() -> NewCheckoutOrder {
    NewCheckoutOrder::usd(
        stablelink::Decimal::new(50, 2),
        "ETH_USDT",
        watch::CUSTOMER.into(),
        "1".into(),
    )
}

/// Returns how many requests of an operation the sandbox received.
pub(crate) fn sent(sandbox: &Sandbox, operation: SandboxOperation) -> usize {
    let requests = sandbox.requests();
    let matching = requests
        .iter()
        .filter(|request| request.operation == Some(operation));
    matching.count()
}

/// Returns how often this order was created.
pub(crate) fn effects(sandbox: &Sandbox, order: &NewCheckoutOrder) -> u64 {
    let effects = sandbox.effects();
    assert_eq!(effects.repeated().count(), 0, "{effects:?}");
    effects.count(SandboxOperation::CreateCheckoutOrder, order.order_no())
}

/// Waits for a condition by yielding to other tasks, without waiting for time.
pub(crate) async fn when(condition: impl Fn() -> bool) {
    for _ in 0..5_000_000 {
        if condition() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the condition did not become true");
}

/// A function that makes one call, for tables of test cases.
pub(crate) type Call = fn(&Client) -> BoxFuture<'static, Result<(), Error>>;

pub(crate) fn nothing<T>(
    call: impl Future<Output = Result<Response<T>, Error>> + Send + 'static,
) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(async {
        let outcome = call.await.map(drop);
        watch::read(&outcome);
        outcome
    })
}

/// Makes a call that only reads.
pub(crate) fn read(client: &Client) -> BoxFuture<'static, Result<(), Error>> {
    let quote = client.exchange_rates().quote("USDT", "USD");
    nothing(quote.amount(stablelink::Decimal::ONE).into_future())
}

/// Makes a call with an idempotency key.
pub(crate) fn keyed(client: &Client) -> BoxFuture<'static, Result<(), Error>> {
    nothing(client.checkout_orders().create(&order()).into_future())
}

/// Makes a call that must not be retried.
pub(crate) fn never(client: &Client) -> BoxFuture<'static, Result<(), Error>> {
    nothing(client.checkout_orders().cancel("7").into_future())
}

/// Returns a name for the result of a call.
pub(crate) fn outcome<T>(result: &Result<T, Error>) -> &'static str {
    watch::read(result);
    match result {
        Ok(_) => "done",
        Err(error) => {
            assert!(!(error.is_ambiguous() && error.is_retryable()), "{error:?}");
            assert!(
                !error.is_ambiguous() || error.may_have_taken_effect(),
                "{error:?}"
            );
            error.kind().name()
        }
    }
}
