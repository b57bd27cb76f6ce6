//! A headless Chromium, controlled through a pipe with the DevTools protocol.
//!
//! The messages are JSON texts that end with a zero byte. Not a DevTools crate such as `chromiumoxide`: it adds about 100,000
//! generated lines to every build of the tests, which use six commands.

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

/// The timeout of each command.
const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    sent: u64,
    events: Vec<Value>,
    /// A proxy for requests to other hosts. It never responds: connections stay in its queue.
    proxy: TcpListener,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        proxy.set_nonblocking(true).unwrap();
        // The browser reads commands from file descriptor 3 and writes responses to 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#,
                "sh",
            ])
            .args(["chromium", "--headless", "--remote-debugging-pipe"])
            // Chromium's sandbox needs privileges that a container lacks. Only pages of this project are opened.
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
                proxy.local_addr().unwrap()
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
            proxy,
            _profile: profile,
        }
    }

    /// Opens a page in a new tab, in light mode.
    pub(crate) fn open(&mut self, url: &str) -> BrowserPage<'_> {
        self.open_in(url, (1280, 900), "light")
    }

    /// Opens a page in a new tab of this size, with this preferred colour scheme.
    pub(crate) fn open_in(&mut self, url: &str, size: (u32, u32), scheme: &str) -> BrowserPage<'_> {
        self.events.clear();
        let target = self.call(None, "Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.call(None, "Target.attachToTarget", attach)["sessionId"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut page = BrowserPage {
            browser: self,
            session,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.emulate(size, scheme);
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
        let until = Instant::now() + TIMEOUT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self
                .from
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("{method}: is chromium installed? {error}"));
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

pub(crate) struct BrowserPage<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl BrowserPage<'_> {
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// Evaluates an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(
            result["exceptionDetails"].is_null(),
            "{expression}: {result}"
        );
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_for(&mut self, expression: &str) {
        let until = Instant::now() + TIMEOUT;
        while self.value(expression) != json!(true) {
            assert!(
                Instant::now() < until,
                "never true: {expression}\n{}",
                self.text("body")
            );
            // Waits for the next frame.
            self.value("new Promise(done => requestAnimationFrame(() => done(0)))");
        }
    }

    /// Returns the visible text of the element with this selector.
    pub(crate) fn text(&mut self, selector: &str) -> String {
        let expression = format!("document.querySelector({selector:?})?.innerText ?? ''");
        self.value(&expression)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Returns the role and the name of each control, as a screen reader presents them.
    pub(crate) fn controls(&mut self) -> Vec<(String, String)> {
        const ROLES: [&str; 6] = [
            "button",
            "combobox",
            "link",
            "searchbox",
            "spinbutton",
            "textbox",
        ];
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        nodes
            .map(|node| (text(&node["role"]), text(&node["name"])))
            .filter(|(role, _)| ROLES.contains(&role.as_str()))
            .collect()
    }

    /// Moves the focus to the next control, as the tab key does.
    pub(crate) fn press_tab(&mut self) {
        for kind in ["keyDown", "keyUp"] {
            let key =
                json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
            self.call("Input.dispatchKeyEvent", key);
        }
    }

    /// Sets the size of the window and the preferred colour scheme.
    pub(crate) fn emulate(&mut self, (width, height): (u32, u32), scheme: &str) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))");
    }

    /// Takes a screenshot of the window as PNG.
    pub(crate) fn screenshot(&mut self) -> Vec<u8> {
        let result = self.call("Page.captureScreenshot", json!({"format": "png"}));
        STANDARD.decode(result["data"].as_str().unwrap()).unwrap()
    }

    /// Returns the URLs of all requests of the page.
    pub(crate) fn requested_urls(&self) -> Vec<&str> {
        self.events_of("Network.requestWillBeSent")
            .map(|event| event["request"]["url"].as_str().unwrap())
            .collect()
    }

    /// Returns the errors and warnings of the console, and uncaught exceptions.
    pub(crate) fn errors(&self) -> Vec<String> {
        let thrown = self
            .events_of("Runtime.exceptionThrown")
            .map(Value::to_string);
        let logged = self
            .events_of("Log.entryAdded")
            .filter(|event| event["entry"]["level"] != "verbose")
            .map(Value::to_string);
        let written = self
            .events_of("Runtime.consoleAPICalled")
            .filter(|event| event["type"] == "error" || event["type"] == "warning")
            .map(Value::to_string);
        thrown.chain(logged).chain(written).collect()
    }

    /// Returns the other hosts to which the browser tried to connect so far, including those of its vendor.
    pub(crate) fn external_hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        while let Ok((connection, _)) = self.browser.proxy.accept() {
            connection.set_nonblocking(false).unwrap();
            connection.set_read_timeout(Some(TIMEOUT)).unwrap();
            let mut line = String::new();
            // A connection that was opened in advance may be closed without a request.
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

    fn events_of(&self, method: &str) -> impl Iterator<Item = &Value> {
        self.browser
            .events
            .iter()
            .filter(move |event| event["method"] == method)
            .map(|event| &event["params"])
    }
}
