//! What is inferred, against a gateway that infers the same.

use std::future::poll_fn;
use std::pin::pin;

use futures_core::Stream;
use stablelink::types::ListCheckoutOrdersRequest;
use stablelink::{Decimal, ErrorKind, NewTrade, Paging};
use stablelink_sandbox::{Fault, Operation, Sandbox};

use crate::setup::{builder, order, pair};

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn an_on_ramp_is_made_once_however_often_it_is_sent() {
    let (sandbox, client) = pair().await;
    let customer = sandbox.add_customer();
    let config = client.fee_configs().get(Some(customer)).await.unwrap();
    assert!(config.as_ref().unwrap().get().contains("developerRate"));

    let trade = NewTrade::on_ramp(customer, "USD", "USDC", money("120.233567"));
    sandbox
        .faults()
        .add(Fault::status(503).on(Operation::CreateTrade));
    let made = client.trades().create(&trade).await.unwrap();
    assert_eq!(
        made.amount.map(|amount| amount.get()),
        Some(money("120.233567"))
    );
    let error = client.trades().create(&trade).await.unwrap_err();
    assert!(error.is_duplicate(), "{error}");
    assert_eq!(
        sandbox
            .effects()
            .of(Operation::CreateTrade, trade.request_id()),
        1
    );

    sandbox
        .set_trade_status(trade.request_id(), "Completed")
        .unwrap();
    let done = client
        .trades()
        .wait(trade.request_id())
        .until_final()
        .await
        .unwrap();
    assert_eq!(done.tx_no, made.tx_no);
}

#[tokio::test]
async fn a_trade_that_was_lost_and_then_refused_is_ambiguous() {
    let (sandbox, client) = pair().await;
    let customer = sandbox.add_customer();
    sandbox.change(|settings| settings.fee_config_needed = false);
    let trade = NewTrade::on_ramp(customer, "USD", "USDC", money("120"));
    sandbox
        .faults()
        .add(Fault::reset().on(Operation::CreateTrade).after_effect());
    let error = client.trades().create(&trade).await.unwrap_err();
    assert!(error.is_ambiguous() && error.is_duplicate(), "{error}");
    assert_eq!(error.idempotency_key(), Some(trade.request_id()));
    // Its look-up is inferred: it is for the caller to trust it.
    assert!(client.trades().get(trade.request_id()).await.is_ok());
    assert_eq!(
        sandbox
            .effects()
            .of(Operation::CreateTrade, trade.request_id()),
        1
    );
}

#[tokio::test]
async fn a_list_comes_page_by_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        made.push(order.order_no().to_owned());
    }
    for (per_page, sizes) in [(2, vec![2, 2, 1]), (5, vec![5, 0]), (7, vec![5])] {
        let filter = ListCheckoutOrdersRequest(serde_json::Map::new());
        let call = client.checkout_orders().list(filter);
        let mut pages = pin!(call.pages(Paging::default().per_page(per_page)));
        let mut seen = Vec::new();
        let mut counts = Vec::new();
        while let Some(page) = poll_fn(|context| pages.as_mut().poll_next(context)).await {
            let page = page.unwrap();
            let data: serde_json::Value = page.as_ref().unwrap().parse().unwrap();
            let records = data["records"].as_array().unwrap();
            counts.push(records.len());
            seen.extend(
                records
                    .iter()
                    .map(|order| order["orderNo"].as_str().unwrap().to_owned()),
            );
        }
        assert_eq!(counts, sizes);
        seen.sort();
        made.sort();
        assert_eq!(seen, made);
    }
}

#[tokio::test]
async fn a_list_without_records_says_where_it_looked_and_ends() {
    let (_sandbox, client) = pair().await;
    let filter = ListCheckoutOrdersRequest(serde_json::Map::new());
    let paging = Paging::default().records("rows");
    let mut pages = pin!(client.checkout_orders().list(filter).pages(paging));
    let error = poll_fn(|context| pages.as_mut().poll_next(context))
        .await
        .unwrap()
        .unwrap_err();
    match error.kind() {
        ErrorKind::Decode(decode) => assert_eq!(decode.path(), "retdata.rows"),
        other => panic!("{other:?}"),
    }
    assert!(
        poll_fn(|context| pages.as_mut().poll_next(context))
            .await
            .is_none()
    );
}
