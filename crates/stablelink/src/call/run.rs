//! A call under way, as the functions of the resources see it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use stablelink_api as api;
use stablelink_api::hooks::{Transport, downcast_error};
use tracing::Instrument;

use super::Shared;
use super::session::{Plan, Session};
use super::source::Source;
use crate::error::{DecodeError, Error, ErrorKind};
use crate::response::Response;

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
    ) -> Result<Response<T>, Error> {
        self.read(outcome, |envelope| {
            data(envelope).ok_or_else(|| DecodeError::new("retdata", MISSING))
        })
    }

    /// The same where it may hold nothing.
    pub(crate) fn opened<E: DeserializeOwned, T>(
        &self,
        outcome: Outcome<E>,
        data: impl FnOnce(E) -> T,
    ) -> Result<Response<T>, Error> {
        self.read(outcome, |envelope| Ok(data(envelope)))
    }

    fn read<E: DeserializeOwned, T>(
        &self,
        outcome: Outcome<E>,
        data: impl FnOnce(E) -> Result<T, DecodeError>,
    ) -> Result<Response<T>, Error> {
        let error = match outcome.map_err(downcast_error::<Error, _>) {
            // Its transport keeps answers: this is how the generated client ends with one.
            Err(Err(api::Error::Custom(_))) => {
                return self.taken(|body| envelope(body).and_then(data));
            }
            Err(Ok(error)) => error,
            // Their texts may hold the address, and what was sent.
            Err(Err(api::Error::InvalidRequest(_))) => {
                let error = Error::invalid("request", "can't be sent as it is");
                self.session.named(error)
            }
            Err(Err(_)) | Ok(_) => self.session.lost(Error::new(ErrorKind::Transport {
                problem: "the low-level client failed in a way that is not known".into(),
            })),
        };
        Err(error)
    }

    /// What is read from the answer that came.
    fn taken<T>(
        &self,
        read: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Response<T>, Error> {
        let read = match self.session.reply() {
            Some(reply) => read(reply.body()).map(|value| Response::new(value, reply)),
            None => Err(DecodeError::new(".", "an answer without an exchange")),
        };
        read.map_err(|decode| self.session.unread(decode))
    }

    /// Ends with the call, or when its time is up.
    pub(crate) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let watch = self.session.watch_call();
        let outcome = async {
            self.session.check_key()?;
            // Nothing is sent for a call whose time was up before it began.
            if self.session.plan().deadline.is_zero() {
                return Err(self.session.interrupted());
            }
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
        read: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<Response<T>, Error> {
        self.within(async {
            let source = source.map_err(|error| self.session.named(error))?;
            self.session.deliver(&self.shared.http, source).await?;
            self.taken(read)
        })
        .await
    }
}

/// Why a value is not there that the document promises.
pub(crate) const MISSING: &str = "it is missing, although the retcode is that of success";

/// Reads a body as this type, or says which field does not fit.
pub(crate) fn envelope<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(body).map_err(|error| {
        // Once more, and slowly: now each step is noted.
        let json = &mut serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(json) {
            Err(error) => DecodeError::of_json(error.path().to_string(), error.inner()),
            Ok(_) => DecodeError::of_json(".", &error),
        }
    })
}
