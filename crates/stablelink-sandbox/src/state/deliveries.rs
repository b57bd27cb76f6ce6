//! Webhooks that are on their way, and the log of those that were.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use tokio::sync::watch;

use super::Receiver;
use crate::lock;

/// A webhook and what became of it.
///
/// Its body may hold personal data: `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Counts from 0 over the whole life of the sandbox.
    pub number: u64,
    /// Whose it is, counted in the order of the builder.
    pub client: usize,
    /// The same in each attempt, and when it is sent anew by hand.
    pub event_id: String,
    /// The name of the event.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// The bytes of its body.
    pub body: Bytes,
    /// When it was made, in milliseconds since the epoch by the sandbox's clock.
    pub created: i64,
    /// What is to happen with it.
    pub state: DeliveryState,
    /// The attempts so far, the oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// What is to happen with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// An attempt is due at this time, in milliseconds since the epoch by the sandbox's clock.
    Pending {
        /// When.
        due_at: i64,
    },
    /// An attempt is under way.
    InProgress,
    /// The receiver took it.
    Delivered,
    /// All attempts failed, or it was too old to keep.
    Abandoned,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// The header `TIMESTAMP`: milliseconds since the epoch by the sandbox's clock. What is signed
    /// is this text and the body behind it.
    pub timestamp: String,
    /// The header `SIGNATURE`.
    pub signature: String,
    /// The status that the receiver answered with; `None`: it gave no answer.
    pub status: Option<u16>,
    /// Why there is no answer.
    pub error: Option<String>,
}

impl DeliveryAttempt {
    /// Whether the receiver took it: any 2xx.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
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

/// An attempt that is to be made now.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) number: u64,
    pub(crate) client: usize,
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) body: Bytes,
}

/// The deliveries of one sandbox.
#[derive(Default)]
pub(crate) struct Deliveries {
    entries: Mutex<Entries>,
    /// Tells of each time that the worker looked at them.
    pub(crate) progress: watch::Sender<()>,
}

#[derive(Default)]
struct Entries {
    made: u64,
    kept: VecDeque<(Delivery, Arc<Receiver>)>,
    due: BTreeSet<(i64, u64)>,
    under_way: usize,
}

impl Deliveries {
    /// How many are kept, the latest. One that falls out is not sent again.
    const KEPT: usize = 1000;

    fn entries(&self) -> MutexGuard<'_, Entries> {
        lock(&self.entries)
    }

    /// Takes a new one in, to be sent at once. Gives its number.
    pub(crate) fn add(
        &self,
        (client, receiver): (usize, Arc<Receiver>),
        (event_id, event): (String, String),
        body: Bytes,
        now: i64,
    ) -> u64 {
        let mut entries = self.entries();
        let number = entries.made;
        entries.made += 1;
        let delivery = Delivery {
            number,
            client,
            event_id,
            event,
            url: receiver.url.clone(),
            body,
            created: now,
            state: DeliveryState::Pending { due_at: now },
            attempts: Vec::new(),
        };
        entries.kept.push_back((delivery, receiver));
        entries.due.insert((now, number));
        if entries.kept.len() > Self::KEPT
            && let Some((oldest, _)) = entries.kept.pop_front()
            && let DeliveryState::Pending { due_at } = oldest.state
        {
            entries.due.remove(&(due_at, oldest.number));
        }
        number
    }

    /// Takes the next attempt that is due by now.
    pub(crate) fn take_due(&self, now: i64) -> Option<Due> {
        let mut entries = self.entries();
        entries.due.first().filter(|(at, _)| *at <= now)?;
        let (_, number) = entries.due.pop_first()?;
        let (delivery, receiver) = entries.get(number)?;
        delivery.state = DeliveryState::InProgress;
        let due = Due {
            number,
            client: delivery.client,
            receiver: Arc::clone(receiver),
            body: delivery.body.clone(),
        };
        entries.under_way += 1;
        Some(due)
    }

    /// Records how an attempt went. `retry` tells, of the number of attempts so far, when the next
    /// one is due, if any.
    pub(crate) fn attempted(
        &self,
        number: u64,
        attempt: DeliveryAttempt,
        retry: impl FnOnce(usize) -> Option<i64>,
    ) {
        let mut entries = self.entries();
        entries.under_way -= 1;
        let Some((delivery, _)) = entries.get(number) else {
            return;
        };
        let succeeded = attempt.succeeded();
        delivery.attempts.push(attempt);
        delivery.state = if succeeded {
            DeliveryState::Delivered
        } else {
            match retry(delivery.attempts.len()) {
                Some(due_at) => DeliveryState::Pending { due_at },
                None => DeliveryState::Abandoned,
            }
        };
        if let DeliveryState::Pending { due_at } = delivery.state {
            entries.due.insert((due_at, number));
        }
    }

    /// What a delivery would be made of anew.
    pub(crate) fn again(&self, number: u64) -> Option<(usize, (String, String), Bytes)> {
        let mut entries = self.entries();
        let (delivery, _) = entries.get(number)?;
        let event = (delivery.event_id.clone(), delivery.event.clone());
        Some((delivery.client, event, delivery.body.clone()))
    }

    /// When an attempt is due next, in milliseconds since the epoch.
    pub(crate) fn next(&self) -> Option<i64> {
        self.entries().due.first().map(|(at, _)| *at)
    }

    /// Whether no attempt is under way, nor due by now.
    pub(crate) fn rest(&self, now: i64) -> bool {
        let entries = self.entries();
        entries.under_way == 0 && entries.due.first().is_none_or(|(at, _)| *at > now)
    }

    pub(crate) fn kept(&self) -> Vec<Delivery> {
        self.entries()
            .kept
            .iter()
            .map(|(delivery, _)| delivery.clone())
            .collect()
    }
}

impl Entries {
    fn get(&mut self, number: u64) -> Option<&mut (Delivery, Arc<Receiver>)> {
        let oldest = self.made - self.kept.len() as u64;
        let index = usize::try_from(number.checked_sub(oldest)?).ok()?;
        self.kept.get_mut(index)
    }
}
