//! Stub until the branch lands.
use super::Grant;
use crate::clock::Clock;
use crate::error::Error;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
/// x
#[derive(Clone)]
pub struct Bearer {
    header: HeaderValue,
    generation: u64,
    token: SecretString,
}
impl Bearer {
    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }
    /// x
    pub fn token(&self) -> &SecretString {
        &self.token
    }
}
impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bearer")
    }
}
/// x
pub trait TokenStore: Send + Sync + 'static {}
/// x
#[derive(Default)]
pub struct MemoryStore;
impl TokenStore for MemoryStore {}
/// x
#[derive(Clone, Debug, Default)]
pub struct TokenSettings;
pub(crate) struct Tokens {
    grant: Arc<dyn Grant>,
    clock: Arc<dyn Clock>,
    held: tokio::sync::Mutex<Option<(Bearer, Duration)>>,
}
impl Tokens {
    pub(crate) fn new(
        grant: Arc<dyn Grant>,
        _: Arc<dyn TokenStore>,
        clock: Arc<dyn Clock>,
        _: TokenSettings,
        _: &str,
    ) -> Self {
        Self {
            grant,
            clock,
            held: tokio::sync::Mutex::new(None),
        }
    }
    pub(crate) async fn current(&self) -> Result<Bearer, Error> {
        let mut held = self.held.lock().await;
        if let Some((b, until)) = &*held {
            if *until > self.clock.monotonic() {
                return Ok(b.clone());
            }
        }
        let generation = held.as_ref().map_or(0, |h| h.0.generation) + 1;
        let i = self
            .grant
            .by_credentials()
            .await
            .map_err(super::GrantError::into_error)?;
        let mut header =
            HeaderValue::try_from(format!("Bearer {}", i.access_token.expose_secret()))
                .map_err(|_| Error::configuration("token"))?;
        header.set_sensitive(true);
        let b = Bearer {
            header,
            generation,
            token: i.access_token,
        };
        *held = Some((b.clone(), self.clock.monotonic() + i.expires_in));
        Ok(b)
    }
    pub(crate) async fn renew(&self, refused: &Bearer) -> Result<Bearer, Error> {
        {
            let mut held = self.held.lock().await;
            if held
                .as_ref()
                .is_some_and(|h| h.0.generation == refused.generation)
            {
                if let Some(h) = &mut *held {
                    h.1 = Duration::ZERO;
                }
            }
        }
        self.current().await
    }
    pub(crate) async fn renew_if_cooled(&self, refused: &Bearer) -> Result<Option<Bearer>, Error> {
        self.renew(refused).await.map(Some)
    }
}
