//! Webhooks: events become deliveries (`delivery`), which are sent to receivers (`receiver`). This
//! file has the worker that applies due transitions and sends due deliveries.

mod body;
mod delivery;
mod receiver;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::JoinSet;

pub(crate) use delivery::Deliveries;
use delivery::DueAttempt;
pub use delivery::{Delivery, DeliveryAttempt, DeliveryState};
pub use receiver::InvalidWebhookUrl;
pub(crate) use receiver::ReceiverAddress;

use crate::auth;
use crate::gateway::GatewayState;
use crate::settings::WebhookAcknowledgement;

/// Documented delays between attempts in seconds. After the last one, a delivery is abandoned.
const RETRY_DELAYS: [u64; 14] = [
    15, 15, 30, 180, 600, 1200, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// Maximum number of concurrent attempts, so that a slow receiver does not block the others.
const MAX_CONCURRENT: usize = 16;

/// Applies due transitions, creates deliveries of their events, and sends them. It never returns.
/// Dropping it cancels the attempts in progress.
pub(crate) async fn run(gateway: Arc<GatewayState>) {
    let mut clock_changes = gateway.clock.changes();
    let mut attempts = JoinSet::new();
    loop {
        let transition = create_deliveries(&gateway);
        let now = gateway.clock.now_millis();
        while attempts.len() < MAX_CONCURRENT
            && let Some(due) = gateway.deliveries.take_due(now)
        {
            attempts.spawn(attempt(Arc::clone(&gateway), due));
        }
        gateway.deliveries.progress.send_replace(());
        let is_full = attempts.len() >= MAX_CONCURRENT;
        let delivery = gateway.deliveries.next_due().filter(|_| !is_full);
        let next = transition.into_iter().chain(delivery).min();
        tokio::select! {
            () = gateway.wake.notified() => {}
            Ok(()) = clock_changes.changed() => {}
            Some(_) = attempts.join_next() => {}
            () = sleep_until(&gateway, next) => {}
        }
    }
}

/// Creates deliveries of new events. Events of a client without a receiver are dropped. Returns
/// the time of the next transition.
fn create_deliveries(gateway: &GatewayState) -> Option<i64> {
    let form = gateway.settings().webhook_data;
    let mut next = None;
    for (index, client) in gateway.clients.iter().enumerate() {
        // The lock is held for both steps, so that an event goes to the receiver that was
        // registered when the event occurred.
        let (events, transition, receiver) = {
            let mut ledger = gateway.current_ledger(index);
            let receiver = client.receiver().clone();
            (ledger.take_outbox(), ledger.next_transition(), receiver)
        };
        next = next.into_iter().chain(transition).min();
        let Some(receiver) = receiver else {
            continue;
        };
        for event in events {
            let to = (index, Arc::clone(&receiver));
            let now = gateway.clock.now_millis();
            gateway.deliveries.add(to, body::encode(event, form), now);
        }
    }
    next
}

/// Returns when the running clock of the sandbox reaches a time.
async fn sleep_until(gateway: &GatewayState, at: Option<i64>) {
    let Some(at) = at.filter(|_| !gateway.clock.is_frozen()) else {
        return pending().await;
    };
    let millis = at.saturating_sub(gateway.clock.now_millis()).max(1);
    let millis = u64::try_from(millis).unwrap_or(1);
    // A timer does not support longer times; the loop starts another one.
    let year = Duration::from_secs(365 * 86_400);
    tokio::time::sleep(Duration::from_millis(millis).min(year)).await;
}

async fn attempt(gateway: Arc<GatewayState>, due: DueAttempt) {
    let settings = gateway.settings();
    let timestamp = gateway.clock.now_millis().to_string();
    let message = auth::webhook_message(&timestamp, &due.body);
    let signature = {
        let credentials = gateway.clients[due.client].credentials();
        auth::sign(credentials.sign_key().expose_secret(), &message)
    };
    let headers = [("SIGNATURE", signature.as_str()), ("TIMESTAMP", &timestamp)];
    let sent = due.receiver.post(headers, due.body.clone());
    let sent = tokio::time::timeout(settings.webhook_timeout, sent).await;
    let sent = sent.unwrap_or_else(|_| Err("no response in time".to_owned()));
    let (status, error) = match sent {
        Err(error) => (None, Some(error)),
        Ok(response) => {
            let retcode = response.retcode.filter(|it| {
                let checks_retcode = WebhookAcknowledgement::Retcode;
                settings.webhook_acknowledgement == checks_retcode && *it != 200 && *it != "200"
            });
            let error = retcode.map(|retcode| format!("retcode {retcode}"));
            (Some(response.status), error)
        }
    };
    let attempt = DeliveryAttempt {
        status,
        error,
        timestamp,
        signature,
    };
    let now = gateway.clock.now_millis();
    let next_attempt = |attempts: usize| {
        let seconds = RETRY_DELAYS.get(attempts.checked_sub(1)?)?;
        let millis = seconds * 1000 / u64::from(settings.webhook_retry_speed.max(1));
        Some(now.saturating_add(i64::try_from(millis).ok()?))
    };
    gateway
        .deliveries
        .record_attempt(due.number, attempt, next_attempt);
}
