//! Follows the README of the sandbox in a browser, as a new user does.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::browser::Browser;

/// A command that runs until the test ends.
struct BackgroundCommand(Child);

impl Drop for BackgroundCommand {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_lines(output: impl Read, count: usize) -> Vec<String> {
    let lines = BufReader::new(output).lines().take(count);
    lines.map(Result::unwrap).collect()
}

#[test]
fn readme_commands_lead_to_delivered_webhook_in_narrow_dark_window() {
    let readme = include_str!("../../../stablelink-sandbox/README.md");
    let commands = readme.lines();
    let commands: Vec<_> = commands
        .filter_map(|line| line.strip_prefix("    stablelink "))
        .collect();
    let [serve, listen, create] = commands[..] else {
        panic!("{commands:?}");
    };
    // Another process may use the port of the README.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let port = free.unwrap().port().to_string();
    let serve = serve.replace("8787", &port);
    let listen = format!("{} --port {port}", listen.trim_end_matches(" &"));

    let home = tempfile::tempdir().unwrap();
    let mut variables: Vec<(String, String)> = Vec::new();
    let start = |arguments: &str, variables: &[(String, String)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stablelink"));
        command
            .env_clear()
            .env("HOME", home.path())
            .envs(variables.iter().cloned())
            .args(arguments.split(' '));
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        BackgroundCommand(command.spawn().unwrap())
    };
    let mut sandbox = start(&serve, &[]);
    for line in first_lines(sandbox.0.stdout.take().unwrap(), 4) {
        let (name, value) = line["export ".len()..].split_once('=').unwrap();
        variables.push((name.to_owned(), value.trim_matches('\'').to_owned()));
    }
    let mut receiver = start(&listen, &variables);
    let listening = first_lines(receiver.0.stderr.take().unwrap(), 1);
    assert!(listening[0].contains("listening on"), "{listening:?}");
    let mut created = start(create, &variables);
    assert!(created.0.wait().unwrap().success());

    let mut browser = Browser::start();
    let url = format!("{}/", variables[0].1);
    let mut page = browser.open_in(&url, (390, 900), "dark");
    page.wait_for("document.querySelector('#requests b')?.textContent === 'createCheckoutOrder'");
    page.value("document.querySelector('#requests summary').click()");
    page.wait_for(
        "document.querySelector('#requests dl')?.innerText.includes('matches the sign key')",
    );
    page.value("document.querySelector('#orders button[aria-label^=Pay]').click()");
    page.wait_for("document.querySelector('#deliveries .tag')?.textContent === 'delivered'");
    page.wait_for(
        "document.querySelector('#requests details[open]').innerText.includes('delivered')",
    );
    page.value("document.querySelector('#deliveries details').open = true");
    let delivery = page.text("#deliveries details");
    for part in [
        "CHECKOUT_ORDER_CHANGED",
        "\"orderStatus\":\"PAID\"",
        "HTTP 200",
    ] {
        assert!(delivery.contains(part), "{part}: {delivery}");
    }
    assert_eq!(page.errors(), Vec::<String>::new());
}
