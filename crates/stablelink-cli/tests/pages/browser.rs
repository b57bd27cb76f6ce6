//! A headless Chromium, driven over its pipe by the DevTools protocol.
//!
//! The protocol's messages are JSON texts that end with a zero byte. The crates that speak it bring types for all of it, some
//! hundred thousand generated lines, to every build of the tests; a page is looked at with six of its commands.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// After this a browser hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    sent: u64,
    events: Vec<Value>,
    /// What is not for this machine goes to this proxy, which answers nothing: connections only queue here.
    elsewhere: TcpListener,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        // The browser reads its commands from 3 and answers to 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#,
                "sh",
            ])
            .args(["chromium", "--headless", "--remote-debugging-pipe"])
            // Its own sandbox wants rights that a container does not have; it opens pages of this project alone.
            .arg("--no-sandbox")
            .args(["--no-first-run", "--disable-gpu", "--hide-scrollbars"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--window-size=1280,900", "--force-color-profile=srgb"])
            .arg(format!(
                "--proxy-server=http://{}",
                elsewhere.local_addr().unwrap()
            ))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (out, from) = channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while lines.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else {
                    return;
                };
                if out.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        Self {
            child,
            to,
            from,
            sent: 0,
            events: Vec::new(),
            elsewhere,
            _profile: profile,
        }
    }

    /// Opens a page in a tab of its own.
    pub(crate) fn open(&mut self, url: &str) -> Page<'_> {
        self.events.clear();
        let target = self.call(None, "Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call(None, "Target.attachToTarget", attach)["sessionId"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut page = Page {
            browser: self,
            session,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.call("Page.navigate", json!({ "url": url }));
        page.wait_for(&format!(
            "location.href === {url:?} && document.readyState === 'complete'"
        ));
        page
    }

    fn call(&mut self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self
                .from
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("{method}: is chromium there? {error}"));
            if message["id"] == self.sent {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Page<'_> {
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// What an expression gives in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", params);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Looks until an expression is true.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        while self.value(expression) != json!(true) {
            assert!(
                Instant::now() < until,
                "never true: {expression}\n{}",
                self.text("body")
            );
            // Answered by the browser at its next frame.
            self.value("new Promise(done => requestAnimationFrame(() => done(0)))");
        }
    }

    /// The text that a reader sees in the element with this selector.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let expression = format!("document.querySelector({selector:?})?.innerText ?? ''");
        self.value(&expression)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// A picture of what a window of this size shows.
    pub(crate) fn picture(&mut self, width: u32, height: u32) -> Vec<u8> {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))");
        let answer = self.call("Page.captureScreenshot", json!({"format": "png"}));
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// Everything that the page asked for.
    pub(crate) fn asked_for(&self) -> Vec<&str> {
        self.of("Network.requestWillBeSent")
            .map(|event| event["request"]["url"].as_str().unwrap())
            .collect()
    }

    /// What the console shows of errors and warnings, and what nobody caught.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let thrown = self.of("Runtime.exceptionThrown").map(Value::to_string);
        let logged = self
            .of("Log.entryAdded")
            .filter(|event| event["entry"]["level"] != "verbose")
            .map(Value::to_string);
        let written = self
            .of("Runtime.consoleAPICalled")
            .filter(|event| event["type"] == "error" || event["type"] == "warning")
            .map(Value::to_string);
        thrown.chain(logged).chain(written).collect()
    }

    /// The hosts beyond this machine that the browser wanted so far, for whatever reason: its makers' are among them.
    pub(crate) fn hosts_elsewhere(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        while let Ok((connection, _)) = self.browser.elsewhere.accept() {
            connection.set_nonblocking(false).unwrap();
            connection.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut line = String::new();
            // One that was opened ahead of a request may say nothing before it is closed.
            let _ = BufReader::new(connection).read_line(&mut line);
            // `CONNECT host:443 HTTP/1.1`, `GET http://host/path HTTP/1.1`
            let target = line.split(' ').nth(1).unwrap_or_default();
            let host = target
                .trim_start_matches("http://")
                .split([':', '/'])
                .next();
            hosts.extend(host.filter(|host| !host.is_empty()).map(str::to_owned));
        }
        hosts
    }

    fn of(&self, method: &str) -> impl Iterator<Item = &Value> {
        self.browser
            .events
            .iter()
            .filter(move |event| event["method"] == method)
            .map(|event| &event["params"])
    }
}
