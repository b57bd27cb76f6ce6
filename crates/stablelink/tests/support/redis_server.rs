//! A Redis of a test's own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A `redis-server` on a free port of this machine, with nothing on disk. It ends with this value.
pub(crate) struct RedisServer {
    process: Option<Child>,
    port: u16,
    folder: TempDir,
}

impl RedisServer {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Self {
        let mut server = Self {
            process: None,
            port: free_port(),
            folder: TempDir::new().unwrap(),
        };
        // Another process may take the port in between.
        for _ in 0..5 {
            if server.run() {
                return server;
            }
            server.port = free_port();
        }
        panic!("redis-server does not start; install it (Debian: apt-get install redis-server)");
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once. All that it held is gone.
    pub(crate) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again, empty, at the same address.
    pub(crate) fn start_again(&mut self) {
        self.stop();
        assert!(self.run(), "redis-server does not start again");
    }

    fn run(&mut self) -> bool {
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string()])
            .args(["--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .args(["--dir", self.folder.path().to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = process else { return false };
        let process = self.process.insert(process);
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                // Not another's that took the port: ours would have ended.
                return process.try_wait().unwrap().is_none();
            }
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
