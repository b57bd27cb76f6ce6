//! What the gateway refuses, whichever HTTP status says so: the same error for the caller, and nothing takes effect.

use serde_json::json;
use stablelink::{
    Error, ErrorKind, NewAbnormalPaymentRefund, NewFiatSettlement, NewRefund, NewTrade,
};
use stablelink_sandbox::{ErrorStatus, Operation};

use crate::scene::{Scene, changed_remit, order, remit, settlement, trade};
use crate::stage::{Outcome, money, of, outcome};

type Case = (Operation, fn(&Scene) -> Outcome, &'static str, u16);

const FIELD: (&str, u16) = ("00008", 400);
const REPEATED: (&str, u16) = ("00906", 409);
const NOT_THERE: (&str, u16) = ("00907", 404);
const NOT_NOW: (&str, u16) = ("00908", 409);

const fn case(
    operation: Operation,
    call: fn(&Scene) -> Outcome,
    (code, status): (&'static str, u16),
) -> Case {
    (operation, call, code, status)
}

/// A call, and how it is refused.
const CASES: [Case; 27] = [
    case(
        Operation::CreateUser,
        |scene| {
            let user = of(json!({"email": "a@example.com", "fullName": "A"}));
            outcome(scene.client().users().create(user))
        },
        FIELD,
    ),
    case(
        Operation::SubmitKyb,
        |scene| outcome(scene.client().kyb().submit(of(json!({})))),
        FIELD,
    ),
    case(
        Operation::GetUser,
        |scene| outcome(scene.client().users().get(Some(7))),
        NOT_THERE,
    ),
    case(
        Operation::CreateFeeConfig,
        |scene| {
            let config = of(json!({"clientId": scene.customer}));
            outcome(scene.client().fee_configs().create(config))
        },
        REPEATED,
    ),
    case(
        Operation::UpdateFeeConfig,
        |scene| {
            let config = of(json!({"clientId": scene.customer, "developerRate": -0.01}));
            outcome(scene.client().fee_configs().update(config))
        },
        FIELD,
    ),
    case(
        Operation::CreateTrade,
        |scene| outcome(scene.client().trades().create(&trade(scene.bare_customer))),
        NOT_NOW,
    ),
    case(
        Operation::CreateTrade,
        |scene| {
            let again = trade(scene.customer).with_request_id(&scene.trade);
            outcome(scene.client().trades().create(&again))
        },
        REPEATED,
    ),
    case(
        Operation::CreateTrade,
        |scene| {
            let same = NewTrade::on_ramp(scene.customer, "USD", "USD", money("1"));
            outcome(scene.client().trades().create(&same))
        },
        FIELD,
    ),
    case(
        Operation::GetTrade,
        |scene| outcome(scene.client().trades().get("none")),
        NOT_THERE,
    ),
    case(
        Operation::ConfirmTransaction,
        |scene| {
            let confirmation = of(json!({"txNo": "TR1"}));
            outcome(scene.client().trades().confirm(confirmation))
        },
        NOT_THERE,
    ),
    case(
        Operation::GetDepositAddress,
        |scene| {
            let trades = scene.client().trades();
            outcome(trades.deposit_address(7, "USDC", "ethereum"))
        },
        NOT_THERE,
    ),
    case(
        Operation::CreateCheckoutOrder,
        |scene| {
            let again = order().with_order_no(&scene.order);
            outcome(scene.client().checkout_orders().create(&again))
        },
        REPEATED,
    ),
    case(
        Operation::CreateCheckoutOrder,
        |scene| {
            let unknown = stablelink::NewCheckoutOrder::usd(money("1"), "BTC_BTC", "6", "1");
            outcome(scene.client().checkout_orders().create(&unknown))
        },
        FIELD,
    ),
    case(
        Operation::GetCheckoutOrder,
        |scene| outcome(scene.client().checkout_orders().get("none")),
        NOT_THERE,
    ),
    case(
        Operation::CancelCheckoutOrder,
        |scene| outcome(scene.client().checkout_orders().cancel(&scene.paid_order)),
        NOT_NOW,
    ),
    case(
        Operation::CreateRefundOrder,
        |scene| {
            let unpaid = NewRefund::of_order(&scene.order, money("1"));
            outcome(scene.client().refunds().create(&unpaid))
        },
        NOT_NOW,
    ),
    case(
        Operation::CreateRefundOrder,
        |scene| {
            // Of 3.03 coins one is on its way back.
            let much = NewRefund::of_order(&scene.paid_order, money("2.04"));
            outcome(scene.client().refunds().create(&much))
        },
        FIELD,
    ),
    case(
        Operation::CreateAbnormalPaymentRefund,
        |scene| {
            let none = NewAbnormalPaymentRefund::new(&scene.overpaid_order, "ETH_USDT", "0x99");
            let refunds = scene.client().refunds();
            outcome(refunds.create_of_abnormal_payment(&none))
        },
        NOT_THERE,
    ),
    case(
        Operation::GetRefundOrder,
        |scene| outcome(scene.client().refunds().get("none")),
        NOT_THERE,
    ),
    case(
        Operation::CancelRefundOrder,
        |scene| outcome(scene.client().refunds().cancel("none")),
        NOT_THERE,
    ),
    case(
        Operation::CreateSettlementOrder,
        |scene| {
            let again =
                settlement(&scene.paid_order, "1").with_settlement_order_no(&scene.settlement);
            outcome(scene.client().settlements().create(&again))
        },
        REPEATED,
    ),
    case(
        Operation::CreateSettlementOrder,
        |scene| {
            let order = settlement("none", "1");
            outcome(scene.client().settlements().create(&order))
        },
        NOT_THERE,
    ),
    case(
        Operation::CreateFiatSettlementOrder,
        |scene| {
            let again = json!({"settlementOrderNo": scene.settlement});
            let again = NewFiatSettlement::from(of::<
                stablelink::types::CreateFiatSettlementOrderRequest,
            >(again));
            outcome(scene.client().settlements().create_fiat(&again))
        },
        REPEATED,
    ),
    case(
        Operation::GetSettlementOrder,
        |scene| outcome(scene.client().settlements().get("none")),
        NOT_THERE,
    ),
    case(
        Operation::CreateRemit,
        |scene| {
            let mut account = remit();
            account.beneficiary_bank_country = "Virgin Islands".into();
            outcome(scene.client().remits().create(&account))
        },
        FIELD,
    ),
    case(
        Operation::UpdateRemit,
        |scene| outcome(scene.client().remits().update(&changed_remit(7, "B"))),
        NOT_THERE,
    ),
    case(
        Operation::SimulateEvent,
        |scene| {
            let event = of(json!({"event": ""}));
            outcome(scene.client().webhook_events().simulate(event))
        },
        FIELD,
    ),
];

#[tokio::test]
async fn each_is_the_same_error_in_either_mode() {
    for (mode, by_kind) in [(ErrorStatus::Always200, false), (ErrorStatus::ByKind, true)] {
        let scene = Scene::set(|settings| settings.error_status = mode).await;
        let effects = scene.stage.sandbox.effects();
        for (number, (operation, call, code, status)) in CASES.into_iter().enumerate() {
            let name = format!("{mode:?} {number} {operation}");
            let error: Error = call(&scene).await.expect_err(&name);
            assert!(
                matches!(error.kind(), ErrorKind::Refused(_)),
                "{name}: {error:?}"
            );
            assert_eq!(error.retcode(), Some(code), "{name}: {error}");
            let status = if by_kind { status } else { 200 };
            assert_eq!(error.http_status(), Some(status), "{name}: {error}");
            assert_eq!(error.attempts(), 1, "{name}: {error}");
            assert!(
                !error.is_retryable() && !error.is_ambiguous(),
                "{name}: {error}"
            );
            assert_eq!(error.is_duplicate(), code == REPEATED.0, "{name}: {error}");
            let last = scene.stage.sandbox.requests().pop().unwrap();
            assert_eq!(last.operation, Some(operation), "{name}");
        }
        assert_eq!(scene.stage.sandbox.effects(), effects, "{mode:?}");
        scene.stage.end();
    }
}

/// Whose address is not on the list is told so, whatever was asked for.
#[tokio::test]
async fn an_address_that_is_not_allowed_is_told_apart() {
    for mode in [ErrorStatus::Always200, ErrorStatus::ByKind] {
        let scene = Scene::set(|settings| settings.error_status = mode).await;
        scene
            .stage
            .sandbox
            .update_settings(|settings| settings.reject_address = true);
        let effects = scene.stage.sandbox.effects();
        let error = scene.client().trades().create(&trade(scene.customer)).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::AddressNotAllowed(_)),
            "{mode:?}: {error:?}"
        );
        assert_eq!(scene.stage.sandbox.effects(), effects, "{mode:?}");
        scene.stage.end();
    }
}
