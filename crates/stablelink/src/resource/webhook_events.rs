//! Events that the gateway delivers by webhooks.

use stablelink_api::operations;
#[cfg(feature = "provisional")]
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::client::Client;

/// Events that the gateway delivers by webhooks: to receive them see [`webhook`](crate::webhook). Page:
/// <https://developer.stablelink.app/404644569e0>.
#[derive(Clone, Debug)]
pub struct WebhookEvents(Client);

impl WebhookEvents {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Has the gateway deliver an event to the URL that is set in the dashboard. Sent once, never repeated: each call makes
    /// a delivery.
    ///
    /// Page: <https://developer.stablelink.app/404644569e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    pub fn simulate(
        &self,
        event: types::SimulateEventRequest,
    ) -> Call<types::SimulateEventRequest, ()> {
        Call::new(&self.0, &operations::SIMULATE_EVENT, event, |run, event| {
            Box::pin(async move { run.opened(run.api().simulate_event(event).await, |_| ()) })
        })
    }

    /// Past events. **Inferred**: neither path nor fields were seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn list(
        &self,
        filter: types::ListEventsRequest,
    ) -> Call<types::ListEventsRequest, Option<RawJson>> {
        Call::new(&self.0, &operations::LIST_EVENTS, filter, |run, filter| {
            Box::pin(async move {
                run.opened(run.api().list_events(filter).await, |found| found.retdata)
            })
        })
    }
}
