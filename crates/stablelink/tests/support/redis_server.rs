//! A Redis server for one test.
#![allow(dead_code, reason = "each test binary uses a part of this file")]

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Ports outside the ephemeral range, so that a restarted server finds its port free.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A `redis-server` process on a free port of the loopback interface, without persistence. It ends with the test.
pub(crate) struct RedisServer {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
    /// The password and the TLS arguments of a server that accepts only TLS.
    tls: Option<(String, Vec<String>)>,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        Self::start_as(None, |_| Vec::new())
    }

    /// Starts a server that accepts only TLS. `arguments` may write files into the folder of the server.
    pub(crate) fn start_with_tls(password: &str, arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        Self::start_as(Some(password), arguments)
    }

    fn start_as(password: Option<&str>, arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        // Another program may use the port, or bind it before Redis does.
        for _ in 0..20 {
            let port = fastrand::u16(PORTS);
            if TcpListener::bind(("127.0.0.1", port)).is_err() {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let mut server = Self {
                port,
                tls: password.map(|password| (password.to_owned(), arguments(folder.path()))),
                folder,
                process: None,
            };
            if server.spawn() {
                return server;
            }
        }
        panic!("redis-server did not start on any of twenty ports");
    }

    pub(crate) fn url(&self) -> String {
        match &self.tls {
            None => format!("redis://127.0.0.1:{}/0", self.port),
            Some((password, _)) => format!("rediss://:{password}@127.0.0.1:{}/0", self.port),
        }
    }

    /// Kills the server. Its data is lost.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Restarts the server on the same port.
    pub(crate) fn restart(&mut self) {
        self.stop();
        assert!(self.spawn(), "redis-server did not restart");
    }

    /// Suspends or resumes the process. A suspended server accepts connections but does not respond.
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

    /// Starts the process. Returns whether it accepts connections.
    fn spawn(&mut self) -> bool {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        match &self.tls {
            None => command.args(["--port", &port]),
            Some((password, arguments)) => command
                .args([
                    "--port",
                    "0",
                    "--tls-port",
                    &port,
                    "--requirepass",
                    password,
                ])
                .args(arguments),
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
                panic!("redis-server is not in the PATH: install the Debian package redis-server")
            }
            Err(error) => panic!("redis-server could not be started: {error}"),
        };
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 {
            if line.contains("Ready to accept connections") {
                self.process = Some(process);
                // A full pipe would block the server.
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
