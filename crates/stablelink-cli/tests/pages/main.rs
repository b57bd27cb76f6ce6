//! Tests the pages of the local sandbox in a browser, after a run of `stablelink demo`.
//!
//! The tests need `chromium` on the PATH and the feature `chromium`:
//! `cargo test -p stablelink-cli --features chromium --test pages`.
//! `STABLELINK_SCREENSHOTS=overwrite` updates the screenshots of the README, which also needs `pngquant`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accessibility;
mod browser;
mod readme;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use accessibility::{assert_operable, assert_readable};
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
fn update_screenshot(page: &mut BrowserPage<'_>, name: &str) {
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
    let screenshot = page.screenshot();
    quant.stdin.take().unwrap().write_all(&screenshot).unwrap();
    assert!(quant.wait().unwrap().success());
}

#[test]
fn dashboard_shows_records_of_demo() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{}/", demo.url));
    page.wait_for("document.querySelectorAll('#requests details').length > 10");
    let first = page.text("main > section h2");
    assert!(first.starts_with("Requests"), "{first}");

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

    page.emulate((1280, 1480), "light");
    update_screenshot(&mut page, "dashboard.png");
    page.emulate((390, 1200), "dark");
    update_screenshot(&mut page, "dashboard-narrow-dark.png");

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
    for webhook in document["x-webhooks"].as_object().unwrap().values() {
        let summary = webhook["post"]["summary"].as_str().unwrap();
        assert!(text.contains(summary), "{summary}");
    }
    for part in [
        "Retry: keyed, with the same eventId.",
        "Evidence: inferred.",
        "Evidence: documented.",
        // The evidence of a field.
        "Evidence: partial. Listed on pages of W Checkout.",
        "Retry: keyed, with the same requestId.",
    ] {
        assert!(text.contains(part), "{part}");
    }

    assert!(!text.contains("Pages: ."), "an empty list of pages");

    // The default server is this sandbox.
    let all = page.value("document.getElementById('reference').textContent");
    assert!(all.as_str().unwrap().contains(&demo.url));

    page.value("location.hash = '#tag/Checkout/operation/createCheckoutOrder'");
    page.emulate((1280, 900), "light");
    update_screenshot(&mut page, "reference.png");

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

/// Selects an option of a filter and waits until the requests show it.
fn filter(page: &mut BrowserPage<'_>, id: &str, option: &str) {
    page.value(&format!(
        "{{ const filter = document.getElementById({id:?}); filter.value = {option:?}; \
         filter.dispatchEvent(new Event('change')) }}"
    ));
}

#[test]
fn dashboard_request_opens_with_headers_signature_envelope_and_delivery() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{}/", demo.url));
    page.wait_for("document.querySelectorAll('#operationFilter option').length > 5");
    filter(&mut page, "operationFilter", "confirmTransaction");
    let operations =
        "[...document.querySelectorAll('#requests summary b')].map(it => it.textContent)";
    let shown = page.value(operations);
    assert!(!shown.as_array().unwrap().is_empty());
    for operation in shown.as_array().unwrap() {
        assert_eq!(operation, "confirmTransaction");
    }
    page.value("document.querySelector('#requests details').open = true");
    page.wait_for("document.querySelector('#requests details dl') !== null");
    let detail = page.text("#requests details dl");
    for part in [
        "POST /trade/confirm-transaction",
        "authorization: Bearer [redacted]",
        "signature: [redacted]",
        "content-type: application/json",
        "\"txNo\":\"TR2",
        "signed message",
        "POST17",
        "matches the sign key of client 0",
        "HTTP 200, retcode 200",
        "\"success\":true",
        "PAYMENT_REQUEST_CHANGED",
    ] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    page.emulate((1280, 720), "light");
    update_screenshot(&mut page, "request.png");
    page.value("document.querySelector('#requests details dl button').click()");
    page.wait_for("document.querySelector('#deliveries details[open] dl') !== null");
    page.value("document.querySelector('#deliveries [aria-label^=\"Open request\"]').click()");
    assert_eq!(
        page.value("document.getElementById('operationFilter').value"),
        ""
    );
    let focused = page.text("details:has(> :focus)");
    assert!(
        focused.contains("confirmTransaction") && focused.contains("envelope"),
        "{focused}"
    );

    // The first token request has the API key and the API secret.
    filter(&mut page, "operationFilter", "issueAccessToken");
    page.value("[...document.querySelectorAll('#requests details')].at(-1).open = true");
    page.wait_for("document.querySelector('#requests details[open] dl') !== null");
    let detail = page.text("#requests details[open] dl");
    for part in ["api_secret=[redacted]", "\"access_token\":\"[redacted]\""] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    assert!(!detail.contains("sandbox-"), "a credential: {detail}");

    // The demo has no response from the document.
    let from_document = page.value(
        "request({ ...latest.requests[0], number: -1, fromDocument: 'schema' }).textContent",
    );
    let from_document = from_document.as_str().unwrap();
    assert!(
        from_document.contains("from the document: schema"),
        "{from_document}"
    );

    filter(&mut page, "operationFilter", "");
    for state in ["success", "rejected", "no response"] {
        filter(&mut page, "stateFilter", state);
        let states = "[...new Set([...document.querySelectorAll('#requests .tag:first-of-type, #requests summary > .tag')]\
                      .map(it => it.textContent).filter(it => ['success', 'rejected', 'fault', 'no response'].includes(it)))]";
        assert_eq!(page.value(states), serde_json::json!([state]));
    }
    assert_clean(&mut page, &demo);
}

/// Sends a form with these values.
fn submit(page: &mut BrowserPage<'_>, id: &str, values: &str) {
    page.value(&format!(
        "{{ const form = document.getElementById({id:?}); document.getElementById('done').textContent = ''; \
         for (const [name, value] of Object.entries({values})) form.elements[name].value = value; form.requestSubmit() }}"
    ));
}

#[test]
fn dashboard_buttons_pay_set_advance_and_add_faults() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut page = browser.open(&format!("{}/", demo.url));
    page.wait_for("document.querySelector('#orders button[aria-label^=Pay]') !== null");
    page.value("document.querySelector('#orders button[aria-label^=Pay]').click()");
    page.wait_for("document.querySelector('#orders button[aria-label^=Pay]') === null");
    assert!(page.text("#done").contains("was paid with"));

    page.value("document.querySelector('#trades button').click()");
    let form = "document.getElementById('set').elements";
    assert_eq!(page.value(&format!("{form}.kind.value")), "trade");
    page.value(&format!("{form}.status.value = 'NEVER_SEEN'"));
    page.value("document.getElementById('set').requestSubmit()");
    page.wait_for("document.getElementById('trades').innerText.includes('NEVER_SEEN')");

    let suggested =
        "[...document.querySelectorAll('#statuses option')].some(it => it.value === 'Completed')";
    assert_eq!(page.value(suggested), true);

    // A receiver can respond with HTTP 200 and a rejection in the body.
    let failed = "delivery({ ...latest.deliveries[0], attempts: [{ timestamp: '1', signature: '', status: 200, error: 'retcode 500' }] })";
    let failed = page.value(&format!("{failed}.querySelector('dd .bad')?.textContent"));
    assert_eq!(failed, "HTTP 200: retcode 500");

    // A payment that does not match its order is not reported as paid.
    let paid = "latest.clients[0].orders[0].orderNo";
    submit(
        &mut page,
        "pay",
        &format!("{{ orderNo: {paid}, amount: '0.001' }}"),
    );
    page.wait_for("document.getElementById('done').innerText.includes('is abnormal')");

    // Only the deliveries of the same event are counted: the webhook of the abnormal payment may arrive meanwhile.
    page.value("window.testButton = document.querySelector('#deliveries [aria-label^=Send]')");
    page.value("window.testDelivery = latest.deliveries.find(it => testButton.ariaLabel === `Send delivery ${it.number} again`)");
    let deliveries = "latest.deliveries.filter(it => it.body === testDelivery.body).length";
    let before = page.value(deliveries).as_u64().unwrap();
    page.value("testButton.click()");
    page.wait_for("document.getElementById('done').innerText.includes('is sent again')");
    page.wait_for(&format!("{deliveries} === {before} + 1"));
    submit(&mut page, "webhook", "{ url: 'http://192.0.2.1/' }");
    page.wait_for("document.getElementById('done').className === 'bad'");
    submit(&mut page, "webhook", "{ url: '' }");
    page.wait_for("document.getElementById('hooksMore').innerText === 'no URL is registered'");

    page.value("document.getElementById('advance').elements.seconds.value = 7200");
    page.value("document.getElementById('advance').requestSubmit()");
    page.wait_for("document.getElementById('clockMore').innerText.includes('moved by')");

    page.value("document.getElementById('fault').elements.fault.value = 'explode'");
    page.value("document.getElementById('fault').requestSubmit()");
    page.wait_for("document.getElementById('done').className === 'bad'");
    // Markup in a value of a caller is shown as text.
    let markup = "reset@/<img/src=x/onerror=document.title='XSS'>";
    page.value(&format!(
        "document.getElementById('fault').elements.fault.value = {markup:?}"
    ));
    page.value("document.getElementById('fault').requestSubmit()");
    page.wait_for("document.getElementById('faults').innerText.includes('onerror')");
    page.value("fetch('/nowhere/<script>document.title=1</script>', { headers: { 'x-a': '<img src=x onerror=\"document.title=2\">' } })");
    page.wait_for("document.getElementById('requests').innerText.includes('nowhere')");
    page.value("[...document.querySelectorAll('#requests details')].find(it => it.innerText.includes('nowhere')).open = true");
    page.wait_for("document.getElementById('requests').innerText.includes('onerror')");
    assert_eq!(
        page.value("document.title"),
        "StableLink sandbox (unofficial)"
    );
    assert_eq!(
        page.value("document.querySelectorAll('main img, main script').length"),
        0
    );
    page.value("[...document.querySelectorAll('#faults button')].at(-1).click()");
    page.wait_for("!document.getElementById('faults').innerText.includes('onerror')");
}

/// Returns the relative luminance of a CSS colour, from 0 to 255.
fn luminance(page: &mut BrowserPage<'_>, selector: &str, property: &str) -> f64 {
    let channels = page.value(&format!(
        "getComputedStyle(document.querySelector({selector:?})).{property}.match(/[\\d.]+/g).slice(0, 3).map(Number)"
    ));
    let channels: Vec<f64> = serde_json::from_value(channels).unwrap();
    0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
}

#[test]
fn pages_fit_wide_and_narrow_windows_in_light_and_dark_mode() {
    let demo = DemoProcess::completed();
    let mut browser = Browser::start();
    let mut inferred = Vec::new();
    for (path, ready, text) in [
        (
            "/",
            "document.querySelectorAll('#requests details').length > 10",
            "h2",
        ),
        (
            "/docs",
            "document.querySelectorAll('[data-section-id^=\"tag/\"]').length > 30",
            "#reference h1",
        ),
    ] {
        for scheme in ["light", "dark"] {
            for width in [1280, 390] {
                let url = format!("{}{path}", demo.url);
                let mut page = browser.open_in(&url, (width, 900), scheme);
                page.wait_for(ready);
                let label = format!("{path} {scheme} {width}");
                let used = page
                    .value("document.documentElement.scrollWidth")
                    .as_u64()
                    .unwrap();
                assert!(used <= u64::from(width), "{label}: {used} pixels");
                let background = luminance(&mut page, "body", "backgroundColor");
                let colour = luminance(&mut page, text, "color");
                assert_eq!(background < 60.0, scheme == "dark", "{label}: {background}");
                assert!(
                    (background - colour).abs() > 120.0,
                    "{label}: {background} {colour}"
                );
                let badge = if path == "/" {
                    "document.querySelector('#requests .inferred')"
                } else {
                    "[...document.querySelectorAll('#reference span')].find(it => it.textContent === 'inferred' && !it.children.length)"
                };
                inferred.push(page.value(&format!("getComputedStyle({badge}).backgroundColor")));
                let unnamed = "[...document.querySelectorAll('main th')].filter(it => !it.textContent.trim()).length";
                assert_eq!(page.value(unnamed), 0, "{label}: columns without a name");
                assert_readable(&mut page, &label);
                if path == "/" {
                    let heads = "(it => it.checkVisibility() ? it.innerText.split(/\\s*\\n\\s*/).join(' ').trim() : '')(document.querySelector('.heads'))";
                    let expected = match width {
                        1280 => {
                            "number time state operation request response evidence client and faults"
                        }
                        // The parts of a request are below each other.
                        _ => "",
                    };
                    assert_eq!(page.value(heads), expected, "{label}");
                    assert_operable(&mut page, &label);
                } else if (width, scheme) == (390, "dark") {
                    page.value("location.hash = '#tag/Checkout/operation/createCheckoutOrder'");
                    page.emulate((width, 900), scheme);
                    update_screenshot(&mut page, "reference-narrow-dark.png");
                }
            }
        }
    }
    assert!(
        inferred.iter().all(|colour| *colour == "rgb(163, 58, 44)"),
        "{inferred:?}"
    );
}
