//! The short form of `cargo xtask load`: the same clients, the same faults and the same proof, in one process and with so many
//! calls that every run of the suite has the time for it.
//!
//! With the rest of the workspace `serde_json/arbitrary_precision` is on here. The load program itself is built without it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use stablelink_tests::load::{Audit, Conduct, Crew, Entry, Finding, Line, World};
use tokio::sync::mpsc;

/// What a load is made of.
struct Load {
    /// Of each of its eight clients.
    calls: u64,
    /// The share of requests that the faults of the mix strike.
    share: f64,
    /// Further faults.
    faults: &'static [&'static str],
    conduct: Conduct,
    /// Whether the two crews know each other's tokens.
    share_tokens: bool,
    /// Whether the gateway refuses a repeated key.
    refuse_repeats: bool,
    /// What becomes of the words of the clients on their way.
    change: fn(&mut Line),
}

impl Default for Load {
    /// As it should be, and nothing fails.
    fn default() -> Self {
        Self {
            calls: 20,
            share: 0.0,
            faults: &[],
            conduct: Conduct::LookUp,
            share_tokens: true,
            refuse_repeats: true,
            change: |_| {},
        }
    }
}

impl Load {
    /// Two crews that share accounts and a gateway.
    async fn run(self) -> Audit {
        const SEED: u64 = 7;
        let mut world = World::start(2, self.share, SEED).await.unwrap();
        for fault in self.faults {
            world.fail(fault).unwrap();
        }
        if !self.refuse_repeats {
            world.forget_keys();
        }
        let (sender, mut lines) = mpsc::channel(16);
        for number in 0..2 {
            let mut tokens = world.tokens();
            if !self.share_tokens {
                tokens.set_extension(number.to_string());
            }
            let crew = Crew {
                url: world.url().to_owned(),
                tokens,
                accounts: world.accounts().to_vec(),
                clients: 4,
                calls: self.calls,
                seconds: 0,
                seed: SEED + 4 * number,
                conduct: self.conduct,
            };
            tokio::spawn(crew.run(sender.clone()));
        }
        drop(sender);
        let mut ended = 0;
        while let Some(mut line) = lines.recv().await {
            (self.change)(&mut line);
            ended += u64::from(matches!(line, Line::End(_)));
            world.take(&line);
        }
        assert_eq!(ended, 2);
        world.close()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_doubled_and_nothing_lost() {
    let audit = Load {
        calls: 100,
        share: 0.2,
        ..Load::default()
    }
    .run()
    .await;
    assert_eq!(audit.findings, [], "{audit:#?}");
    // What was proved was tried.
    assert!(audit.figures.calls >= 800, "{audit:#?}");
    assert!(audit.figures.doubtful > 0, "{audit:#?}");
    let struck: u64 = audit.strikes.iter().map(|(_, count)| count).sum();
    let share = 100 * struck / audit.requests;
    assert!((12..=30).contains(&share), "{share} %: {audit:#?}");
}

/// Without faults everything takes effect at once: the clients are right by themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_faults_nothing_is_in_doubt() {
    let audit = Load::default().run().await;
    assert_eq!(audit.findings, [], "{audit:#?}");
    assert!(audit.figures.errors.is_empty(), "{audit:#?}");
    assert_eq!((audit.figures.doubtful, audit.tokens), (0, 2));
}

/// The proof is one because it fails: each way to go wrong about a lost answer is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_wrong_is_found_out() {
    type Is = fn(&Finding) -> bool;
    // Answers that nobody can read, before the effect and after it.
    let faults = &[
        "unexpected-json@calls:rate=0.1",
        "html=200@calls:after:rate=0.1",
    ][..];
    let unknown: Is = |finding| matches!(finding, Finding::Unknown(..));
    let never: Is = |finding| matches!(finding, Finding::Lost(..));
    for (conduct, is) in [
        (Conduct::NewKey, unknown),
        (Conduct::Forget, unknown),
        (Conduct::Presume, never),
    ] {
        let audit = Load {
            calls: 60,
            faults,
            conduct,
            ..Load::default()
        }
        .run()
        .await;
        assert!(audit.findings.iter().any(is), "{conduct:?}: {audit:#?}");
        // An order that is only believed in can't be paid.
        let unpaid: Is = |finding| matches!(finding, Finding::Unpaid(_));
        let found = audit.findings.iter().any(unpaid);
        assert_eq!(
            found,
            conduct == Conduct::Presume,
            "{conduct:?}: {audit:#?}"
        );
    }
}

/// What the clients call certain is held to what took effect: a gateway that acts and denies it is found out, and so would be a
/// client that calls a lost payment failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_took_effect_and_was_denied_is_found() {
    type Is = fn(&Finding) -> bool;
    let cases: [(&'static [&'static str], Is); 2] = [
        (&["status=400@createTrade:after:times=100"], |finding| {
            matches!(finding, Finding::Unknown(..))
        }),
        (
            &["rate-limited=0@confirmTransaction:after:times=2"],
            |finding| matches!(finding, Finding::Denied(..)),
        ),
    ];
    for (faults, is) in cases {
        let audit = Load {
            faults,
            ..Load::default()
        }
        .run()
        .await;
        assert!(audit.findings.iter().any(is), "{faults:?}: {audit:#?}");
    }
}

/// What clients tell is believed as little: each wrong word is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_that_is_wrong_is_found_out() {
    type Is = fn(&Finding) -> bool;
    type Change = fn(&mut Line);
    let cases: [(&str, Change, Is); 4] = [
        (
            "another fee",
            |line| {
                if let Line::Entry(Entry::Trade { fee, .. }) = line {
                    *fee = Some("0.01".parse().unwrap());
                }
            },
            |finding| matches!(finding, Finding::Amount(..)),
        ),
        (
            "another amount",
            |line| {
                if let Line::Entry(Entry::Refund { amount, .. }) = line {
                    *amount = "0.01".parse().unwrap();
                }
            },
            |finding| matches!(finding, Finding::Balance(..)),
        ),
        (
            "the same twice",
            |line| {
                if let Line::Entry(Entry::Trade { key, .. }) = line {
                    "same".clone_into(key);
                }
            },
            |finding| matches!(finding, Finding::ToldTwice(..)),
        ),
        (
            "a doubt that stays",
            |line| {
                if let Line::End(figures) = line {
                    figures.doubtful += 1;
                }
            },
            |finding| matches!(finding, Finding::Unreconciled(..)),
        ),
    ];
    for (name, change, is) in cases {
        let audit = Load {
            change,
            ..Load::default()
        }
        .run()
        .await;
        assert!(audit.findings.iter().any(is), "{name}: {audit:#?}");
    }
}

/// What a gateway does twice under one key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_doubled_is_found() {
    let audit = Load {
        faults: &["reset@calls:after:rate=0.2"],
        refuse_repeats: false,
        ..Load::default()
    }
    .run()
    .await;
    let is = |finding: &Finding| matches!(finding, Finding::Doubled(..));
    assert!(audit.findings.iter().any(is), "{audit:#?}");
}

/// Crews that do not share their tokens keep ending each other's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_not_shared_are_found() {
    let audit = Load {
        share_tokens: false,
        ..Load::default()
    }
    .run()
    .await;
    let [Finding::Tokens(granted, allowed)] = audit.findings[..] else {
        panic!("{audit:#?}");
    };
    assert!(granted > allowed && allowed == 2, "{audit:#?}");
}

/// A payment whose outcome stays unknown, however often it is looked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_open_is_found() {
    let audit = Load {
        calls: 1,
        faults: &[
            "status=500@createTrade:always",
            "status=500@createCheckoutOrder:always",
        ],
        ..Load::default()
    }
    .run()
    .await;
    let open = |finding: &&Finding| matches!(finding, Finding::Open(..));
    let open = audit.findings.iter().filter(open).count() as u64;
    assert!(open > 0, "{audit:#?}");
    let in_doubt = audit.figures.doubtful - audit.figures.reconciled;
    assert_eq!(open, in_doubt, "{audit:#?}");
}

/// The program that `cargo xtask load` starts, with its processes.
#[test]
fn the_program_ends_well() {
    let args = "--clients 4 --processes 2 --accounts 2 --seconds 0 --calls 200 --faults 0.2";
    let ended = program(args, b"");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{text}{errors}");
    for figure in [
        "calls",
        "requests",
        "latency",
        "in doubt",
        "reconciled",
        "tokens",
        "memory",
        "createTrade",
        "reset:after",
        "nothing doubled, nothing lost, every balance right",
    ] {
        assert!(text.contains(figure), "{figure}: {text}");
    }
}

#[test]
fn a_process_without_its_crew_says_so() {
    let ended = program("--crew", b"{");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(
        !ended.status.success() && errors.contains("the load broke off"),
        "{errors}"
    );
}

/// A load that does nothing would find nothing.
#[test]
fn a_load_of_nothing_is_refused() {
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
    // It may not read it.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}
