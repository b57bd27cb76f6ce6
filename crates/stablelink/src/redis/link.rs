//! One connection that lasts.

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, RedisError};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::LinkError;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use super::RedisTls;
use crate::Error;

/// A connection that is made when it is needed, and made anew when it broke.
pub(crate) struct Link {
    client: Client,
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    tls: RedisTls,
    connection: Mutex<Option<MultiplexedConnection>>,
    pub(crate) timeout: Duration,
}

impl Link {
    pub(crate) fn new(address: &str) -> Result<Self, Error> {
        // The error of the driver is left out: the address holds a password.
        let client = Client::open(address).map_err(|_| {
            Error::configuration(
                "the address of Redis can't be used; write redis://user:password@host:port/database, or rediss:// with the feature `rustls` or `native-tls`",
            )
        })?;
        let address = client.get_connection_info().addr();
        if matches!(address, ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(Error::configuration(
                "the address of Redis ends with #insecure, which would give the tokens to whoever answers: give its authority by `RedisTls`",
            ));
        }
        Ok(Self {
            client,
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            tls: RedisTls::new(),
            connection: Mutex::new(None),
            timeout: Duration::from_secs(2),
        })
    }

    /// Trusts other roots than those of the system, and presents a certificate.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub(crate) fn tls(mut self, tls: &RedisTls) -> Result<Self, Error> {
        let wrong = |problem| Err(Error::invalid("tls", problem));
        if !self.has_tls() {
            return wrong("is of no use: the address does not begin with rediss://");
        }
        if let Err(problem) = tls.check(&self.client) {
            return wrong(problem);
        }
        self.tls = tls.clone();
        Ok(self)
    }

    /// Sends a command, which must do no harm if it is run twice.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LinkError> {
        let answer = timeout(self.timeout, async {
            let used = self.connection.lock().await.clone();
            // Days may lie between two renewals, and Redis may have gone and come back since.
            if let Some(mut connection) = used {
                match command.query_async(&mut connection).await {
                    Err(error) if is_broken(&error) => {}
                    answer => return Ok(answer?),
                }
            }
            let mut connection = self.connect().await?;
            Ok(command.query_async(&mut connection).await?)
        })
        .await;
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => LinkError::TimeIsUp(self.timeout),
        };
        self.forget();
        Err(error)
    }

    async fn connect(&self) -> Result<MultiplexedConnection, LinkError> {
        // The limit around the whole is the only one.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let made = self
            .client()?
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *self.connection.lock().await = Some(made.clone());
        Ok(made)
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn has_tls(&self) -> bool {
        let address = self.client.get_connection_info().addr();
        matches!(address, ConnectionAddr::TcpTls { .. })
    }

    fn client(&self) -> Result<Client, LinkError> {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        if self.has_tls() {
            return self.tls.client(&self.client);
        }
        Ok(self.client.clone())
    }

    /// Whatever it was, the next command connects anew: the server may be another by then.
    fn forget(&self) {
        if let Ok(mut connection) = self.connection.try_lock() {
            *connection = None;
        }
    }
}

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each command with this text and with the command itself, as Redis does with one that it does
    /// not know.
    async fn repeating(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut bytes = [0; 4096];
                    while let Ok(count) = stream.read(&mut bytes).await {
                        if count == 0 {
                            return;
                        }
                        let said = String::from_utf8_lossy(&bytes[..count]);
                        let commands = said.matches('*').count();
                        let said = said.replace("\r\n", " ");
                        let answer = answer.replace("SAID", &said).repeat(commands);
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        format!("redis://user:planted-password@{address}/0")
    }

    /// A server whose first connection goes dead behind the handshake, as one does whose other end was cut off.
    async fn dead_at_first() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut bytes = [0; 4096];
                    while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                        let said = String::from_utf8_lossy(&bytes[..count]);
                        if number > 0 || !said.contains("GET") {
                            let answer = "$4\r\nkept\r\n".repeat(said.matches('*').count());
                            stream.write_all(answer.as_bytes()).await.unwrap();
                        }
                    }
                });
            }
        });
        format!("redis://{address}/0")
    }

    #[tokio::test]
    async fn a_connection_that_is_dead_is_given_up() {
        let mut link = Link::new(&dead_at_first().await).unwrap();
        link.timeout = Duration::from_millis(500);
        let mut command = ::redis::cmd("GET");
        command.arg("key");
        let error = link.ask::<String>(&command).await.unwrap_err();
        assert!(matches!(error, LinkError::TimeIsUp(_)), "{error}");
        link.timeout = Duration::from_secs(60);
        assert_eq!(link.ask::<String>(&command).await.unwrap(), "kept");
    }

    #[tokio::test]
    async fn what_was_sent_and_what_is_kept_is_in_no_error() {
        for (answer, told) in [
            ("-ERR unknown command, with args: SAID\r\n", "Redis"),
            ("-planted-SAID\r\n", "Redis"),
            ("+planted SAID\r\n", "Redis"),
            ("planted SAID\r\n", "Redis"),
        ] {
            let link = Link::new(&repeating(answer).await).unwrap();
            let mut command = ::redis::cmd("SET");
            command.arg("key").arg("planted-token");
            let error = link.ask::<u64>(&command).await.unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.starts_with(told), "{shown}");
            assert!(!shown.contains("planted"), "{answer}: {shown}");
        }
    }
}
