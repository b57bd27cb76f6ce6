//! A Redis server for one test.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Ports that no system gives to a connection by itself: one that stops and starts again must find its own free.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A `redis-server` on a free port of the loopback interface, that keeps nothing and ends with the test.
pub(crate) struct RedisServer {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
    /// Of TLS, which it then speaks alone, and the password of its clients.
    secure: Option<(String, Vec<String>)>,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        Self::start_as(None, |_| Vec::new())
    }

    /// Speaks TLS alone, with these settings; files may be put into its folder.
    pub(crate) fn start_with(password: &str, settings: impl Fn(&Path) -> Vec<String>) -> Self {
        Self::start_as(Some(password), settings)
    }

    fn start_as(password: Option<&str>, settings: impl Fn(&Path) -> Vec<String>) -> Self {
        // Another program may have the port, or take it before Redis does.
        for _ in 0..20 {
            let port = fastrand::u16(PORTS);
            if TcpListener::bind(("127.0.0.1", port)).is_err() {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let mut server = Self {
                port,
                secure: password.map(|word| (word.to_owned(), settings(folder.path()))),
                folder,
                process: None,
            };
            if server.try_again() {
                return server;
            }
        }
        panic!("redis-server did not start on any of twenty ports");
    }

    pub(crate) fn url(&self) -> String {
        match &self.secure {
            None => format!("redis://127.0.0.1:{}/0", self.port),
            Some((word, _)) => format!("rediss://:{word}@127.0.0.1:{}/0", self.port),
        }
    }

    /// Ends it at once; what it held is gone.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it on the same port.
    pub(crate) fn start_again(&mut self) {
        self.stop();
        assert!(self.try_again(), "redis-server did not start again");
    }

    /// Stops or continues its process, which then takes connections but answers nothing.
    pub(crate) fn stall(&self, stall: bool) {
        let signal = if stall { "-STOP" } else { "-CONT" };
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Whether it came up.
    fn try_again(&mut self) -> bool {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        match &self.secure {
            None => command.args(["--port", &port]),
            Some((word, settings)) => command
                .args(["--port", "0", "--tls-port", &port, "--requirepass", word])
                .args(settings),
        };
        let spawned = command
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = match spawned {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("redis-server is not in the path: install the Debian package redis-server")
            }
            Err(error) => panic!("redis-server could not be started: {error}"),
        };
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 {
            if line.contains("Ready to accept connections") {
                self.process = Some(process);
                // It would stop at a full pipe.
                std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
                return true;
            }
            line.clear();
        }
        process.wait().unwrap();
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}
