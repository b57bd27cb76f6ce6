//! The steps with webhooks.

use stablelink::request_id;
use stablelink::types::Trade;

use super::stage::{Delivery, Stage};
use super::walk::{Walk, check};
use crate::failure::Failure;

/// A delivery is received and handled.
pub(super) async fn received(
    stage: &Stage,
    walk: &mut Walk<'_>,
    trade: &Trade,
) -> Result<Delivery, Failure> {
    let record = serde_json::to_string(trade).map_err(|error| Failure::other(error.to_string()))?;
    let id = format!("evt_{}", request_id());
    let delivery = stage.signed(format!(
        r#"{{"eventId":"{id}","event":"TRADE_CHANGED","data":{record}}}"#
    ));
    let answer = stage.deliver(&delivery, &stage.receiver).await?;
    let told = stage.receiver.events();
    check(answer == 200, "the delivery is acknowledged")?;
    check(
        told.len() == 1 && told[0].id == id,
        "the handler was given the event",
    )?;
    walk.step(
        "A webhook is received, proved by its signature and handled",
        None,
        format!("{} {}, answered HTTP {answer}", told[0].kind, told[0].id),
    )?;
    Ok(delivery)
}

/// The same delivery again, a changed one, and one that comes late.
pub(super) async fn replayed(
    stage: &Stage,
    walk: &mut Walk<'_>,
    delivery: &Delivery,
) -> Result<(), Failure> {
    let again = stage.deliver(delivery, &stage.receiver).await?;
    check(again == 200, "a second delivery is acknowledged")?;
    check(stage.receiver.events().len() == 1, "the handler ran once")?;
    let mut changed = delivery.clone();
    changed.body = [delivery.body.as_ref(), b" "].concat().into();
    let forged = stage.deliver(&changed, &stage.receiver).await?;
    check(forged == 401, "a changed delivery is refused")?;
    let late = stage.deliver(delivery, &stage.receiver_later).await?;
    check(late == 401, "a replayed delivery is refused")?;
    check(
        stage.receiver_later.events().is_empty(),
        "a replayed delivery is not handled",
    )?;
    walk.step(
        "The webhook is replayed",
        None,
        "at once: acknowledged, not handled again · one blank more: HTTP 401 · three minutes later: HTTP 401",
    )
}
