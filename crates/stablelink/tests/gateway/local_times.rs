//! Local times without a time zone are kept and never compared with the current time.

use std::time::Duration;

use stablelink_sandbox::{Fault, SandboxOperation, SandboxRecordKind};

use crate::setup::{clocked, order};

/// In the far past and the far future in every time zone.
const TIMES: [&str; 5] = [
    "0001-01-01 00:00:00",
    "1970-01-01T00:00:00.000001",
    "2025-05-14 17:46:00",
    "2038-01-19T03:14:08",
    "9999-12-31 23:59:59.999999999",
];

#[tokio::test]
async fn local_time_is_never_compared_with_now() {
    for time in TIMES {
        for years in [0, 30] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.build().unwrap();
            // The gateway's clock follows the client's, because timestamps of signatures are compared with it.
            let passed = Duration::from_secs(years * 365 * 86_400);
            clock.advance(passed);
            sandbox.clock().advance(passed);
            let order = order();
            client.checkout_orders().create(&order).await.unwrap();

            let text = format!("\"{time}\"");
            for (operation, member) in [
                (SandboxOperation::GetExchangeRate, "rateExpiryTime"),
                (SandboxOperation::GetCheckoutOrder, "createdTime"),
                (SandboxOperation::GetCheckoutOrder, "updatedTime"),
            ] {
                let path = format!("retdata.{member}");
                sandbox.faults().add(
                    Fault::replace_field(path, text.clone())
                        .unwrap()
                        .on(operation)
                        .always(),
                );
            }
            // An expired quote is still returned, and only the status decides whether an order is final.
            let quote = client
                .exchange_rates()
                .quote("USDT", "USD")
                .amount(1)
                .await
                .unwrap();
            let until = quote.rate_expiry_time.unwrap();
            assert_eq!(until.to_string(), time);
            sandbox
                .set_status(SandboxRecordKind::Order, order.order_no(), "PAID")
                .unwrap();
            let waited = client.checkout_orders().wait(order.order_no());
            let paid = waited.until_final().await.unwrap();
            assert_eq!(paid.created_time.unwrap().to_string(), time);
            assert_eq!(paid.updated_time.unwrap(), until);
            assert!(clock.pauses().is_empty());
            // Token, order, quote, order: none was retried or omitted.
            assert_eq!(sandbox.request_count(), 4);
        }
    }
}
