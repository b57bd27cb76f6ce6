//! The steps with webhooks.

use stablelink::types::Trade;
use stablelink::webhook::EventPayload;
use stablelink_sandbox::DeliveryState;

use super::stage::{Copy, Stage};
use super::walk::{Walk, check, need, wrong};
use crate::failure::Failure;
use crate::output::plain;

/// The gateway told of the trade by itself, and the receiver handled what was proved. Gives the last delivery as it went over the
/// wire.
pub(super) async fn received(
    stage: &Stage,
    walk: &mut Walk<'_>,
    trade: &Trade,
) -> Result<Copy, Failure> {
    stage.sandbox.wait_for_deliveries().await;
    let sent = stage.sandbox.deliveries();
    let taken = |state| state == DeliveryState::Delivered;
    check(
        sent.iter()
            .all(|delivery| taken(delivery.state) && delivery.attempts.len() == 1),
        "each delivery is acknowledged at its first attempt",
    )?;
    let told = stage.receiver.events();
    check(
        told.iter()
            .map(|event| event.id())
            .eq(sent.iter().map(|delivery| Some(&*delivery.event_id))),
        "the handler was given each event once, in its order",
    )?;
    let (delivery, event) = need(sent.last().zip(told.last()), "delivery")?;
    let EventPayload::Trade(record) = event.payload()? else {
        return Err(wrong("not so: the event holds a trade"));
    };
    check(
        record.tx_no == trade.tx_no && record.status == trade.status,
        "it tells of the trade as it is",
    )?;
    let status = record.status.as_ref().map_or("", |status| status.as_str());
    walk.webhook(
        "The gateway tells of it: a webhook, proved by its signature and handled",
        &delivery.event,
        format!(
            "{}, {}, answered HTTP 200; {} deliveries so far, each at its first attempt",
            delivery.event_id,
            plain(status),
            sent.len()
        ),
    )?;
    need(Copy::of(delivery), "attempt")
}

/// The same delivery again, a changed one, and one that comes late: carried by hand, as an attacker would.
pub(super) async fn replayed(
    stage: &Stage,
    walk: &mut Walk<'_>,
    copy: &Copy,
) -> Result<(), Failure> {
    stage.sandbox.wait_for_deliveries().await;
    let before = stage.receiver.events().len();
    let again = stage.carry(copy, &stage.receiver).await?;
    check(again == 200, "a second delivery is acknowledged")?;
    let mut changed = copy.clone();
    changed.body = [copy.body.as_ref(), b" "].concat().into();
    let forged = stage.carry(&changed, &stage.receiver).await?;
    check(forged == 401, "a changed delivery is refused")?;
    check(
        stage.receiver.events().len() == before,
        "the handler did not run again",
    )?;
    let late = stage.carry(copy, &stage.receiver_later).await?;
    check(late == 401, "a replayed delivery is refused")?;
    check(
        stage.receiver_later.events().is_empty(),
        "a replayed delivery is not handled",
    )?;
    walk.webhook(
        "The webhook is replayed",
        &copy.event,
        "at once: acknowledged, not handled again · one blank more: HTTP 401 · three minutes later: HTTP 401",
    )
}
