//! Proxies, certificates, and a token in Redis.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::redis_server::RedisServer;
use crate::support::{TestEnvironment, run};

/// Writes the configuration file.
fn configure(home: &Path, line: &str) {
    let dir = home.join(".config/stablelink");
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!("[profiles.default]\n{line}\n");
    std::fs::write(dir.join("config.toml"), text).unwrap();
}

/// Returns the first line that the command sends to the proxy, or `None` if it sends nothing.
fn first_line_at_proxy(configure: impl Fn(&mut Command, &Path, &str)) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    });
    let env = TestEnvironment::new();
    let mut command = env.command();
    configure(&mut command, env.home.path(), &address.to_string());
    command
        .env("STABLELINK_ENV", "https://gateway.invalid")
        .args(["token", "--timeout", "2"]);
    assert_eq!(run(&mut command, b"").code, 6);
    // Ends the thread if the command did not connect.
    let _ = std::net::TcpStream::connect(address).and_then(|mut it| it.write_all(b"\n"));
    let line = proxy.join().unwrap();
    Some(line.trim().to_owned()).filter(|line| !line.is_empty())
}

#[test]
fn proxy_is_set_by_option_variables_and_profile() {
    let connect = Some("CONNECT gateway.invalid:443 HTTP/1.1".to_owned());
    let option = first_line_at_proxy(|command, _, proxy| {
        command.env("HTTPS_PROXY", "http://127.0.0.1:9");
        command.args(["--proxy", &format!("http://{proxy}")]);
    });
    assert_eq!(option, connect, "option");
    for name in [
        "STABLELINK_PROXY",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
    ] {
        let variable = first_line_at_proxy(|command, _, proxy| {
            command.env(name, format!("http://{proxy}"));
        });
        assert_eq!(variable, connect, "{name}");
    }
    let profile = first_line_at_proxy(|command, home, proxy| {
        configure(home, &format!("proxy = 'http://{proxy}'"));
        command.env("HTTPS_PROXY", "http://127.0.0.1:9");
    });
    assert_eq!(profile, connect, "profile");
    let excluded = first_line_at_proxy(|command, _, proxy| {
        command.env("HTTPS_PROXY", format!("http://{proxy}"));
        command.env("NO_PROXY", "gateway.invalid");
    });
    assert_eq!(excluded, None, "NO_PROXY");
    let disabled = first_line_at_proxy(|command, _, proxy| {
        command.env("HTTPS_PROXY", format!("http://{proxy}"));
        command.args(["--proxy", ""]);
    });
    assert_eq!(disabled, None, "--proxy ''");
}

#[test]
fn local_sandbox_is_called_without_proxy() {
    let env = TestEnvironment::new();
    let mut command = env.command();
    command.env("HTTPS_PROXY", "http://127.0.0.1:9");
    command.env("ALL_PROXY", "http://127.0.0.1:9").arg("token");
    let called = run(&mut command, b"");
    assert_eq!(called.code, 0, "{called:?}");
}

/// Starts a gateway with its own certificate that issues a token to each connection. Returns its URL and certificate.
fn tls_gateway() -> (String, String) {
    let generated = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(generated.signing_key.serialize_der()).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![generated.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = Stream::new(&mut connection, &mut stream);
            // A client that does not trust the certificate closes the connection.
            if tls.read(&mut [0; 4096]).is_err() {
                continue;
            }
            let body = r#"{"retcode":200,"retdata":{"access_token":"t","expires_in":600}}"#;
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json";
            let length = body.len();
            write!(tls, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        }
    });
    (url, generated.cert.pem())
}

#[test]
fn ca_file_is_set_by_option_variable_and_profile() {
    let (url, certificate) = tls_gateway();
    let call = |configure: &dyn Fn(&mut Command, &Path)| {
        let env = TestEnvironment::new();
        std::fs::write(env.home.path().join("ca.pem"), &certificate).unwrap();
        let mut command = env.command();
        configure(&mut command, env.home.path());
        command.env("STABLELINK_ENV", &url).arg("token");
        run(&mut command, b"")
    };
    let untrusted = call(&|_, _| {});
    assert_eq!(untrusted.code, 6, "{untrusted:?}");
    let option = call(&|command, home| {
        command.arg("--ca-file").arg(home.join("ca.pem"));
    });
    assert_eq!(option.code, 0, "{option:?}");
    let variable = call(&|command, home| {
        command.env("STABLELINK_CA_FILE", home.join("ca.pem"));
    });
    assert_eq!(variable.code, 0, "{variable:?}");
    let profile = call(&|_, home| {
        configure(
            home,
            &format!("ca_file = '{}'", home.join("ca.pem").display()),
        );
    });
    assert_eq!(profile.code, 0, "{profile:?}");
}

#[test]
fn token_is_shared_through_redis() {
    let redis = RedisServer::start();
    let env = TestEnvironment::new();
    for home in ["one", "two"] {
        let home = env.home.path().join(home);
        let mut variable = env.command();
        variable.env("HOME", &home);
        variable
            .env("STABLELINK_REDIS_URL", redis.url())
            .arg("token");
        let variable = run(&mut variable, b"");
        assert_eq!(variable.code, 0, "{variable:?}");
        assert!(!home.join(".local").exists(), "no token file");
        configure(&home, &format!("redis_url = '{}'", redis.url()));
        let profile = run(env.command().env("HOME", &home).arg("token"), b"");
        assert_eq!(profile.code, 0, "{profile:?}");
    }
    assert_eq!(env.sandbox.token_grants().granted(), 1);

    configure(
        env.home.path(),
        "redis_url = 'redis://:hidden@127.0.0.1:1/0'",
    );
    let password = env.run(&["token"]);
    assert_eq!(password.code, 2, "{password:?}");
    assert!(
        password.stderr.contains("STABLELINK_REDIS_URL"),
        "{password:?}"
    );
    assert!(!password.stderr.contains("hidden"), "{password:?}");
}
