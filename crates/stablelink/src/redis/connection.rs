//! One lazily opened, shared connection.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, RedisError};
use tokio::sync::Mutex;
use tokio::time::timeout;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
use super::RedisTls;
use super::{RedisCommandError, is_failover};
use crate::Error;

/// A connection to Redis, for [`RedisStore`](crate::RedisStore) and
/// [`RedisDeduplicator`](crate::webhook::RedisDeduplicator). Needs the feature `redis`.
///
/// The connection is opened by the first command, and reopened after a failure. Clones share it.
///
/// ```
/// use stablelink::webhook::RedisDeduplicator;
/// use stablelink::{RedisConnection, RedisStore};
///
/// # fn main() -> Result<(), stablelink::Error> {
/// let redis = RedisConnection::new("redis://127.0.0.1:6379/0")?;
/// let token_store = RedisStore::new(redis.clone());
/// let deduplicator = RedisDeduplicator::new(redis);
/// # drop((token_store, deduplicator));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisConnection {
    client: Client,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    tls: RedisTls,
    timeout: Duration,
    open: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl RedisConnection {
    /// Creates a connection to the Redis at this URL, such as `rediss://user:password@host:6379/0`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// Fails if the URL is invalid.
    pub fn new(url: &str) -> Result<Self, Error> {
        // The error of the driver is dropped: it may contain the URL, which may contain a password.
        let client = Client::open(url).map_err(|_| {
            Error::configuration(
                "invalid Redis URL: expected redis://user:password@host:port/database, or rediss:// with the feature `rustls` or `native-tls`",
            )
        })?;
        let address = client.get_connection_info().addr();
        if matches!(address, ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(Error::configuration(
                "the Redis URL ends with #insecure, which would send the tokens to any server that answers: set the certificate authority with `RedisTls`",
            ));
        }
        Ok(Self {
            client,
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            tls: RedisTls::default(),
            timeout: Duration::from_secs(2),
            open: Arc::default(),
        })
    }

    /// Sets the certificate authorities and the client certificate for a `rediss://` URL.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the URL is not `rediss://`, or if a certificate or a key
    /// cannot be read.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn tls(mut self, tls: &RedisTls) -> Result<Self, Error> {
        if !self.has_tls() {
            return Err(Error::invalid(
                "tls",
                "has no effect: the Redis URL does not begin with rediss://",
            ));
        }
        tls.check(&self.client)
            .map_err(|problem| Error::invalid("tls", problem))?;
        self.tls = tls.clone();
        self.open = Arc::default();
        Ok(self)
    }

    /// Sets the timeout of one command, including a new connection. Default: 2 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a command. It may run twice, so it must be idempotent.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> Result<T, RedisCommandError> {
        let result = timeout(self.timeout, async {
            let open = self.open.lock().await.clone();
            // An idle connection may be broken: Redis may have restarted since the last command.
            if let Some(mut connection) = open {
                match command.query_async(&mut connection).await {
                    Err(error) if is_broken(&error) => {}
                    response => return Ok(response?),
                }
            }
            let mut connection = self.connect().await?;
            Ok(command.query_async(&mut connection).await?)
        })
        .await;
        let error = match result {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => error,
            Err(_) => RedisCommandError::Timeout(self.timeout),
        };
        // The next command reconnects after any error: the URL may lead to another server by then.
        if let Ok(mut open) = self.open.try_lock() {
            *open = None;
        }
        Err(error)
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisCommandError> {
        // `run` limits the whole command.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connection = self
            .client()?
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *self.open.lock().await = Some(connection.clone());
        Ok(connection)
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn has_tls(&self) -> bool {
        let address = self.client.get_connection_info().addr();
        matches!(address, ConnectionAddr::TcpTls { .. })
    }

    fn client(&self) -> Result<Client, RedisCommandError> {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        if self.has_tls() {
            return self.tls.client(&self.client);
        }
        Ok(self.client.clone())
    }
}

impl fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConnection")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Returns whether a new connection may help: the connection is broken, or the server is not the primary any more and the URL
/// may lead to another one.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || error.code().is_some_and(is_failover)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts a server. For each new connection, `respond` gets its number and returns the function from a request to the
    /// response to each of its commands; without a response, the server stays silent.
    async fn server<R>(respond: impl Fn(usize) -> R + Send + 'static) -> String
    where
        R: FnMut(&str) -> Option<String> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut respond = respond(number);
                tokio::spawn(async move {
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                        let request = String::from_utf8_lossy(&bytes[..count]);
                        if let Some(response) = respond(&request) {
                            let responses = response.repeat(request.matches('*').count());
                            stream.write_all(responses.as_bytes()).await.unwrap();
                        }
                    }
                });
            }
        });
        format!("redis://{address}/0")
    }

    /// The first connection does not respond after the handshake, like one whose other end lost the network.
    #[tokio::test]
    async fn dead_connection_is_replaced_after_the_timeout() {
        let url = server(|number| {
            move |request: &str| {
                let is_dead = number == 0 && request.contains("GET");
                (!is_dead).then(|| "$4\r\nkept\r\n".to_owned())
            }
        })
        .await;
        let connection = RedisConnection::new(&url).unwrap();
        let connection = connection.timeout(Duration::from_millis(500));
        let mut command = ::redis::cmd("GET");
        command.arg("key");
        let error = connection.run::<String>(&command).await.unwrap_err();
        assert!(matches!(error, RedisCommandError::Timeout(_)), "{error}");
        let connection = connection.timeout(Duration::from_secs(60));
        assert_eq!(connection.run::<String>(&command).await.unwrap(), "kept");
    }

    /// The first connection is to a former primary from its second write on.
    #[tokio::test]
    async fn failover_reconnects_once() {
        for code in ["READONLY", "MASTERDOWN", "LOADING"] {
            let url = server(move |number| {
                let mut writable = true;
                move |request: &str| {
                    let is_set = request.contains("SET\r\n");
                    let failed = is_set && number == 0 && !writable;
                    writable &= !is_set;
                    Some(match failed {
                        true => format!("-{code} no primary\r\n"),
                        false => "+OK\r\n".to_owned(),
                    })
                }
            })
            .await;
            let connection = RedisConnection::new(&url).unwrap();
            let mut command = ::redis::cmd("SET");
            command.arg("key").arg("value");
            for _ in 0..3 {
                let response = connection.run::<String>(&command).await;
                assert_eq!(response.unwrap(), "OK", "{code}");
            }
        }
    }

    /// Redis repeats the command in the error of an unknown command.
    #[tokio::test]
    async fn errors_show_neither_commands_nor_responses() {
        for response in [
            "-ERR unknown command, with args: REQUEST\r\n",
            "-planted-REQUEST\r\n",
            "+planted REQUEST\r\n",
            "planted REQUEST\r\n",
        ] {
            let url = server(move |_| {
                move |request: &str| {
                    Some(response.replace("REQUEST", &request.replace("\r\n", " ")))
                }
            })
            .await;
            let url = url.replace("//", "//user:planted-password@");
            let connection = RedisConnection::new(&url).unwrap();
            let mut command = ::redis::cmd("SET");
            command.arg("key").arg("planted-token");
            let error = connection.run::<u64>(&command).await.unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.starts_with("Redis"), "{shown}");
            assert!(!shown.contains("planted"), "{response}: {shown}");
        }
    }
}
