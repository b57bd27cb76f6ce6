//! Times without a zone stay as they came: nothing compares them with now.

use std::time::Duration;

use stablelink_sandbox::{Fault, Operation};

use crate::setup::{clocked, order};

/// Long gone and far ahead, by any clock and in any zone.
const TIMES: [&str; 5] = [
    "0001-01-01 00:00:00",
    "1970-01-01T00:00:00.000001",
    "2025-05-14 17:46:00",
    "2038-01-19T03:14:08",
    "9999-12-31 23:59:59.999999999",
];

#[tokio::test]
async fn a_time_without_a_zone_changes_nothing_but_itself() {
    for time in TIMES {
        for years in [0, 30] {
            let (sandbox, builder, clock) = clocked().await;
            let client = builder.build().unwrap();
            // The gateway's clock goes with the client's: a signature, unlike these times, is compared with now.
            let passed = Duration::from_secs(years * 365 * 86_400);
            clock.advance(passed);
            sandbox.clock().advance(passed);
            let order = order();
            client.checkout_orders().create(&order).await.unwrap();

            let text = format!("\"{time}\"");
            for (operation, member) in [
                (Operation::GetExchangeRate, "rateExpiryTime"),
                (Operation::GetCheckoutOrder, "createdTime"),
                (Operation::GetCheckoutOrder, "updatedTime"),
            ] {
                let path = format!("retdata.{member}");
                sandbox.faults().add(
                    Fault::replace_field(path, text.clone())
                        .on(operation)
                        .always(),
                );
            }
            // A quote that ended is a quote still, and an order is as final as its status says.
            let quote = client
                .exchange_rates()
                .quote("USDT", "USD")
                .amount(1)
                .await
                .unwrap();
            let until = quote.rate_expiry_time.unwrap();
            assert_eq!(until.to_string(), time);
            sandbox.set_order_status(order.order_no(), "PAID").unwrap();
            let waited = client.checkout_orders().wait(order.order_no());
            let paid = waited.until_final().await.unwrap();
            assert_eq!(paid.created_time.unwrap().to_string(), time);
            assert_eq!(paid.updated_time.unwrap(), until);
            assert_eq!(clock.pauses(), []);
            // Token, order, quote, order: none was repeated or left out.
            assert_eq!(sandbox.request_count(), 4);
        }
    }
}
