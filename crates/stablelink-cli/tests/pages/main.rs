//! Tests the pages of the local sandbox in a browser, after a run of `stablelink demo`.
//!
//! The tests need `chromium` on the PATH and the feature `chromium`:
//! `cargo test -p stablelink-cli --features chromium --test pages`.
//! `STABLELINK_SCREENSHOTS=overwrite` updates the screenshots of the README, which also needs `pngquant`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod browser;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use browser::{Browser, BrowserPage};

/// A running `stablelink demo --keep-running` whose steps are completed.
struct DemoProcess {
    child: Child,
    url: String,
}

impl DemoProcess {
    fn completed() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_stablelink"))
            .env_clear()
            .env("HOME", home.path())
            .args(["demo", "--keep-running"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap_or_else(|| panic!("the demo failed: {line}"))
            .trim_end_matches('/')
            .to_owned();
        Self { child, url }
    }
}

impl Drop for DemoProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asserts that the page logged no errors and requested nothing outside of the sandbox.
fn assert_clean(page: &mut BrowserPage<'_>, demo: &DemoProcess) {
    assert_eq!(page.errors(), Vec::<String>::new());
    let requested = page.requested_urls();
    assert!(!requested.is_empty());
    for url in requested {
        let inside = url.starts_with(&format!("{}/", demo.url));
        assert!(
            inside || url.starts_with("data:") || url.starts_with("blob:"),
            "{url}"
        );
    }
    // A page can also open connections without a request. The browser itself also connects to other hosts, but no file of the
    // sandbox names those.
    let hosts = page.external_hosts();
    let named = page.value(&format!(
        "Promise.all(['/', '/docs', '/docs/redoc.js', '/docs/openapi.json'].map(async path => (await fetch(path)).text())) \
         .then(files => {hosts:?}.filter(host => files.some(file => file.includes(host))))"
    ));
    assert_eq!(named, serde_json::json!([]));
}

/// Updates a screenshot of the README if the variable is set.
fn update_screenshot(page: &mut BrowserPage<'_>, name: &str, height: u32) {
    if std::env::var_os("STABLELINK_SCREENSHOTS").is_none_or(|value| value != "overwrite") {
        return;
    }
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../stablelink-sandbox/assets/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    // Reduces the size to a third.
    let mut quant = Command::new("pngquant")
        .args(["--speed=1", "--strip", "--output"])
        .arg(folder.join(name))
        .args(["--force", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("pngquant must be on the PATH");
    let screenshot = page.screenshot(1280, height);
    quant.stdin.take().unwrap().write_all(&screenshot).unwrap();
    assert!(quant.wait().unwrap().success());
}

#[test]
fn dashboard_shows_records_of_demo() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{}/", demo.url));
    page.wait_for("document.querySelectorAll('#requests tr').length > 10");

    for (selector, parts) in [
        ("#token", vec!["valid"]),
        ("#tokenMore", vec!["generation 2"]),
        (
            "#trades",
            vec![
                "Completed",
                "OnRamp",
                "OffRamp",
                "120",
                "1.6",
                "USD → USDC",
                "TR2",
            ],
        ),
        (
            "#orders",
            vec!["PAID", "0.505", "ETH_USDT", "PAYING", "TRX_USDT"],
        ),
        ("#customers", vec!["APPROVED"]),
        ("#balances", vec!["Fees", "USDC", "1.25125"]),
        ("#faults", vec!["reset@createCheckoutOrder:after"]),
        ("#hooks", vec!["4 delivered"]),
        (
            "#deliveries",
            vec![
                "delivered",
                "CHECKOUT_ORDER_CHANGED",
                "PAYMENT_REQUEST_CHANGED",
            ],
        ),
        (
            "#requests",
            vec![
                "documented",
                "inferred",
                "partial",
                "createTrade",
                "401",
                "00901",
                "00906",
                "none",
            ],
        ),
    ] {
        let text = page.text(selector);
        for part in parts {
            assert!(text.contains(part), "{selector}: {part}: {text}");
        }
    }
    assert_eq!(
        page.value("document.getElementById('mismatches').hidden"),
        true
    );

    // The newest delivery is expanded and shows the parts of its signature.
    let parts = page.text("#deliveries details[open] dl");
    for part in [
        "TIMESTAMP",
        "body",
        "signed message",
        "the sign key of client 0",
        "SIGNATURE",
        "HTTP 200",
    ] {
        assert!(parts.contains(part), "{part}: {parts}");
    }
    let signed = page.text("#deliveries details[open] pre");
    let (timestamp, body) = signed.split_at(13);
    assert!(
        timestamp.bytes().all(|byte| byte.is_ascii_digit()),
        "{signed}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["data"]["orderStatus"], "PAID");
    let signature = page.text("#deliveries details[open] dd:last-of-type code");
    assert_eq!(signature.len(), 88, "64 bytes in Base64: {signature}");

    update_screenshot(&mut page, "dashboard.png", 1480);

    // Expanded entries stay expanded when the page refreshes, and the clock continues.
    page.value("document.querySelectorAll('#deliveries details')[1].open = true");
    let before = page.text("#clock");
    page.wait_for(&format!(
        "document.getElementById('clock').textContent !== {before:?}"
    ));
    assert_eq!(
        page.value("document.querySelectorAll('#deliveries details[open]').length"),
        2
    );
    assert_clean(&mut page, &demo);
}

#[test]
fn dashboard_shows_that_sandbox_is_unreachable() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{}/", demo.url));
    page.wait_for("document.getElementById('alive').textContent === 'live'");
    drop(demo);
    page.wait_for("document.getElementById('alive').textContent === 'no response'");
}

#[test]
fn reference_shows_every_operation() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{}/docs", demo.url));
    page.wait_for("document.querySelectorAll('[data-section-id^=\"tag/\"]').length > 30");
    let document: serde_json::Value =
        serde_json::from_str(include_str!("../../../../spec/openapi.provisional.json")).unwrap();
    let text = page.text("#reference");
    let mut operations = 0;
    for operation in document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
    {
        let summary = operation["summary"].as_str().unwrap();
        assert!(text.contains(summary), "{summary}");
        operations += 1;
    }
    assert!(operations > 30);
    for part in [
        "Evidence: inferred.",
        "Evidence: documented.",
        "Retry: keyed, with the same requestId.",
    ] {
        assert!(text.contains(part), "{part}");
    }

    // The default server is this sandbox.
    let all = page.value("document.getElementById('reference').textContent");
    assert!(all.as_str().unwrap().contains(&demo.url));

    page.value("location.hash = '#tag/Checkout/operation/createCheckoutOrder'");
    update_screenshot(&mut page, "reference.png", 900);

    // The search runs in a web worker.
    page.value("document.querySelector('[data-role=\"search:input\"], input[type=text]').focus()");
    page.value(
        "{ const input = document.querySelector('input[type=text]'); \
         Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, 'settlement'); \
         input.dispatchEvent(new Event('input', { bubbles: true })) }",
    );
    page.wait_for("(document.querySelector('[data-role=\"search:results\"]')?.innerText ?? '').includes('settlement')");
    assert_clean(&mut page, &demo);
}
