//! The short form of `cargo xtask load`: the same clients, faults and audit in one process, with fewer calls.
//!
//! These tests are built with `serde_json/arbitrary_precision`, which another package of the workspace turns on. The load
//! program is built without it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use stablelink_tests::load::{
    AmbiguityPolicy, Audit, AuditFinding, LoadGateway, LogEntry, LogLine, Workers,
};
use tokio::sync::mpsc;

/// Parameters of a short load test.
struct LoadTest {
    /// Minimum number of calls of each of the eight clients.
    calls: u64,
    /// Share of requests that the fault mix affects.
    share: f64,
    /// Additional faults.
    faults: &'static [&'static str],
    policy: AmbiguityPolicy,
    /// Whether the two crews know each other's tokens.
    share_tokens: bool,
    /// Whether the sandbox rejects a repeated idempotency key.
    reject_duplicates: bool,
    /// Manipulates each log line before it is recorded.
    tamper: fn(&mut LogLine),
}

impl Default for LoadTest {
    /// Correct clients and no faults.
    fn default() -> Self {
        Self {
            calls: 20,
            share: 0.0,
            faults: &[],
            policy: AmbiguityPolicy::LookUp,
            share_tokens: true,
            reject_duplicates: true,
            tamper: |_| {},
        }
    }
}

impl LoadTest {
    /// Runs two groups of workers that share accounts and a sandbox.
    async fn run(self) -> Audit {
        const SEED: u64 = 7;
        let mut gateway = LoadGateway::start(2, self.share, SEED).await.unwrap();
        for fault in self.faults {
            gateway.add_fault(fault).unwrap();
        }
        if !self.reject_duplicates {
            gateway.accept_duplicates();
        }
        let (sender, mut lines) = mpsc::channel(16);
        for number in 0..2 {
            let mut tokens = gateway.token_file();
            if !self.share_tokens {
                tokens.set_extension(number.to_string());
            }
            let workers = Workers {
                url: gateway.url().to_owned(),
                tokens,
                accounts: gateway.accounts().to_vec(),
                clients: 4,
                calls: self.calls,
                seconds: 0,
                seed: SEED + 4 * number,
                policy: self.policy,
            };
            tokio::spawn(workers.run(sender.clone()));
        }
        drop(sender);
        let mut ended = 0;
        while let Some(mut line) = lines.recv().await {
            (self.tamper)(&mut line);
            ended += u64::from(matches!(line, LogLine::End(_)));
            gateway.record(&line);
        }
        assert_eq!(ended, 2);
        gateway.finish()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_with_faults_duplicates_and_loses_nothing() {
    let audit = LoadTest {
        calls: 100,
        share: 0.2,
        ..LoadTest::default()
    }
    .run()
    .await;
    assert_eq!(audit.findings, [], "{audit:#?}");
    // The load was high enough for the audit to be meaningful.
    assert!(audit.stats.calls >= 800, "{audit:#?}");
    assert!(audit.stats.ambiguous > 0, "{audit:#?}");
    let injected: u64 = audit.injected.iter().map(|(_, count)| count).sum();
    let share = 100 * injected / audit.requests;
    assert!((12..=30).contains(&share), "{share} %: {audit:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_faults_nothing_is_ambiguous() {
    let audit = LoadTest::default().run().await;
    assert_eq!(audit.findings, [], "{audit:#?}");
    assert!(audit.stats.errors.is_empty(), "{audit:#?}");
    assert_eq!((audit.stats.ambiguous, audit.tokens), (0, 2));
}

/// The audit detects each wrong way to handle a lost response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_detects_wrong_ambiguity_policies() {
    type Is = fn(&AuditFinding) -> bool;
    // Unreadable responses, before and after the effect.
    let faults = &[
        "unexpected-json@calls:rate=0.1",
        "html=200@calls:after:rate=0.1",
    ][..];
    let unreported: Is = |finding| matches!(finding, AuditFinding::Unreported(..));
    let lost: Is = |finding| matches!(finding, AuditFinding::Lost(..));
    for (policy, is) in [
        (AmbiguityPolicy::NewKey, unreported),
        (AmbiguityPolicy::AssumeFailed, unreported),
        (AmbiguityPolicy::AssumeSucceeded, lost),
    ] {
        let audit = LoadTest {
            calls: 60,
            faults,
            policy,
            ..LoadTest::default()
        }
        .run()
        .await;
        assert!(audit.findings.iter().any(is), "{policy:?}: {audit:#?}");
        // An order that does not exist cannot be paid.
        let unpaid: Is = |finding| matches!(finding, AuditFinding::Unpaid(_));
        let found = audit.findings.iter().any(unpaid);
        assert_eq!(
            found,
            policy == AmbiguityPolicy::AssumeSucceeded,
            "{policy:?}: {audit:#?}"
        );
    }
}

/// The audit detects an operation that took effect although its response reported a failure without effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_detects_effects_that_were_denied() {
    type Is = fn(&AuditFinding) -> bool;
    let cases: [(&'static [&'static str], Is); 2] = [
        (&["status=400@createTrade:after:times=100"], |finding| {
            matches!(finding, AuditFinding::Unreported(..))
        }),
        (
            &["rate-limited=0@confirmTransaction:after:times=2"],
            |finding| matches!(finding, AuditFinding::Denied(..)),
        ),
    ];
    for (faults, is) in cases {
        let audit = LoadTest {
            faults,
            ..LoadTest::default()
        }
        .run()
        .await;
        assert!(audit.findings.iter().any(is), "{faults:?}: {audit:#?}");
    }
}

/// The audit detects each kind of wrong log line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_detects_wrong_log_lines() {
    type Is = fn(&AuditFinding) -> bool;
    type Tamper = fn(&mut LogLine);
    let cases: [(&str, Tamper, Is); 4] = [
        (
            "another fee",
            |line| {
                if let LogLine::Entry(LogEntry::Trade { fee, .. }) = line {
                    *fee = Some("0.01".parse().unwrap());
                }
            },
            |finding| matches!(finding, AuditFinding::Amount(..)),
        ),
        (
            "another amount",
            |line| {
                if let LogLine::Entry(LogEntry::Refund { amount, .. }) = line {
                    *amount = "0.01".parse().unwrap();
                }
            },
            |finding| matches!(finding, AuditFinding::Balance(..)),
        ),
        (
            "a key reported twice",
            |line| {
                if let LogLine::Entry(LogEntry::Trade { key, .. }) = line {
                    "same".clone_into(key);
                }
            },
            |finding| matches!(finding, AuditFinding::ReportedTwice(..)),
        ),
        (
            "an unreconciled payment",
            |line| {
                if let LogLine::End(stats) = line {
                    stats.ambiguous += 1;
                }
            },
            |finding| matches!(finding, AuditFinding::Unreconciled(..)),
        ),
    ];
    for (name, tamper, is) in cases {
        let audit = LoadTest {
            tamper,
            ..LoadTest::default()
        }
        .run()
        .await;
        assert!(audit.findings.iter().any(is), "{name}: {audit:#?}");
    }
}

/// The audit detects an operation that took effect twice under one key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_detects_duplicate_effects() {
    let audit = LoadTest {
        faults: &["reset@calls:after:rate=0.2"],
        reject_duplicates: false,
        ..LoadTest::default()
    }
    .run()
    .await;
    let is = |finding: &AuditFinding| matches!(finding, AuditFinding::Doubled(..));
    assert!(audit.findings.iter().any(is), "{audit:#?}");
}

/// Groups that do not share a token file keep invalidating each other's token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_detects_unshared_tokens() {
    let audit = LoadTest {
        share_tokens: false,
        ..LoadTest::default()
    }
    .run()
    .await;
    let [AuditFinding::Tokens(granted, allowed)] = audit.findings[..] else {
        panic!("{audit:#?}");
    };
    assert!(granted > allowed && allowed == 2, "{audit:#?}");
}

/// The audit detects payments whose outcome cannot be determined.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit_detects_unresolved_payments() {
    let audit = LoadTest {
        calls: 1,
        faults: &[
            "status=500@createTrade:always",
            "status=500@createCheckoutOrder:always",
        ],
        ..LoadTest::default()
    }
    .run()
    .await;
    let is_unresolved = |finding: &&AuditFinding| matches!(finding, AuditFinding::Unresolved(..));
    let unresolved = audit.findings.iter().filter(is_unresolved).count() as u64;
    assert!(unresolved > 0, "{audit:#?}");
    let unreconciled = audit.stats.ambiguous - audit.stats.reconciled;
    assert_eq!(unresolved, unreconciled, "{audit:#?}");
}

/// Runs the program behind `cargo xtask load`, with its child processes.
#[test]
fn load_program_reports_all_figures_and_succeeds() {
    let args = "--clients 4 --processes 2 --accounts 2 --seconds 0 --calls 200 --faults 0.2";
    let ended = program(args, b"");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{text}{errors}");
    for figure in [
        "calls",
        "requests",
        "latency",
        "ambiguous",
        "reconciled",
        "tokens",
        "memory",
        "createTrade",
        "reset:after",
        "no duplicate, no loss, all balances correct",
    ] {
        assert!(text.contains(figure), "{figure}: {text}");
    }
}

#[test]
fn worker_process_without_input_fails() {
    let ended = program("--workers", b"{");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(
        !ended.status.success() && errors.contains("the load test failed"),
        "{errors}"
    );
}

#[test]
fn load_program_rejects_zero_arguments() {
    for option in ["--clients", "--processes", "--accounts", "--calls"] {
        let ended = program(&format!("{option} 0"), b"");
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{errors}");
        assert!(errors.contains(option), "{errors}");
    }
}

fn program(args: &str, input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_load"))
        .args(args.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may exit before it reads its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}
