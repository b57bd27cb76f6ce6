//! Many calls at once.

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

/// Of a connection each end is a file of this process, and a machine may give it 1,024.
const CONNECTIONS: usize = 64;

/// A door before the gateway: those who come wait at it until it is opened.
struct Door {
    address: SocketAddr,
    open: watch::Sender<bool>,
    came: Arc<AtomicUsize>,
}

impl Door {
    async fn before(sandbox: &Sandbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, _) = watch::channel(false);
        let came = Arc::<AtomicUsize>::default();
        let (opened, count, gateway) = (open.clone(), Arc::clone(&came), sandbox.address());
        tokio::spawn(async move {
            loop {
                let (mut outside, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut opened = opened.subscribe();
                tokio::spawn(async move {
                    opened.wait_for(|open| *open).await.unwrap();
                    let mut inside = TcpStream::connect(gateway).await.unwrap();
                    // The client ends its connections as it likes.
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self {
            address,
            open,
            came,
        }
    }

    /// How many connections were made to it.
    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

/// All of them wait at once, on several threads, while the one request for a token stands before the gateway. Then they go
/// through it over a few connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_of_a_cold_client_ask_for_one_token() {
    // What the answers look like is held to the document by other tests, which need less time.
    let sandbox = Sandbox::builder()
        .settings(|settings| settings.check_responses = false)
        .start()
        .await
        .unwrap();
    let door = Door::before(&sandbox).await;
    // A busy machine takes its time; a call that was repeated for that would count twice.
    let long = Duration::from_secs(3_600);
    let client = builder(&sandbox)
        .environment(Environment::at(&format!("http://{}", door.address)).unwrap())
        .connect_timeout(long)
        .attempt_timeout(long)
        .deadline(long)
        .build()
        .unwrap();
    let (leave, _) = watch::channel(false);
    let waiting = Arc::<AtomicUsize>::default();
    let mut waits = JoinSet::new();
    for _ in 0..COLD_CALLS {
        let quote = client
            .exchange_rates()
            .quote("USDT", "USD")
            .amount(Decimal::ONE);
        let (waiting, mut leave) = (Arc::clone(&waiting), leave.subscribe());
        waits.spawn(async move {
            let mut call = quote.into_future();
            // Looked at after the call, which then waits.
            let told = async {
                waiting.fetch_add(1, Ordering::SeqCst);
                leave.wait_for(|leave| *leave).await.unwrap();
            };
            tokio::select! {
                biased;
                outcome = &mut call => panic!("it ended without a token: {outcome:?}"),
                () = told => [call],
            }
        });
    }
    when(|| waiting.load(Ordering::SeqCst) == COLD_CALLS && door.came() > 0).await;
    leave.send_replace(true);
    let mut calls = Vec::new();
    while let Some(call) = waits.join_next().await {
        calls.extend(call.unwrap());
    }
    assert_eq!(calls.len(), COLD_CALLS);
    assert_eq!((door.came(), sandbox.request_count()), (1, 0));
    door.open.send_replace(true);

    let mut under_way = JoinSet::new();
    let mut succeeded = 0;
    while let Some(call) = calls.pop() {
        under_way.spawn(call);
        if under_way.len() == CONNECTIONS {
            under_way.join_next().await.unwrap().unwrap().unwrap();
            succeeded += 1;
        }
    }
    while let Some(call) = under_way.join_next().await {
        call.unwrap().unwrap();
        succeeded += 1;
    }
    assert_eq!(succeeded, COLD_CALLS);
    assert_eq!(sandbox.token_grants().granted(), 1);
    assert_eq!(sandbox.request_count(), COLD_CALLS as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_when_the_token_is_revoked_under_load() {
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
        // Each token has served before it is revoked, as it would in earnest.
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
