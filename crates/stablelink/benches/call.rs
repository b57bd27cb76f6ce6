//! Compares a call through the client with the same call written by hand with reqwest and hmac.
//!
//!     cargo bench -p stablelink
//!
//! Both read the same order from the same server on loopback, alternately, and both have a token that can be replaced, timeouts,
//! no redirects, a signature over the sent query, a check of the status and the envelope, and a typed record. The run fails if
//! the client takes more than 1.10 times as long.
//!
//! It also prints values that depend less on the load of the machine: the processor time of the client's thread (on Unix) and
//! the allocations. For a profiler or valgrind, these commands run only one of the two:
//!
//!     cargo bench -p stablelink --bench call -- calls ours 64 2000
//!     cargo bench -p stablelink --bench call -- calls by-hand 64 2000
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use stablelink::types::{CheckoutOrder, CheckoutOrderEnvelope};
use stablelink::{Client, Credentials, Environment};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use url::Url;

const KEY: &str = "unit-test-sign-key-not-real-0001";
const NUMBER: &str = "1759988038609";
const BOUND: f64 = 1.10;
const CONCURRENCY: [usize; 2] = [1, 64];

const TOKEN: &str = r#"{"retcode":200,"retdata":{"access_token":"Cji8NYO32ugrFJJkG7uCYiX2","token_type":"bearer","expires_in":21600,"refresh_token":"C6k8Vqytb4S8x41RUdMNqzG1","rt_expires_in":43200},"success":true}"#;
const ORDER: &str = r#"{"retcode":"200","retmsg":"success","retdata":{"sysid":"20250926144909294","orderNo":"1759988038609","orderAmount":123.45,"payingAmount":124.68,"customerId":"6","merchantId":"1","expiredIn":2000,"token":"ETH_USDT","txHash":"0x00","depositAddress":"0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C","orderStatus":"PAYING","createdTime":"2025-09-26T14:49:09.294114","updatedTime":"2025-09-26T14:49:09.294114"},"success":true}"#;

/// Starts a server in a separate thread, so that its work does not count for one of the two only.
fn server() -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let json = |body: &'static str| ([("content-type", "application/json")], body);
            let router = Router::new()
                .route(
                    "/user/auth/oauth2/token",
                    post(move || async move { json(TOKEN) }),
                )
                .route(
                    "/checkout/order/info",
                    get(move || async move { json(ORDER) }),
                );
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

/// The call written by hand.
struct ByHand {
    http: reqwest::Client,
    address: String,
    token: RwLock<String>,
}

impl ByHand {
    async fn order(
        &self,
        number: &str,
    ) -> Result<CheckoutOrder, Box<dyn std::error::Error + Send + Sync>> {
        let address = format!("{}/checkout/order/info?orderNo={number}", self.address);
        let url = Url::parse(&address)?;
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let millis = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)?
            .as_millis();
        let mut mac = Hmac::<Sha512>::new_from_slice(KEY.as_bytes())?;
        mac.update(format!("GET{millis}{path}{query}").as_bytes());
        let bearer = format!("Bearer {}", self.token.read().unwrap());
        let response = self
            .http
            .get(url)
            .header("Accept", "application/json")
            .header("Authorization", bearer)
            .header("SIGNATURE", STANDARD.encode(mac.finalize().into_bytes()))
            .header("TIMESTAMP", millis.to_string())
            .send()
            .await?
            .error_for_status()?;
        let envelope: CheckoutOrderEnvelope = serde_json::from_slice(&response.bytes().await?)?;
        if envelope.retcode.as_text() != "200" {
            return Err(envelope.retmsg.unwrap_or_default().into());
        }
        Ok(envelope.retdata.ok_or("no data")?)
    }
}

/// Both clients after a warm-up.
struct CallBenchmark {
    runtime: Runtime,
    ours: Client,
    by_hand: Arc<ByHand>,
}

impl CallBenchmark {
    fn new(address: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let address = format!("http://{address}");
        let ours = Client::builder()
            .environment(Environment::at(&address).unwrap())
            .credentials(Credentials::new("key", "secret", KEY))
            .build()
            .unwrap();
        let by_hand = ByHand {
            http: reqwest::Client::builder()
                // Both send the same headers.
                .user_agent("stablelink-rust/0.1.0")
                .redirect(reqwest::redirect::Policy::none())
                .timeout(Duration::from_secs(20))
                .connect_timeout(Duration::from_secs(10))
                .no_proxy()
                .build()
                .unwrap(),
            address,
            token: RwLock::new("Cji8NYO32ugrFJJkG7uCYiX2".to_owned()),
        };
        let case = Self {
            runtime,
            ours,
            by_hand: Arc::new(by_hand),
        };
        for concurrency in CONCURRENCY {
            case.ours(concurrency, concurrency);
            case.by_hand(concurrency, concurrency);
        }
        case
    }

    fn ours(&self, calls: usize, concurrency: usize) {
        self.run(calls, concurrency, || {
            let orders = self.ours.checkout_orders();
            async move {
                let order = orders.get(black_box(NUMBER)).await.unwrap();
                assert_eq!(order.order_no.as_deref(), Some(NUMBER));
            }
        });
    }

    fn by_hand(&self, calls: usize, concurrency: usize) {
        self.run(calls, concurrency, || {
            let by_hand = Arc::clone(&self.by_hand);
            async move {
                let order = by_hand.order(black_box(NUMBER)).await.unwrap();
                assert_eq!(order.order_no.as_deref(), Some(NUMBER));
            }
        });
    }

    /// Runs calls with a number of concurrent tasks.
    fn run<F: Future<Output = ()> + Send + 'static>(
        &self,
        calls: usize,
        concurrency: usize,
        call: impl Fn() -> F,
    ) {
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..calls {
                if tasks.len() == concurrency {
                    tasks.join_next().await.unwrap().unwrap();
                }
                tasks.spawn(call());
            }
            while let Some(task) = tasks.join_next().await {
                task.unwrap();
            }
        });
    }

    /// Returns the medians of the ratios client / by hand, measured alternately: of the time and of the processor time.
    fn ratios(&self, concurrency: usize) -> (f64, Option<f64>) {
        let measured = |work: &dyn Fn()| {
            let (start, used) = (Instant::now(), processor_time());
            work();
            let time = start.elapsed().as_secs_f64();
            (
                time,
                processor_time().zip(used).map(|(end, start)| end - start),
            )
        };
        let calls = 50 * concurrency.min(8);
        let (times, processor): (Vec<f64>, Vec<Option<f64>>) = (0..101)
            .map(|_| {
                let ours = measured(&|| self.ours(calls, concurrency));
                let by_hand = measured(&|| self.by_hand(calls, concurrency));
                let processor = ours.1.zip(by_hand.1).map(|(one, other)| one / other);
                (ours.0 / by_hand.0, processor)
            })
            .unzip();
        let processor: Option<Vec<f64>> = processor.into_iter().collect();
        (median(times), processor.map(median))
    }

    /// Returns the allocations of one call on the thread of the client.
    fn allocations(&self) -> (u64, u64) {
        let count = |work: &dyn Fn()| allocation_counter::measure(work).count_total;
        (count(&|| self.ours(1, 1)), count(&|| self.by_hand(1, 1)))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the processor time of this thread in seconds, if the system provides it.
#[cfg(unix)]
fn processor_time() -> Option<f64> {
    use rustix::time::{ClockId, clock_gettime};

    let used = clock_gettime(ClockId::ThreadCPUTime);
    Some(Duration::try_from(used).ok()?.as_secs_f64())
}

#[cfg(not(unix))]
fn processor_time() -> Option<f64> {
    None
}

fn main() -> ExitCode {
    let case = CallBenchmark::new(server());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, which, concurrency, calls, ..] = arguments.as_slice()
        && word == "calls"
    {
        let (concurrency, calls) = (concurrency.parse().unwrap(), calls.parse().unwrap());
        match which.as_str() {
            "ours" => case.ours(calls, concurrency),
            "by-hand" => case.by_hand(calls, concurrency),
            other => panic!("expected `ours` or `by-hand`, not {other}"),
        }
        return ExitCode::SUCCESS;
    }
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    // With `--profile-time`, criterion runs one of the two clients without measuring, so that there is no ratio.
    let measured = has("--bench") && !has("--profile-time");
    let mut good = true;
    if measured {
        println!("ours ÷ by hand");
        for concurrency in CONCURRENCY {
            let (ratio, processor) = case.ratios(concurrency);
            let processor =
                processor.map_or_else(String::new, |ratio| format!(", processor {ratio:.3}"));
            println!("{concurrency:>3} at a time: time {ratio:.3}{processor}");
            good &= ratio <= BOUND;
        }
        let (ours, by_hand) = case.allocations();
        println!("allocations of a call: ours {ours}, by hand {by_hand}");
    }
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for concurrency in CONCURRENCY {
        let calls = concurrency * 4;
        let mut group =
            criterion.benchmark_group(format!("{calls} calls, {concurrency} at a time"));
        group.bench_function(BenchmarkId::from_parameter("ours"), |bench| {
            bench.iter(|| case.ours(calls, concurrency));
        });
        group.bench_function(BenchmarkId::from_parameter("by hand"), |bench| {
            bench.iter(|| case.by_hand(calls, concurrency));
        });
        group.finish();
    }
    criterion.final_summary();
    if good {
        ExitCode::SUCCESS
    } else {
        eprintln!("a call took more than {BOUND} times as long as the call by hand");
        ExitCode::FAILURE
    }
}
