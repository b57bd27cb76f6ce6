//! Rejected calls: the error is the same with each HTTP status, and nothing takes effect.

use serde_json::json;
use stablelink::{
    Error, ErrorKind, NewAbnormalPaymentRefund, NewFiatSettlement, NewRefund, NewTrade,
};
use stablelink_sandbox::{ErrorStatus, SandboxOperation};

use crate::fixtures::{Fixtures, changed_remit, order, remit, settlement, trade};
use crate::test_env::{BoxedCall, boxed, money, of};

type Case = (
    SandboxOperation,
    fn(&Fixtures) -> BoxedCall,
    &'static str,
    u16,
);

const INVALID_FIELD: (&str, u16) = ("00008", 400);
const DUPLICATE: (&str, u16) = ("00906", 409);
const NOT_FOUND: (&str, u16) = ("00907", 404);
const WRONG_STATE: (&str, u16) = ("00908", 409);

const fn case(
    operation: SandboxOperation,
    call: fn(&Fixtures) -> BoxedCall,
    (code, status): (&'static str, u16),
) -> Case {
    (operation, call, code, status)
}

/// Rejected calls with the expected retcode and HTTP status.
const CASES: [Case; 27] = [
    case(
        SandboxOperation::CreateUser,
        |fixtures| {
            let user = of(json!({"email": "a@example.com", "fullName": "A"}));
            boxed(fixtures.client().users().create(user))
        },
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::SubmitKyb,
        |fixtures| boxed(fixtures.client().kyb().submit(of(json!({})))),
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::GetUser,
        |fixtures| boxed(fixtures.client().users().get(Some(7))),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CreateFeeConfig,
        |fixtures| {
            let config = of(json!({"clientId": fixtures.customer}));
            boxed(fixtures.client().fee_configs().create(config))
        },
        DUPLICATE,
    ),
    case(
        SandboxOperation::UpdateFeeConfig,
        |fixtures| {
            let config = of(json!({"clientId": fixtures.customer, "developerRate": -0.01}));
            boxed(fixtures.client().fee_configs().update(config))
        },
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::CreateTrade,
        |fixtures| {
            boxed(
                fixtures
                    .client()
                    .trades()
                    .create(&trade(fixtures.bare_customer)),
            )
        },
        WRONG_STATE,
    ),
    case(
        SandboxOperation::CreateTrade,
        |fixtures| {
            let again = trade(fixtures.customer).with_request_id(&fixtures.trade);
            boxed(fixtures.client().trades().create(&again))
        },
        DUPLICATE,
    ),
    case(
        SandboxOperation::CreateTrade,
        |fixtures| {
            let same = NewTrade::on_ramp(fixtures.customer, "USD", "USD", money("1"));
            boxed(fixtures.client().trades().create(&same))
        },
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::GetTrade,
        |fixtures| boxed(fixtures.client().trades().get("none")),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::ConfirmTransaction,
        |fixtures| {
            let confirmation = of(json!({"txNo": "TR1"}));
            boxed(fixtures.client().trades().confirm(confirmation))
        },
        NOT_FOUND,
    ),
    case(
        SandboxOperation::GetDepositAddress,
        |fixtures| {
            let trades = fixtures.client().trades();
            boxed(trades.deposit_address(7, "USDC", "ethereum"))
        },
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CreateCheckoutOrder,
        |fixtures| {
            let again = order().with_order_no(&fixtures.order);
            boxed(fixtures.client().checkout_orders().create(&again))
        },
        DUPLICATE,
    ),
    case(
        SandboxOperation::CreateCheckoutOrder,
        |fixtures| {
            let unknown =
                stablelink::NewCheckoutOrder::usd(money("1"), "BTC_BTC", "6".into(), "1".into());
            boxed(fixtures.client().checkout_orders().create(&unknown))
        },
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::GetCheckoutOrder,
        |fixtures| boxed(fixtures.client().checkout_orders().get("none")),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CancelCheckoutOrder,
        |fixtures| {
            boxed(
                fixtures
                    .client()
                    .checkout_orders()
                    .cancel(&fixtures.paid_order),
            )
        },
        WRONG_STATE,
    ),
    case(
        SandboxOperation::CreateRefundOrder,
        |fixtures| {
            let unpaid = NewRefund::of_order(&fixtures.order, money("1"));
            boxed(fixtures.client().refunds().create(&unpaid))
        },
        WRONG_STATE,
    ),
    case(
        SandboxOperation::CreateRefundOrder,
        |fixtures| {
            // One of the 3.03 coins is already being refunded.
            let much = NewRefund::of_order(&fixtures.paid_order, money("2.04"));
            boxed(fixtures.client().refunds().create(&much))
        },
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::CreateAbnormalPaymentRefund,
        |fixtures| {
            let none = NewAbnormalPaymentRefund::new(
                stablelink::OrderNo::from(&fixtures.overpaid_order),
                "ETH_USDT",
                "0x99",
            );
            let refunds = fixtures.client().refunds();
            boxed(refunds.create_for_abnormal_payment(&none))
        },
        NOT_FOUND,
    ),
    case(
        SandboxOperation::GetRefundOrder,
        |fixtures| boxed(fixtures.client().refunds().get("none")),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CancelRefundOrder,
        |fixtures| boxed(fixtures.client().refunds().cancel("none")),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CreateSettlementOrder,
        |fixtures| {
            let again = settlement(&fixtures.paid_order, "1")
                .with_settlement_order_no(&fixtures.settlement);
            boxed(fixtures.client().settlements().create(&again))
        },
        DUPLICATE,
    ),
    case(
        SandboxOperation::CreateSettlementOrder,
        |fixtures| {
            let order = settlement("none", "1");
            boxed(fixtures.client().settlements().create(&order))
        },
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CreateFiatSettlementOrder,
        |fixtures| {
            let again = json!({"settlementOrderNo": fixtures.settlement});
            let again = NewFiatSettlement::from(of::<
                stablelink::types::CreateFiatSettlementOrderRequest,
            >(again));
            boxed(fixtures.client().settlements().create_fiat(&again))
        },
        DUPLICATE,
    ),
    case(
        SandboxOperation::GetSettlementOrder,
        |fixtures| boxed(fixtures.client().settlements().get("none")),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::CreateRemit,
        |fixtures| {
            let mut account = remit();
            account.beneficiary_bank_country = "Virgin Islands".into();
            boxed(fixtures.client().remits().create(&account))
        },
        INVALID_FIELD,
    ),
    case(
        SandboxOperation::UpdateRemit,
        |fixtures| boxed(fixtures.client().remits().update(&changed_remit(7, "B"))),
        NOT_FOUND,
    ),
    case(
        SandboxOperation::SimulateEvent,
        |fixtures| {
            let event = of(json!({"event": ""}));
            boxed(fixtures.client().webhook_events().simulate(event))
        },
        INVALID_FIELD,
    ),
];

#[tokio::test]
async fn rejected_call_returns_same_error_with_each_http_status() {
    for (mode, by_kind) in [(ErrorStatus::Always200, false), (ErrorStatus::ByKind, true)] {
        let fixtures = Fixtures::create(|settings| settings.error_status = mode).await;
        let effects = fixtures.env.sandbox.effects();
        for (number, (operation, call, code, status)) in CASES.into_iter().enumerate() {
            let name = format!("{mode:?} {number} {operation}");
            let error: Error = call(&fixtures).await.expect_err(&name);
            assert!(
                matches!(error.kind(), ErrorKind::Api(_)),
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
            let mut known = stablelink::operations::ALL.iter();
            let has_key = known.any(|known| {
                Some(known.id) == error.operation()
                    && matches!(
                        known.retry,
                        stablelink::operations::RetrySafety::Keyed { .. }
                    )
            });
            let is_duplicate = has_key && code == DUPLICATE.0;
            assert_eq!(error.is_duplicate(), is_duplicate, "{name}: {error}");
            let last = fixtures.env.sandbox.requests().pop().unwrap();
            assert_eq!(last.operation, Some(operation), "{name}");
        }
        assert_eq!(fixtures.env.sandbox.effects(), effects, "{mode:?}");
        fixtures.env.finish();
    }
}

#[tokio::test]
async fn disallowed_ip_address_has_its_own_error_kind() {
    for mode in [ErrorStatus::Always200, ErrorStatus::ByKind] {
        let fixtures = Fixtures::create(|settings| settings.error_status = mode).await;
        fixtures
            .env
            .sandbox
            .update_settings(|settings| settings.reject_address = true);
        let effects = fixtures.env.sandbox.effects();
        let error = fixtures
            .client()
            .trades()
            .create(&trade(fixtures.customer))
            .await;
        let error = error.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::AddressNotAllowed(_)),
            "{mode:?}: {error:?}"
        );
        assert_eq!(fixtures.env.sandbox.effects(), effects, "{mode:?}");
        fixtures.env.finish();
    }
}
