//! The connection to Redis.

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::Error;
use crate::token::store::StoreError;

/// A connection that is made when it is needed, and made anew when it broke.
pub(super) struct Link {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    pub(super) timeout: Duration,
}

impl Link {
    pub(super) fn new(address: &str) -> Result<Self, Error> {
        // The error of the driver is left out: the address holds a password.
        let client = Client::open(address).map_err(|_| {
            Error::configuration(
                "the address of Redis can't be used; write redis://user:password@host:port/database, or rediss:// with the feature `rustls` or `native-tls`",
            )
        })?;
        Ok(Self {
            client,
            connection: Mutex::new(None),
            timeout: Duration::from_secs(2),
        })
    }

    /// Sends a command, which must do no harm if it is run twice.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
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
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.forget();
                Err(
                    StoreError::new("Redis can't be reached, or refused the command")
                        .because(error),
                )
            }
            Err(_) => {
                self.forget();
                Err(StoreError::new(format!(
                    "Redis did not answer within {:?}",
                    self.timeout
                )))
            }
        }
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

fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}
