//! Every operation is called by its subcommand.

use std::collections::BTreeSet;

use crate::support::{Stage, run};
use stablelink_sandbox::Operation;

fn member(json: &str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    match &value[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One gateway and its records; each call goes through the command.
struct Walk {
    stage: Stage,
    called: BTreeSet<&'static str>,
}

impl Walk {
    /// Runs the subcommand, and sees to it that this operation was called and succeeded.
    fn call(&mut self, operation: Operation, arguments: &str) -> String {
        self.call_with(operation, arguments, b"")
    }

    fn call_with(&mut self, operation: Operation, arguments: &str, input: &[u8]) -> String {
        let mut command = self.stage.command();
        command
            .args(["--output", "json"])
            .args(arguments.split(' '));
        let run = run(&mut command, input);
        assert_eq!(run.code, 0, "{arguments}: {run:?}");
        let last = self.stage.sandbox.requests().pop().unwrap();
        assert_eq!(last.operation, Some(operation), "{arguments}");
        self.called.insert(operation.id());
        run.stdout
    }
}

#[test]
fn every_operation_is_called() {
    use Operation as Op;
    let stage = Stage::new();
    let mut walk = Walk {
        stage,
        called: BTreeSet::new(),
    };

    walk.call(Op::IssueAccessToken, "token");
    let user = walk.call(
        Op::CreateUser,
        "user create --email a@example.com --full-name Example --country VGB --client-type 4 --date-of-birth 1988-08-05",
    );
    let client = member(&user, "id");
    walk.call(Op::GetUser, &format!("user get {client}"));
    let kyb = format!(
        "kyb submit --client-id {client} --business-type corporation --business-industry 311111 --is-dao false"
    );
    walk.call(Op::SubmitKyb, &kyb);
    walk.call_with(
        Op::SubmitSimpleKyb,
        "kyb submit-simple --json -",
        format!(r#"{{"clientId":{client},"new":"field"}}"#).as_bytes(),
    );
    walk.call(
        Op::CreateFeeConfig,
        &format!("fee create --client-id {client} --fix-amount 1.00 --rate 0.005"),
    );
    walk.call(
        Op::UpdateFeeConfig,
        &format!("fee update --client-id {client} --rate 0.01"),
    );
    let fee = walk.call(Op::GetFeeConfig, &format!("fee get {client}"));
    assert_eq!(member(&fee, "developerRate"), "0.01");
    walk.call(
        Op::GetExchangeRate,
        &format!("rate quote USD USDC --amount 120.50 --client-id {client}"),
    );

    let receipt = walk.stage.home.path().join("receipt.pdf");
    std::fs::write(&receipt, vec![7; 100_000]).unwrap();
    let file = walk.call(
        Op::UploadFile,
        &format!("file upload {} --scene 1", receipt.display()),
    );
    let file = member(&file, "fileId");
    let trade = walk.call(
        Op::CreateTrade,
        &format!("trade create --client-id {client} --from USD --to USDC --amount 120.50 --type 1 --file-id {file} --reference-no R1 --green-link-va Yes --request-id T1"),
    );
    assert!(trade.contains(r#""amount":120.50,"#), "{trade}");
    walk.call(
        Op::ConfirmTransaction,
        &format!("trade confirm --tx-no {}", member(&trade, "txNo")),
    );
    walk.stage
        .sandbox
        .set_trade_status("T1", "Completed")
        .unwrap();
    walk.call(Op::GetTrade, "trade get T1");
    walk.call(Op::GetTrade, "trade wait T1");
    walk.call(Op::GetTrade, "trade wait T1 --until Completed");
    walk.call(Op::ListTrades, &format!("trade list {client}"));
    walk.call(
        Op::GetTransaction,
        &format!("trade transaction {}", member(&trade, "txNo")),
    );
    walk.call(
        Op::GetDepositAddress,
        &format!("trade deposit-address {client} USDC ethereum"),
    );
    let amount = "7.25".parse().unwrap();
    let deposit = walk
        .stage
        .sandbox
        .deposit(client.parse().unwrap(), ("USDC", "ethereum"), amount)
        .unwrap();
    walk.call(
        Op::ListReceiveTransactions,
        &format!("trade receive-transactions {client}"),
    );
    walk.call(
        Op::GetReceiveTransaction,
        &format!("trade receive-transaction {deposit}"),
    );

    let account = "--name Example --address Road --account 1 --currency USD --bank-type SWIFT --bank Bank --bank-country VGB --bank-address Road --bank-swift EXAMVGVG";
    let remit = walk.call(Op::CreateRemit, &format!("remit create {account}"));
    let remit = member(&remit, "id");
    walk.call(
        Op::UpdateRemit,
        &format!("remit update {remit} {account} --bank-city City"),
    );
    walk.call(Op::GetRemit, &format!("remit get {remit}"));
    walk.call(Op::ListRemits, "remit list --page 1 --page-size 5");

    walk.call(
        Op::SimulateEvent,
        "webhook-event simulate --event E1 --remark test",
    );
    walk.call(Op::ListEvents, "webhook-event list");

    let order = "--token ETH_USDT --customer 6 --merchant 1";
    walk.call(
        Op::CreateCheckoutOrder,
        &format!("checkout create --amount 0.50 {order} --order-no A1"),
    );
    walk.stage
        .sandbox
        .pay_order("A1", "0.505".parse().unwrap(), "0xa1")
        .unwrap();
    walk.call(Op::GetCheckoutOrder, "checkout get A1");
    walk.call(Op::GetCheckoutOrder, "checkout wait A1");
    walk.call(Op::GetCheckoutOrder, "checkout wait A1 --until PAID");
    walk.call(
        Op::CreateCheckoutOrder,
        &format!("checkout create --amount 1 {order} --order-no A2"),
    );
    walk.call(Op::CancelCheckoutOrder, "checkout cancel A2");
    walk.call(Op::ListCheckoutOrders, "checkout list --page 1");

    walk.call(
        Op::CreateRefundOrder,
        "refund create --order A1 --amount 0.10 --refund-order-no R1",
    );
    walk.call(Op::GetRefundOrder, "refund get R1");
    walk.call(Op::CancelRefundOrder, "refund cancel R1");
    walk.call(Op::ListRefundOrders, "refund list");
    walk.call(
        Op::CreateCheckoutOrder,
        &format!("checkout create --amount 1 {order} --order-no A3"),
    );
    walk.stage
        .sandbox
        .pay_order("A3", "2".parse().unwrap(), "0xa3")
        .unwrap();
    walk.call(Op::ListAbnormalPayments, "refund list-abnormal-payments");
    walk.call(Op::CreateAbnormalPaymentRefund, "refund create-of-abnormal-payment --order A3 --token ETH_USDT --tx-hash 0xa3 --remark over");

    walk.call(
        Op::CreateSettlementOrder,
        "settlement create --amount 0.400000 --token ETH_USDT --address 0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C --merchant 1 --order A1 --settlement-order-no S1",
    );
    walk.call(Op::GetSettlementOrder, "settlement get S1");
    walk.call(Op::CancelSettlementOrder, "settlement cancel S1");
    walk.call(Op::ListSettlementOrders, "settlement list");
    walk.call_with(
        Op::CreateFiatSettlementOrder,
        "settlement create-fiat --json @-",
        br#"{"amount":"1.00","merchantId":"1"}"#,
    );

    let all: BTreeSet<&str> = Op::ALL.iter().map(|operation| operation.id()).collect();
    assert_eq!(walk.called, all);
    assert_eq!(
        walk.stage.sandbox.token_grants().granted(),
        1,
        "one token for all of it"
    );
}

#[test]
fn any_call_can_be_made_by_hand() {
    let stage = Stage::new();
    let order = r#"{"orderNo":"H1","orderAmount":0.50,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    let made = run(
        stage.command().args([
            "api",
            "post",
            "/checkout/order/create",
            "-d",
            "@-",
            "--key",
            "orderNo=H1",
        ]),
        order.as_bytes(),
    );
    assert_eq!(made.code, 0, "{made:?}");
    assert_eq!(
        stage.sandbox.requests().pop().unwrap().body,
        order.as_bytes(),
        "sent as it is"
    );
    let got = stage.run(&[
        "api",
        "GET",
        "/checkout/order/info",
        "-q",
        "orderNo=H1",
        "--safe-to-repeat",
        "--output",
        "json",
    ]);
    assert!(got.stdout.contains(r#""orderAmount":0.50,"#), "{got:?}");
    let unknown = stage.run(&["api", "GET", "/no/such"]);
    assert_eq!(unknown.code, 3, "{unknown:?}");
    for wrong in [
        vec!["api", "GET", "//host/a"],
        vec!["api", "GET", "/a", "--key", "name=1"],
        vec!["api", "GET", "/a", "-q", "x"],
    ] {
        assert_eq!(stage.run(&wrong).code, 2, "{wrong:?}");
    }
}
