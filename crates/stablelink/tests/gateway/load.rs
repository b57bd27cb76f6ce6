//! Many concurrent calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stablelink::{Decimal, Environment};
use stablelink_sandbox::Sandbox;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::setup::{builder, when};

const COLD_CALLS: usize = 10_000;

/// Both ends of a connection are open files of this process, and the limit may be 1,024.
const CONNECTIONS: usize = 64;

/// A proxy before the gateway that holds connections until it is opened.
struct GatedProxy {
    address: SocketAddr,
    open: watch::Sender<bool>,
    accepted: Arc<AtomicUsize>,
}

impl GatedProxy {
    async fn start(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, _) = watch::channel(false);
        let accepted = Arc::<AtomicUsize>::default();
        let (opened, count, gateway) = (open.clone(), Arc::clone(&accepted), sandbox.address());
        tokio::spawn(async move {
            loop {
                let (mut outside, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut opened = opened.subscribe();
                tokio::spawn(async move {
                    opened.wait_for(|open| *open).await.unwrap();
                    let mut inside = TcpStream::connect(gateway).await.unwrap();
                    // The client may close its connections at any time.
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self {
            address,
            open,
            accepted,
        }
    }

    /// Returns the number of accepted connections.
    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// All calls wait concurrently, on several threads, while the proxy holds the only token request. Then they are sent over a few
/// connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_first_calls_request_one_token() {
    // Other tests check the responses against the document; here it would take too long.
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.check_responses = false)
        .start()
        .await
        .unwrap();
    let proxy = GatedProxy::start(&sandbox).await;
    // On a busy machine a short timeout would cause retries, which would be counted.
    let long = Duration::from_secs(3_600);
    let client = builder(&sandbox)
        .environment(Environment::at(&format!("http://{}", proxy.address)).unwrap())
        .configure_http(move |http| http.connect_timeout(long))
        .attempt_timeout(long)
        .deadline(long)
        .build()
        .unwrap();
    let (start, _) = watch::channel(false);
    let waiting = Arc::<AtomicUsize>::default();
    let mut waits = JoinSet::new();
    for _ in 0..COLD_CALLS {
        let quote = client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(Decimal::ONE);
        let (waiting, mut start) = (Arc::clone(&waiting), start.subscribe());
        waits.spawn(async move {
            let mut call = quote.into_future();
            // Polled after the call, which is then waiting.
            let counted = async {
                waiting.fetch_add(1, Ordering::SeqCst);
                start.wait_for(|start| *start).await.unwrap();
            };
            tokio::select! {
                biased;
                outcome = &mut call => panic!("the call finished without a token: {outcome:?}"),
                () = counted => [call],
            }
        });
    }
    when(|| waiting.load(Ordering::SeqCst) == COLD_CALLS && proxy.accepted() > 0).await;
    start.send_replace(true);
    let mut calls = Vec::new();
    while let Some(call) = waits.join_next().await {
        calls.extend(call.unwrap());
    }
    assert_eq!(calls.len(), COLD_CALLS);
    assert_eq!((proxy.accepted(), sandbox.request_count()), (1, 0));
    proxy.open.send_replace(true);

    let mut running = JoinSet::new();
    let mut succeeded = 0;
    while let Some(call) = calls.pop() {
        running.spawn(call);
        if running.len() == CONNECTIONS {
            running.join_next().await.unwrap().unwrap().unwrap();
            succeeded += 1;
        }
    }
    while let Some(call) = running.join_next().await {
        call.unwrap().unwrap();
        succeeded += 1;
    }
    assert_eq!(succeeded, COLD_CALLS);
    assert_eq!(sandbox.token_grants().granted(), 1);
    assert_eq!(sandbox.request_count(), COLD_CALLS as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_token_under_load_fails_no_call() {
    const ROUNDS: u64 = 5;
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    let mut calls = JoinSet::new();
    let quote = || {
        client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(Decimal::ONE)
    };
    for _ in 0..64 {
        calls.spawn(quote().into_future());
    }
    let (mut done, mut revoked) = (0, 0);
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
        done += 1;
        // Each token is used by calls before it is revoked.
        if done % 300 == 0 && revoked < ROUNDS {
            sandbox.revoke_tokens();
            revoked += 1;
        }
        if done < 300 * (ROUNDS + 1) {
            calls.spawn(quote().into_future());
        }
    }
    assert_eq!(revoked, ROUNDS);
    let grants = sandbox.token_grants();
    assert_eq!(grants.granted(), 1 + ROUNDS, "{grants:?}");
}
