//! Compares signing and verifying with a straightforward implementation and with bare HMACs.
//!
//!     cargo bench -p stablelink-signature
//!
//! The first table compares the HMAC libraries; the choice of the library is based on it.
//!
//! Absolute durations depend on the machine, so the benchmark reports ratios of alternating measurements. The run
//! fails if signing or verifying 1 KiB takes more than 1.15 times the fastest bare HMAC of three libraries.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{BenchmarkId, Criterion, Throughput};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use stablelink_signature::{
    MessageKind, RequestLine, SignatureHeaders, SigningKey, Timestamp, Verifier,
};

const KEY: &str = "unit-test-sign-key-not-real-0001";
const PATH: &str = "/checkout/order/create";
const NOW: Timestamp = Timestamp::from_millis(1_779_846_400_123);
const SIZES: [(&str, usize); 4] = [
    ("200 B", 200),
    ("1 KiB", 1 << 10),
    ("4 KiB", 4 << 10),
    ("1 MiB", 1 << 20),
];
const BOUND: f64 = 1.15;

/// The inputs of all implementations, over the same bytes.
struct Case {
    body: String,
    key: SigningKey,
    verifier: Verifier,
    timestamp: String,
    webhook_signature: String,
    /// The HMAC of the bare measurements, with the key already set.
    keyed: Hmac<Sha512>,
    ring: ring::hmac::Key,
    aws_lc: aws_lc_rs::hmac::Key,
    request_bytes: Vec<u8>,
    webhook_bytes: Vec<u8>,
}

impl Case {
    fn new(size: usize) -> Self {
        let body = "x".repeat(size);
        let key = SigningKey::new(&KEY.into()).unwrap();
        let line = RequestLine::new("POST", PATH);
        Self {
            verifier: Verifier::new(key.clone()),
            timestamp: NOW.to_string(),
            webhook_signature: key.sign(MessageKind::Webhook, NOW, [&body]).to_base64(),
            keyed: Hmac::new_from_slice(KEY.as_bytes()).unwrap(),
            ring: ring::hmac::Key::new(ring::hmac::HMAC_SHA512, KEY.as_bytes()),
            aws_lc: aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA512, KEY.as_bytes()),
            request_bytes: MessageKind::from(line).string_to_sign(NOW, [&body]),
            webhook_bytes: MessageKind::Webhook.string_to_sign(NOW, [&body]),
            body,
            key,
        }
    }

    /// This crate, including the Base64 text.
    fn sign(&self) -> String {
        let line = RequestLine::new("POST", black_box(PATH));
        self.key.sign(line, NOW, [&self.body]).to_base64()
    }

    /// The straightforward implementation: one joined string, an HMAC from the key, Base64.
    fn sign_by_hand(&self) -> String {
        let joined = format!("POST{}{}{}", NOW, black_box(PATH), self.body);
        let mut mac = Hmac::<Sha512>::new_from_slice(black_box(KEY).as_bytes()).unwrap();
        mac.update(joined.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// Only the HMAC: the bytes are joined and the key is set beforehand, no Base64.
    fn bare(&self, bytes: &[u8]) -> u8 {
        let mut mac = self.keyed.clone();
        mac.update(black_box(bytes));
        mac.finalize().into_bytes()[0]
    }

    /// The same with ring.
    fn bare_ring(&self, bytes: &[u8]) -> u8 {
        ring::hmac::sign(&self.ring, black_box(bytes)).as_ref()[0]
    }

    fn bare_aws_lc(&self, bytes: &[u8]) -> u8 {
        aws_lc_rs::hmac::sign(&self.aws_lc, black_box(bytes)).as_ref()[0]
    }

    /// This crate, from the header texts.
    fn verify(&self) -> usize {
        let received = SignatureHeaders::new(
            Some(black_box(self.webhook_signature.as_bytes())),
            Some(black_box(self.timestamp.as_bytes())),
        );
        let verified = self
            .verifier
            .verify(MessageKind::Webhook, received, [&self.body], NOW);
        verified.unwrap().key_index
    }

    /// The straightforward implementation: one joined string, an HMAC from the key, decoded Base64.
    fn verify_by_hand(&self) -> bool {
        let joined = format!("{}{}", black_box(&self.timestamp), self.body);
        let mut mac = Hmac::<Sha512>::new_from_slice(black_box(KEY).as_bytes()).unwrap();
        mac.update(joined.as_bytes());
        let received = STANDARD.decode(black_box(&self.webhook_signature)).unwrap();
        mac.verify_slice(&received).is_ok()
    }
}

impl Case {
    /// Returns the ratio to the fastest bare HMAC of the three libraries.
    fn over_fastest<T>(&self, ours: impl Fn() -> T, bytes: &[u8]) -> f64 {
        let ratios = [
            ratio(&ours, || self.bare(bytes)),
            ratio(&ours, || self.bare_ring(bytes)),
            ratio(&ours, || self.bare_aws_lc(bytes)),
        ];
        ratios.into_iter().fold(0.0, f64::max)
    }
}

/// Returns the median ratio of `one` to `other`. The measurements alternate, so that both run under
/// the same load. Rounds are short: most finish without being interrupted by other processes.
fn ratio<A, B>(one: impl Fn() -> A, other: impl Fn() -> B) -> f64 {
    fn time<T>(work: &impl Fn() -> T, count: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..count {
            black_box(work());
        }
        start.elapsed()
    }
    const ROUND: Duration = Duration::from_micros(200);
    const ALL: Duration = Duration::from_secs(1);
    let single = (0..10).map(|_| time(&one, 3) / 3).min().unwrap();
    let times = |all: Duration, each: Duration| all.as_nanos() / each.as_nanos().max(1);
    let count = u32::try_from(times(ROUND, single)).unwrap().max(1);
    let rounds = times(ALL, single * count * 2).clamp(101, 2501);
    let mut ratios: Vec<f64> = (0..rounds)
        .map(|_| time(&one, count).as_secs_f64() / time(&other, count).as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Prints all ratios. Returns whether the bounded ones are within the bound.
fn ratios() -> bool {
    println!("bare HMAC ÷ RustCrypto's    ring   aws-lc-rs");
    for (name, size) in SIZES {
        let case = Case::new(size);
        let bytes = &case.request_bytes;
        let ring = ratio(|| case.bare_ring(bytes), || case.bare(bytes));
        let aws_lc = ratio(|| case.bare_aws_lc(bytes), || case.bare(bytes));
        println!("{name:<27} {ring:>5.2} {aws_lc:>11.2}");
    }
    println!("this ÷ …       sign: by hand   fastest  verify: by hand   fastest");
    let mut good = true;
    for (name, size) in SIZES {
        let case = Case::new(size);
        let sign = [
            ratio(|| case.sign(), || case.sign_by_hand()),
            case.over_fastest(|| case.sign(), &case.request_bytes),
        ];
        let verify = [
            ratio(|| case.verify(), || case.verify_by_hand()),
            case.over_fastest(|| case.verify(), &case.webhook_bytes),
        ];
        println!(
            "{name:<14} {:>13.2} {:>6.2} {:>19.2} {:>6.2}",
            sign[0], sign[1], verify[0], verify[1]
        );
        good &= size != 1 << 10 || (sign[1] <= BOUND && verify[1] <= BOUND);
    }
    good
}

fn durations(criterion: &mut Criterion) {
    for (name, size) in SIZES {
        let case = Case::new(size);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(size as u64));
        let mut bench = |id: &str, work: &dyn Fn()| {
            group.bench_function(BenchmarkId::from_parameter(id), |b| b.iter(work));
        };
        bench("sign", &|| drop(black_box(case.sign())));
        bench("sign by hand", &|| drop(black_box(case.sign_by_hand())));
        bench("bare", &|| {
            black_box(case.bare(&case.request_bytes));
        });
        bench("verify", &|| {
            black_box(case.verify());
        });
        bench("verify by hand", &|| {
            black_box(case.verify_by_hand());
        });
        group.finish();
    }
}

fn main() -> ExitCode {
    // `cargo test --benches` passes no `--bench`: that run only checks that the code works.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let good = !measured || ratios();
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    durations(&mut criterion);
    criterion.final_summary();
    if good {
        ExitCode::SUCCESS
    } else {
        eprintln!("1 KiB took more than {BOUND} times a bare HMAC");
        ExitCode::FAILURE
    }
}
