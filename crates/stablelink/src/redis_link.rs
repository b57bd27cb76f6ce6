//! The connection to Redis, for tokens and for webhooks.

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::Error;

/// A connection that is made when it is needed, and made anew when it broke.
pub(crate) struct Link {
    client: Client,
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
        #[cfg(feature = "rustls")]
        if address.starts_with("rediss:") {
            choose_cryptography();
        }
        Ok(Self {
            client,
            connection: Mutex::new(None),
            timeout: Duration::from_secs(2),
        })
    }

    /// Sends a command, which must do no harm if it is run twice.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LinkError> {
        let answer = timeout(self.timeout, async {
            let used = self.connection.lock().await.clone();
            // Days may lie between two renewals, and Redis may have gone and come back since.
            if let Some(mut connection) = used {
                match command.query_async(&mut connection).await {
                    Err(error) if is_broken(&error) => {}
                    answer => return answer,
                }
            }
            let mut connection = self.connect().await?;
            command.query_async(&mut connection).await
        })
        .await;
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => LinkError::Failed(error),
            Err(_) => LinkError::TimeIsUp(self.timeout),
        };
        self.forget();
        Err(error)
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        // The limit around the whole is the only one.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let made = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *self.connection.lock().await = Some(made.clone());
        Ok(made)
    }

    /// Whatever it was, the next command connects anew: the server may be another by then.
    fn forget(&self) {
        if let Ok(mut connection) = self.connection.try_lock() {
            *connection = None;
        }
    }
}

/// Why a command brought no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("Redis can't be reached, or refused the command")]
    Failed(#[source] RedisError),
    #[error("Redis did not answer within {0:?}")]
    TimeIsUp(Duration),
}

/// The driver takes the default of the process, and panics where there is none and two are compiled in. Like the driver, this
/// sets one where nobody did; it is that of the HTTP client.
#[cfg(feature = "rustls")]
fn choose_cryptography() {
    use rustls::crypto::{CryptoProvider, aws_lc_rs};

    if CryptoProvider::get_default().is_none() {
        // Another thread may have set one meanwhile, which is as good.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}
