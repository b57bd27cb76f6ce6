//! The log of webhook deliveries, and the queue of those that are due.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use tokio::sync::watch;

use super::ReceiverAddress;
use crate::sync::lock;

/// A webhook and its attempts.
///
/// The body can contain personal data. `Debug` omits it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Number of the delivery. The first delivery of the sandbox has number 0.
    pub number: u64,
    /// The client, by its index in the builder.
    pub client: usize,
    /// The id of the event. It is the same in each attempt and each resend.
    pub event_id: String,
    /// The name of the event.
    pub event: String,
    /// The number of the request that caused the event, or `None` if the clock or a test caused it.
    pub request: Option<u64>,
    /// The URL of the receiver.
    pub url: String,
    /// The bytes of the body.
    pub body: Bytes,
    /// Creation by the sandbox's clock, in milliseconds since the epoch.
    pub created: i64,
    /// The state.
    pub state: DeliveryState,
    /// The attempts, the oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// An attempt is scheduled.
    Pending {
        /// Time of the attempt by the sandbox's clock, in milliseconds since the epoch.
        due_at: i64,
    },
    /// An attempt is in progress.
    InProgress,
    /// The receiver accepted it.
    Delivered,
    /// All attempts failed.
    Abandoned,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// The `TIMESTAMP` header: milliseconds since the epoch by the sandbox's clock. The signed
    /// message is this string followed by the body.
    pub timestamp: String,
    /// The `SIGNATURE` header.
    pub signature: String,
    /// The HTTP status of the receiver, or `None` without a response.
    pub status: Option<u16>,
    /// The reason why there is no response, or why a response with a 2xx status is a failure.
    pub error: Option<String>,
}

impl DeliveryAttempt {
    /// Returns true if the receiver accepted the webhook: with a 2xx status and a body that
    /// [`webhook_acknowledgement`](crate::SandboxSettings::webhook_acknowledgement) accepts.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        let is_success = self.status.is_some_and(|it| (200..300).contains(&it));
        is_success && self.error.is_none()
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("number", &self.number)
            .field("client", &self.client)
            .field("event_id", &self.event_id)
            .field("event", &self.event)
            .field("state", &self.state)
            .field("attempts", &self.attempts.len())
            .finish_non_exhaustive()
    }
}

/// The event of a delivery.
pub(crate) struct DeliveredEvent {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) body: Bytes,
    pub(super) request: Option<u64>,
}

/// An attempt that is due.
#[derive(Debug)]
pub(super) struct DueAttempt {
    pub(super) number: u64,
    pub(super) client: usize,
    pub(super) receiver: Arc<ReceiverAddress>,
    pub(super) body: Bytes,
}

/// The deliveries of one sandbox.
#[derive(Default)]
pub(crate) struct Deliveries {
    queue: Mutex<DeliveryQueue>,
    /// Notifies the waiters each time the worker has started the due attempts.
    pub(crate) progress: watch::Sender<()>,
}

#[derive(Default)]
struct DeliveryQueue {
    created: u64,
    latest: VecDeque<(Delivery, Arc<ReceiverAddress>)>,
    due: BTreeSet<(i64, u64)>,
    in_progress: usize,
}

impl Deliveries {
    /// Maximum number of deliveries. The oldest is dropped first and not attempted again.
    const MAX_DELIVERIES: usize = 1000;

    fn queue(&self) -> MutexGuard<'_, DeliveryQueue> {
        lock(&self.queue)
    }

    /// Adds a delivery that is due now, and returns its number.
    pub(crate) fn add(
        &self,
        (client, receiver): (usize, Arc<ReceiverAddress>),
        event: DeliveredEvent,
        now: i64,
    ) -> u64 {
        let mut queue = self.queue();
        let number = queue.created;
        queue.created += 1;
        let delivery = Delivery {
            number,
            client,
            event_id: event.id,
            event: event.name,
            request: event.request,
            url: receiver.url.clone(),
            body: event.body,
            created: now,
            state: DeliveryState::Pending { due_at: now },
            attempts: Vec::new(),
        };
        queue.latest.push_back((delivery, receiver));
        queue.due.insert((now, number));
        if queue.latest.len() > Self::MAX_DELIVERIES
            && let Some((oldest, _)) = queue.latest.pop_front()
            && let DeliveryState::Pending { due_at } = oldest.state
        {
            queue.due.remove(&(due_at, oldest.number));
        }
        number
    }

    /// Takes the next attempt that is due.
    pub(super) fn take_due(&self, now: i64) -> Option<DueAttempt> {
        let mut queue = self.queue();
        queue.due.first().filter(|(at, _)| *at <= now)?;
        let (_, number) = queue.due.pop_first()?;
        let (delivery, receiver) = queue.get(number)?;
        delivery.state = DeliveryState::InProgress;
        let due = DueAttempt {
            number,
            client: delivery.client,
            receiver: Arc::clone(receiver),
            body: delivery.body.clone(),
        };
        queue.in_progress += 1;
        Some(due)
    }

    /// Records the result of an attempt. `next_attempt` returns the time of the next attempt for
    /// the number of attempts so far.
    pub(super) fn record_attempt(
        &self,
        number: u64,
        attempt: DeliveryAttempt,
        next_attempt: impl FnOnce(usize) -> Option<i64>,
    ) {
        let mut queue = self.queue();
        queue.in_progress -= 1;
        let Some((delivery, _)) = queue.get(number) else {
            return;
        };
        let succeeded = attempt.succeeded();
        delivery.attempts.push(attempt);
        delivery.state = if succeeded {
            DeliveryState::Delivered
        } else {
            let due_at = next_attempt(delivery.attempts.len());
            due_at.map_or(DeliveryState::Abandoned, |due_at| DeliveryState::Pending {
                due_at,
            })
        };
        if let DeliveryState::Pending { due_at } = delivery.state {
            queue.due.insert((due_at, number));
        }
    }

    /// Returns the client and the event of a delivery.
    pub(crate) fn event(&self, number: u64) -> Option<(usize, DeliveredEvent)> {
        let mut queue = self.queue();
        let (delivery, _) = queue.get(number)?;
        let event = DeliveredEvent {
            id: delivery.event_id.clone(),
            name: delivery.event.clone(),
            body: delivery.body.clone(),
            request: delivery.request,
        };
        Some((delivery.client, event))
    }

    /// Returns when the next attempt is due, in milliseconds since the epoch.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.queue().due.first().map(|(at, _)| *at)
    }

    /// Returns true if no attempt is due or in progress.
    pub(crate) fn is_idle(&self, now: i64) -> bool {
        let queue = self.queue();
        queue.in_progress == 0 && queue.due.first().is_none_or(|(at, _)| *at > now)
    }

    /// Returns the latest deliveries, the oldest first.
    pub(crate) fn latest(&self) -> Vec<Delivery> {
        let queue = self.queue();
        let deliveries = queue.latest.iter();
        deliveries.map(|(delivery, _)| delivery.clone()).collect()
    }
}

impl DeliveryQueue {
    fn get(&mut self, number: u64) -> Option<&mut (Delivery, Arc<ReceiverAddress>)> {
        let oldest = self.created - self.latest.len() as u64;
        let index = usize::try_from(number.checked_sub(oldest)?).ok()?;
        self.latest.get_mut(index)
    }
}
