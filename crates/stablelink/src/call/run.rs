//! A call under way, as the functions of the resources see it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use stablelink_api as api;
use stablelink_api::hooks::{Transport, carried};
use tracing::Instrument;

use super::attempt::Source;
use super::session::{Plan, Session};
use crate::answer::Answer;
use crate::client::Shared;
use crate::error::{Decode, Error, ErrorKind};

type Outcome<T> = Result<api::ResponseValue<T>, api::Error<api::types::ErrorEnvelope>>;

/// A call under way.
pub(crate) struct Run {
    pub(crate) shared: Arc<Shared>,
    pub(crate) session: Arc<Session>,
}

impl Run {
    pub(crate) fn new(shared: Arc<Shared>, plan: Plan) -> Self {
        let session = Arc::new(Session::new(Arc::clone(&shared), plan));
        Self { shared, session }
    }

    /// The generated client, whose requests go through this call.
    pub(crate) fn api(&self) -> api::Client {
        let transport: Arc<dyn Transport> = Arc::clone(&self.session) as _;
        api::Client::new_with_client(
            self.shared.origin.as_str(),
            self.shared.http.clone(),
            transport,
        )
    }

    /// What the envelope of an answer holds, or why there is none.
    pub(crate) fn answer<E: DeserializeOwned, T>(
        &self,
        outcome: Outcome<E>,
        data: impl FnOnce(E) -> Option<T>,
    ) -> Result<Answer<T>, Error> {
        let (data, reply) = self.opened(outcome, data)?.into_parts();
        let data = data.ok_or_else(|| {
            let missing = "it is missing, although the retcode is that of success";
            let error = ErrorKind::Decode(Decode::new("retdata", missing));
            self.session.named(Error::new(error))
        })?;
        Ok(Answer::new(data, reply))
    }

    /// The same where it may hold nothing.
    pub(crate) fn opened<E: DeserializeOwned, T>(
        &self,
        outcome: Outcome<E>,
        data: impl FnOnce(E) -> T,
    ) -> Result<Answer<T>, Error> {
        let envelope = outcome.map_err(|error| self.translated::<E>(error))?;
        let reply = self.session.reply().ok_or_else(|| {
            let error = Decode::new(".", "an answer without an exchange");
            self.session.named(Error::new(ErrorKind::Decode(error)))
        })?;
        Ok(Answer::new(data(envelope.into_inner()), reply))
    }

    fn translated<T: DeserializeOwned>(
        &self,
        error: api::Error<api::types::ErrorEnvelope>,
    ) -> Error {
        let error = match carried::<Error, _>(error) {
            Ok(error) => return error,
            Err(error) => error,
        };
        let error = match error {
            api::Error::InvalidResponsePayload(..) => {
                let reply = self.session.reply();
                let body = reply
                    .as_ref()
                    .map(|reply| reply.body().as_ref())
                    .unwrap_or_default();
                Error::new(ErrorKind::Decode(unreadable::<T>(body)))
            }
            // Their texts may hold the address, and what was sent.
            api::Error::InvalidRequest(_) => Error::invalid("request", "can't be sent as it is"),
            _ => Error::new(ErrorKind::Transport {
                problem: "the low-level client failed in a way that is not known".into(),
            }),
        };
        self.session.named(error)
    }

    /// Ends with the call, or when its time is up.
    pub(crate) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let watch = self.session.watch_call();
        let outcome = async {
            tokio::pin!(call);
            tokio::select! {
                biased;
                outcome = &mut call => outcome,
                () = self.session.limits().keep() => Err(self.session.interrupted()),
            }
        }
        .instrument(watch.span())
        .await;
        let attempts = self.session.attempts();
        match &outcome {
            Ok(_) => watch.succeeded(attempts, self.session.reply().as_ref()),
            Err(error) => watch.failed(attempts, error),
        }
        outcome
    }

    /// A call whose answer is read here, from the bytes: one that the generated client does not make.
    pub(crate) async fn by_hand<T>(
        &self,
        source: Result<Source, Error>,
        read: impl FnOnce(&[u8]) -> Result<T, Decode>,
    ) -> Result<Answer<T>, Error> {
        self.within(async {
            let source = source.map_err(|error| self.session.named(error))?;
            let reply = self.session.deliver(&self.shared.http, source).await?;
            match read(reply.body()) {
                Ok(value) => Ok(Answer::new(value, reply)),
                Err(decode) => {
                    let error = Error::new(ErrorKind::Decode(decode));
                    Err(self.session.named(error))
                }
            }
        })
        .await
    }
}

/// Which field of a body does not fit its type.
fn unreadable<T: DeserializeOwned>(body: &[u8]) -> Decode {
    let json = &mut serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(json) {
        Err(error) => Decode::of_json(error.path().to_string(), error.inner()),
        Ok(_) => Decode::new(".", "it does not have the documented form"),
    }
}
