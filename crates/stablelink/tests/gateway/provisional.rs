//! Inferred operations, against a sandbox with the same inference.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use futures_core::Stream;
use stablelink::types::ListCheckoutOrdersRequest;
use stablelink::{Client, Decimal, ErrorKind, NewTrade, Pages, Pagination};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation, SandboxRecordKind};

use crate::capture::Capture;
use crate::setup::{builder, order, pair, sent, when};
use crate::watch::{self, CheckedResult};

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn on_ramp_sent_repeatedly_is_created_once() {
    let (sandbox, client) = pair().await;
    let customer = sandbox.add_customer();
    let config = client.fee_configs().get(Some(customer)).await.unwrap();
    assert!(config.as_ref().unwrap().get().contains("developerRate"));

    let trade = NewTrade::on_ramp(customer, "USD", "USDC", money("120.233567"));
    sandbox
        .faults()
        .add(Fault::status(503).on(SandboxOperation::CreateTrade));
    let made = client.trades().create(&trade).await.unwrap();
    assert_eq!(
        made.amount.map(|amount| amount.get()),
        Some(money("120.233567"))
    );
    let error = client.trades().create(&trade).await.checked_err();
    assert!(error.is_duplicate(), "{error}");
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateTrade, trade.request_id()),
        1
    );

    sandbox
        .set_status(SandboxRecordKind::Trade, trade.request_id(), "Completed")
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
async fn lost_then_rejected_trade_is_ambiguous() {
    let (sandbox, client) = pair().await;
    let customer = sandbox.add_customer();
    sandbox.update_settings(|settings| settings.require_fee_config = false);
    let trade = NewTrade::on_ramp(customer, "USD", "USDC", money("120"));
    sandbox.faults().add(
        Fault::reset()
            .on(SandboxOperation::CreateTrade)
            .after_effect(),
    );
    let error = client.trades().create(&trade).await.checked_err();
    assert!(error.is_ambiguous() && error.is_duplicate(), "{error}");
    assert_eq!(error.idempotency_key(), Some(trade.request_id()));
    // The lookup is inferred, so the caller decides whether to rely on it.
    assert!(client.trades().get(trade.request_id()).await.is_ok());
    assert_eq!(
        sandbox
            .effects()
            .count(SandboxOperation::CreateTrade, trade.request_id()),
        1
    );
}

#[tokio::test]
async fn list_is_returned_page_by_page() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        let order = order();
        client.checkout_orders().create(&order).await.unwrap();
        made.push(order.order_no().to_owned());
    }
    for (per_page, sizes) in [(2, vec![2, 2, 1]), (5, vec![5]), (7, vec![5])] {
        let call = client.checkout_orders().list();
        let mut pages = pin!(call.pages(Pagination::default().per_page(per_page)));
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
async fn list_without_records_field_is_error() {
    let (_sandbox, client) = pair().await;
    let paging = Pagination::default().records("rows");
    let mut pages = pin!(client.checkout_orders().list().pages(paging));
    let error = poll_fn(|context| pages.as_mut().poll_next(context))
        .await
        .unwrap()
        .checked_err();
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

const LIST: SandboxOperation = SandboxOperation::ListCheckoutOrders;

fn pages(client: &Client, paging: Pagination) -> Pages {
    client.checkout_orders().list().pages(paging)
}

/// Returns the next page as JSON, or the name of its error; `None` at the end.
async fn next(mut pages: Pin<&mut Pages>) -> Option<String> {
    let page = poll_fn(|context| pages.as_mut().poll_next(context)).await?;
    watch::read(&page);
    Some(match page {
        Ok(page) => page
            .as_ref()
            .map_or_else(String::new, |data| data.get().to_owned()),
        Err(error) => error.kind().name().to_owned(),
    })
}

/// Returns a response with these records.
fn answer(records: &str) -> Fault {
    let body = format!(r#"{{"retcode":"200","retdata":{records}}}"#);
    Fault::custom(200, [("content-type", "application/json")], body).on(LIST)
}

#[tokio::test]
async fn list_ends_after_last_page_or_error() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    for (answers, fails) in [
        // Empty; ends with an empty page; a short page is not the last one; more records than requested.
        (vec!["[]"], false),
        (vec!["[1,2]", "[]"], false),
        (vec!["[1]", "[3]", "[5,6]", "[]"], false),
        (vec!["[1,2,3]", "[]"], false),
        // The gateway does not count the records.
        (
            vec![
                r#"{"records":[1,2],"total":0,"pages":0}"#,
                r#"{"records":[3],"total":0,"pages":0}"#,
                r#"{"records":[],"total":0,"pages":0}"#,
            ],
            false,
        ),
        // The number of records or pages is known.
        (
            vec![
                r#"{"records":[1],"total":2}"#,
                r#"{"records":[2],"total":2}"#,
            ],
            false,
        ),
        (
            vec![
                r#"{"records":[1],"pages":2}"#,
                r#"{"records":[],"pages":2}"#,
            ],
            false,
        ),
        // Records are missing: a page within the list is empty, and the list ends early.
        (
            vec![
                r#"{"records":[1,2],"total":7}"#,
                r#"{"records":[],"total":7}"#,
                r#"{"records":[5,6],"total":7}"#,
                r#"{"records":[],"total":7}"#,
            ],
            true,
        ),
        // The previous page, an earlier page, and the same records in another envelope: an error in each case.
        (vec!["[1,2]", "[1,2]"], true),
        (vec!["[1,2]", "[3,4]", "[1,2]"], true),
        (
            vec![
                r#"{"records":[1,2],"pageNum":1}"#,
                r#"{"records":[1,2],"pageNum":2}"#,
            ],
            true,
        ),
        // A page without an array in the middle.
        (vec!["[1,2]", r#"{"records":7}"#], true),
    ] {
        let mut expected = answers.clone();
        if fails {
            *expected.last_mut().unwrap() = "decode";
        }
        for answered in &answers {
            sandbox.faults().add(answer(answered));
        }
        let before = sent(&sandbox, LIST);
        let mut pages = pin!(pages(&client, Pagination::default().per_page(2)));
        let mut all = Vec::new();
        while let Some(page) = next(pages.as_mut()).await {
            all.push(page);
        }
        assert_eq!(all, expected);
        // It stays at the end and sends nothing more.
        assert_eq!(next(pages.as_mut()).await, None);
        assert_eq!(sent(&sandbox, LIST) - before, answers.len());
        sandbox.faults().clear();
    }
}

#[tokio::test]
async fn repeated_page_is_error() {
    let (sandbox, client) = pair().await;
    // The gateway ignores these fields and returns the first page each time.
    let first = answer(r#"{"records":[1,2],"total":4}"#);
    sandbox.faults().add(first.always());
    let paging = Pagination::default().fields("page", "limit").per_page(2);
    let mut pages = pin!(pages(&client, paging));
    assert!(next(pages.as_mut()).await.unwrap().starts_with('{'));
    let error = poll_fn(|context| pages.as_mut().poll_next(context)).await;
    let error = error.unwrap().checked_err();
    assert_eq!(
        error.to_string(),
        "list checkout orders: cannot read the response at `retdata.records`: the records are those of an earlier page; \
         set the field of the page number with `Pagination::fields` (HTTP 200, attempt 1)"
    );
    assert!(!error.is_retryable());
    assert_eq!(next(pages.as_mut()).await, None);
    assert_eq!(sent(&sandbox, LIST), 2);
}

#[tokio::test]
async fn error_in_the_middle_ends_list() {
    let (sandbox, client) = pair().await;
    for _ in 0..5 {
        client.checkout_orders().create(&order()).await.unwrap();
    }
    let paging = Pagination::default().per_page(2);
    let fault = Fault::status(503).on(LIST).skip(1);
    // One failure is retried; more failures than attempts end the list.
    sandbox.faults().add(fault.clone());
    let mut whole = pin!(pages(&client, paging.clone()));
    let mut count = 0;
    while let Some(page) = next(whole.as_mut()).await {
        assert!(page.starts_with('{'), "{page}");
        count += 1;
    }
    assert_eq!(count, 3);
    sandbox.faults().add(fault.always());
    let mut broken = pin!(pages(&client, paging));
    assert!(next(broken.as_mut()).await.unwrap().starts_with('{'));
    assert_eq!(next(broken.as_mut()).await.unwrap(), "transport");
    sandbox.faults().clear();
    assert_eq!(next(broken.as_mut()).await, None);
}

#[tokio::test]
async fn list_requests_pages_only_when_polled() {
    let (sandbox, client) = pair().await;
    for _ in 0..3 {
        client.checkout_orders().create(&order()).await.unwrap();
    }
    let (capture, _guard) = Capture::start();
    let paging = Pagination::default().per_page(1);
    drop(pages(&client, paging.clone()));
    assert_eq!(sent(&sandbox, LIST), 0);
    {
        let mut pages = pin!(pages(&client, paging.clone()));
        assert!(next(pages.as_mut()).await.is_some());
    }
    assert_eq!(sent(&sandbox, LIST), 1);
    {
        let stall = sandbox.faults().add(Fault::stall().on(LIST));
        let mut pages = pin!(pages(&client, paging));
        tokio::select! {
            biased;
            page = next(pages.as_mut()) => panic!("{page:?}"),
            () = when(|| sandbox.faults().injections(stall) == 1) => {}
        }
    }
    let calls = capture.spans("stablelink.call");
    let last = &calls.last().unwrap().fields;
    assert_eq!(last["error.type"], "cancelled");
    assert_eq!(last["operation"], "list_checkout_orders");
    assert_eq!(sent(&sandbox, LIST), 2);
}

#[tokio::test]
async fn pagination_overrides_fields_of_request() {
    let (sandbox, client) = pair().await;
    let mut filter = serde_json::Map::new();
    filter.insert("pageNum".to_owned(), 7.into());
    filter.insert("orderStatus".to_owned(), "PAID".into());
    let call = client
        .checkout_orders()
        .list()
        .filter(ListCheckoutOrdersRequest(filter));
    let mut pages = pin!(call.pages(Pagination::default().per_page(0)));
    next(pages.as_mut()).await.unwrap();
    let requests = sandbox.requests();
    let body: serde_json::Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap();
    let expected = serde_json::json!({"pageNum": 1, "pageSize": 1, "orderStatus": "PAID"});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn records_of_all_pages_are_typed() {
    let (sandbox, client) = pair().await;
    let customer = sandbox.add_customer();
    let mut made = Vec::new();
    for _ in 0..25 {
        let trade = NewTrade::on_ramp(customer, "USD", "USDC", 120);
        client.trades().create(&trade).await.unwrap();
        made.push(trade.request_id().to_owned());
        client.checkout_orders().create(&order()).await.unwrap();
    }
    let mut trades = client.trades().list().client_id(customer).records();
    assert_eq!(trades.total(), None);
    let mut seen = Vec::new();
    while let Some(trade) = trades.next().await {
        let trade = trade.unwrap();
        assert_eq!(trades.total(), Some(25));
        assert_eq!(trade.amount.unwrap().get(), money("120"));
        assert_eq!(
            trade.unknown_fields().into_keys().collect::<Vec<_>>(),
            [""; 0]
        );
        assert!(trade.raw_field("requestId").is_some());
        seen.push(trade.request_id.clone().unwrap());
    }
    made.sort();
    seen.sort();
    assert_eq!(seen, made);
    assert_eq!(sent(&sandbox, SandboxOperation::ListTrades), 2);
    let queries = sandbox.requests();
    let queries = queries
        .iter()
        .filter(|request| request.operation == Some(SandboxOperation::ListTrades));
    let queries: Vec<_> = queries.map(|request| request.query.clone()).collect();
    for (number, query) in (1..).zip(&queries) {
        assert!(
            format!("{query:?}").contains(&format!("pageNum={number}&pageSize=20")),
            "{query:?}"
        );
    }

    let mut orders = client
        .checkout_orders()
        .list()
        .records()
        .pagination(Pagination::default().per_page(10));
    let mut count = 0;
    while let Some(order) = orders.next().await {
        assert!(order.unwrap().order_no.is_some());
        count += 1;
    }
    assert_eq!((count, orders.total()), (25, Some(25)));
    assert_eq!(sent(&sandbox, LIST), 3);
    // Without records.
    let deposits = client.trades().receive_transactions();
    let mut deposits = deposits.client_id(customer).records();
    let none = deposits.next().await;
    assert!(none.is_none(), "{none:?}");
    assert_eq!(deposits.total(), Some(0));
}

#[tokio::test]
async fn unreadable_record_does_not_end_the_list() {
    let (sandbox, client) = pair().await;
    let records = r#"{"records":[
        {"orderNo":"A1","orderAmount":"a lot"},
        {"orderNo":"A2","createdTime":7,"new":1.20},
        7,
        {"orderNo":"A3"}
    ],"total":4}"#;
    sandbox.faults().add(answer(records));
    let mut orders = client.checkout_orders().list().records();
    let error = orders.next().await.unwrap().checked_err();
    let text = error.to_string();
    assert!(text.contains("`retdata.records[0].orderAmount`"), "{text}");
    let second = orders.next().await.unwrap().unwrap();
    assert_eq!(second.order_no.as_deref(), Some("A2"));
    assert_eq!(
        second.unreadable_fields(),
        ["retdata.records[1].createdTime"]
    );
    assert_eq!(second.raw_field("createdTime").unwrap().get(), "7");
    assert_eq!(second.unknown_fields()["new"].get(), "1.20");
    let error = orders.next().await.unwrap().checked_err();
    assert!(
        error.to_string().contains("`retdata.records[2]`"),
        "{error}"
    );
    let last = orders.next().await.unwrap().unwrap();
    assert_eq!(last.order_no.as_deref(), Some("A3"));
    assert!(orders.next().await.is_none());
    assert_eq!(sent(&sandbox, LIST), 1);

    // The error of a page ends the list.
    sandbox.faults().add(answer(r#"[{"orderNo":"A1"}]"#));
    sandbox.faults().add(answer("7"));
    let mut orders = client.checkout_orders().list().records();
    assert!(orders.next().await.unwrap().is_ok());
    assert!(orders.next().await.unwrap().is_err());
    assert!(orders.next().await.is_none());
}
