//! Sends what is due, when it is due.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use super::{RETRIES, body, post};
use crate::auth;
use crate::state::{DeliveryAttempt, Due, Gateway};

/// How many attempts are made at a time: a receiver that hangs must not hold up the others.
const AT_A_TIME: usize = 16;

/// Takes the steps of records when they are due, makes deliveries of their events, and sends
/// them. Never returns; dropped, it ends what is under way.
pub(crate) async fn run(gateway: Arc<Gateway>) {
    let mut moves = gateway.clock.moves();
    let mut sending = JoinSet::new();
    loop {
        let step = collect(&gateway);
        let now = gateway.clock.now_millis();
        while sending.len() < AT_A_TIME
            && let Some(due) = gateway.deliveries.take_due(now)
        {
            sending.spawn(send(Arc::clone(&gateway), due));
        }
        gateway.deliveries.progress.send_replace(());
        let full = sending.len() >= AT_A_TIME;
        let delivery = gateway.deliveries.next().filter(|_| !full);
        let next = step.into_iter().chain(delivery).min();
        tokio::select! {
            () = gateway.wake.notified() => {}
            Ok(()) = moves.changed() => {}
            Some(_) = sending.join_next() => {}
            () = until(&gateway, next) => {}
        }
    }
}

/// Makes deliveries of all that happened; without a receiver nobody is told. Gives the time of
/// the next step.
fn collect(gateway: &Gateway) -> Option<i64> {
    let form = gateway.settings().webhook_data;
    let mut next = None;
    for (index, client) in gateway.clients.iter().enumerate() {
        // Together, so that an event goes to the receiver of its time.
        let (events, step, receiver) = {
            let mut books = gateway.settled(index);
            let receiver = client.receiver().clone();
            (books.take_outbox(), books.agenda.next(), receiver)
        };
        next = next.into_iter().chain(step).min();
        let Some(receiver) = receiver else {
            continue;
        };
        for event in events {
            let (event_id, body) = body::of(&event, form);
            let to = (index, Arc::clone(&receiver));
            let now = gateway.clock.now_millis();
            gateway
                .deliveries
                .add(to, (event_id, event.name), body, now);
        }
    }
    next
}

/// Returns when the sandbox's clock has come so far by itself.
async fn until(gateway: &Gateway, at: Option<i64>) {
    let Some(at) = at.filter(|_| !gateway.clock.is_frozen()) else {
        return pending().await;
    };
    let wait = at.saturating_sub(gateway.clock.now_millis()).max(1);
    let wait = u64::try_from(wait).unwrap_or(1);
    // A year is as good as for ever, and a timer can hold it.
    let wait = Duration::from_millis(wait).min(Duration::from_secs(365 * 86_400));
    tokio::time::sleep(wait).await;
}

async fn send(gateway: Arc<Gateway>, due: Due) {
    let settings = gateway.settings();
    let timestamp = gateway.clock.now_millis().to_string();
    let message = auth::of_webhook(&timestamp, &due.body);
    let signature = {
        let credentials = gateway.clients[due.client].credentials();
        auth::sign(credentials.sign_key().expose_secret(), &message)
    };
    let headers = [("SIGNATURE", signature.as_str()), ("TIMESTAMP", &timestamp)];
    let sent = post::post(&due.receiver, headers, due.body.clone());
    let sent = tokio::time::timeout(settings.webhook_timeout, sent).await;
    let sent = sent.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    let attempt = DeliveryAttempt {
        status: sent.as_ref().ok().copied(),
        error: sent.err(),
        timestamp,
        signature,
    };
    let now = gateway.clock.now_millis();
    let retry = |attempts: usize| {
        let seconds = RETRIES.get(attempts.checked_sub(1)?)?;
        let millis = seconds * 1000 / u64::from(settings.webhook_retry_speed.max(1));
        Some(now.saturating_add(i64::try_from(millis).ok()?))
    };
    gateway.deliveries.attempted(due.number, attempt, retry);
}
