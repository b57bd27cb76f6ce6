//! Events that the gateway delivers to webhooks.

use stablelink_api::operations;
#[cfg(feature = "provisional")]
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::client::Client;

/// Events that the gateway delivers to webhooks; to receive them see [`webhook`](crate::webhook). Page:
/// <https://developer.stablelink.app/404644569e0>.
#[derive(Clone, Debug)]
pub struct WebhookEvents(pub(super) Client);

impl WebhookEvents {
    /// Makes the gateway deliver an event to the URL that is set in the dashboard. The call is never retried, because each
    /// call causes a delivery.
    ///
    /// Page: <https://developer.stablelink.app/404644569e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the delivery before you simulate the event again.
    pub fn simulate(&self, event: types::SimulateEventRequest) -> Call<()> {
        Call::new(
            &self.0,
            &operations::SIMULATE_EVENT,
            event,
            |context, event, _| {
                Box::pin(async move {
                    let api = context.api();
                    context.read(api.simulate_event(event).await, |_| Ok(().into()))
                })
            },
        )
    }

    /// Lists past events. **Inferred**: neither the path nor the fields of this operation are documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn list(&self) -> Call<Option<RawJson>, types::ListEventsRequest> {
        let filter = types::ListEventsRequest(serde_json::Map::new());
        call!(
            &self.0,
            operations::LIST_EVENTS,
            parameters: filter,
            |api, filter| api.list_events(filter),
            optional
        )
    }
}

// The record of an event is not known.
#[cfg(feature = "provisional")]
crate::pages::list!(body: types::ListEventsRequest, RawJson);
