//! Calls every operation with its command.

use std::collections::BTreeSet;

use crate::support::{TestEnvironment, run};
use stablelink_sandbox::{SandboxOperation, SandboxRecordKind};

fn field(json: &str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    match &value[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Runs commands against one sandbox and records the called operations.
struct OperationRun {
    env: TestEnvironment,
    called: BTreeSet<&'static str>,
}

impl OperationRun {
    /// Runs a command and asserts that it called this operation successfully.
    fn call(&mut self, operation: SandboxOperation, arguments: &str) -> String {
        self.call_with(operation, arguments, b"")
    }

    fn call_with(&mut self, operation: SandboxOperation, arguments: &str, input: &[u8]) -> String {
        let mut command = self.env.command();
        command
            .args(["--output", "json"])
            .args(arguments.split(' '));
        let run = run(&mut command, input);
        assert_eq!(run.code, 0, "{arguments}: {run:?}");
        let last = self.env.sandbox.requests().pop().unwrap();
        assert_eq!(last.operation, Some(operation), "{arguments}");
        self.called.insert(operation.id());
        run.stdout
    }
}

#[test]
fn every_operation_can_be_called() {
    use SandboxOperation as Op;
    let env = TestEnvironment::new();
    let mut calls = OperationRun {
        env,
        called: BTreeSet::new(),
    };

    calls.call(Op::IssueAccessToken, "token");
    let user = calls.call(
        Op::CreateUser,
        "user create --email a@example.com --full-name Example --country VGB --client-type 4 --date-of-birth 1988-08-05",
    );
    let client = field(&user, "id");
    calls.call(Op::GetUser, &format!("user get {client}"));
    let kyb = format!(
        "kyb submit --client-id {client} --business-type corporation --business-industry 311111 --is-dao false"
    );
    calls.call(Op::SubmitKyb, &kyb);
    calls.call_with(
        Op::SubmitSimpleKyb,
        "kyb submit-simple --json -",
        format!(r#"{{"clientId":{client},"new":"field"}}"#).as_bytes(),
    );
    calls.call(
        Op::CreateFeeConfig,
        &format!("fee create --client-id {client} --fix-amount 1.00 --rate 0.005"),
    );
    calls.call(
        Op::UpdateFeeConfig,
        &format!("fee update --client-id {client} --rate 0.01"),
    );
    let fee = calls.call(Op::GetFeeConfig, &format!("fee get {client}"));
    assert_eq!(field(&fee, "developerRate"), "0.01");
    calls.call(
        Op::GetExchangeRate,
        &format!("rate quote USD USDC --amount 120.50 --client-id {client}"),
    );

    let receipt = calls.env.home.path().join("receipt.pdf");
    std::fs::write(&receipt, vec![7; 100_000]).unwrap();
    let file = calls.call(
        Op::UploadFile,
        &format!("file upload {} --scene 1", receipt.display()),
    );
    let file = field(&file, "fileId");
    let trade = calls.call(
        Op::CreateTrade,
        &format!("trade create --client-id {client} --from USD --to USDC --amount 120.50 --type 1 --file-id {file} --reference-no R1 --green-link-va Yes --request-id T1"),
    );
    assert!(trade.contains(r#""amount":120.50,"#), "{trade}");
    calls.call(
        Op::ConfirmTransaction,
        &format!("trade confirm --tx-no {}", field(&trade, "txNo")),
    );
    calls
        .env
        .sandbox
        .set_status(SandboxRecordKind::Trade, "T1", "Completed")
        .unwrap();
    calls.call(Op::GetTrade, "trade get T1");
    calls.call(Op::GetTrade, "trade wait T1");
    calls.call(Op::GetTrade, "trade wait T1 --until Completed");
    calls.call(Op::ListTrades, &format!("trade list {client}"));
    calls.call(
        Op::GetTransaction,
        &format!("trade transaction {}", field(&trade, "txNo")),
    );
    calls.call(
        Op::GetDepositAddress,
        &format!("trade deposit-address {client} USDC ethereum"),
    );
    let amount = "7.25".parse().unwrap();
    let deposit = calls
        .env
        .sandbox
        .deposit(client.parse().unwrap(), ("USDC", "ethereum"), amount)
        .unwrap();
    calls.call(
        Op::ListReceiveTransactions,
        &format!("trade receive-transactions {client}"),
    );
    calls.call(
        Op::GetReceiveTransaction,
        &format!("trade receive-transaction {deposit}"),
    );

    let account = "--name Example --address Road --account 1 --currency USD --bank-type SWIFT --bank Bank --bank-country VGB --bank-address Road --bank-swift EXAMVGVG";
    let remit = calls.call(Op::CreateRemit, &format!("remit create {account}"));
    let remit = field(&remit, "id");
    calls.call(
        Op::UpdateRemit,
        &format!("remit update {remit} {account} --bank-city City"),
    );
    calls.call(Op::GetRemit, &format!("remit get {remit}"));
    calls.call(Op::ListRemits, "remit list --page 1 --page-size 5");

    calls.call(
        Op::SimulateEvent,
        "webhook-event simulate --event E1 --remark test",
    );
    calls.call(Op::ListEvents, "webhook-event list");

    let order = "--token ETH_USDT --customer 6 --merchant 1";
    calls.call(
        Op::CreateCheckoutOrder,
        &format!("checkout create --amount 0.50 {order} --order-no A1"),
    );
    calls
        .env
        .sandbox
        .pay_order("A1", "0.505".parse().unwrap(), "0xa1")
        .unwrap();
    calls.call(Op::GetCheckoutOrder, "checkout get A1");
    calls.call(Op::GetCheckoutOrder, "checkout wait A1");
    calls.call(Op::GetCheckoutOrder, "checkout wait A1 --until PAID");
    calls.call(
        Op::CreateCheckoutOrder,
        &format!("checkout create --amount 1 {order} --order-no A2"),
    );
    calls.call(Op::CancelCheckoutOrder, "checkout cancel A2");
    calls.call(Op::ListCheckoutOrders, "checkout list --page 1");

    calls.call(
        Op::CreateRefundOrder,
        "refund create --order A1 --amount 0.10 --refund-order-no R1",
    );
    calls.call(Op::GetRefundOrder, "refund get R1");
    calls.call(Op::CancelRefundOrder, "refund cancel R1");
    calls.call(Op::ListRefundOrders, "refund list");
    calls.call(
        Op::CreateCheckoutOrder,
        &format!("checkout create --amount 1 {order} --order-no A3"),
    );
    calls
        .env
        .sandbox
        .pay_order("A3", "2".parse().unwrap(), "0xa3")
        .unwrap();
    calls.call(Op::ListAbnormalPayments, "refund list-abnormal-payments");
    calls.call(Op::CreateAbnormalPaymentRefund, "refund create-for-abnormal-payment --order A3 --token ETH_USDT --tx-hash 0xa3 --remark over");

    calls.call(
        Op::CreateSettlementOrder,
        "settlement create --amount 0.400000 --token ETH_USDT --address 0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C --merchant 1 --order A1 --settlement-order-no S1",
    );
    calls.call(Op::GetSettlementOrder, "settlement get S1");
    calls.call(Op::CancelSettlementOrder, "settlement cancel S1");
    calls.call(Op::ListSettlementOrders, "settlement list");
    calls.call_with(
        Op::CreateFiatSettlementOrder,
        "settlement create-fiat --json @-",
        br#"{"settlementOrderNo":"F1","amount":"1.00","merchantId":"1"}"#,
    );

    let all: BTreeSet<&str> = Op::all().map(Op::id).collect();
    assert_eq!(calls.called, all);
    assert_eq!(
        calls.env.sandbox.token_grants().granted(),
        1,
        "all commands share one token"
    );
}

#[test]
fn api_sends_any_call_unchanged() {
    let env = TestEnvironment::new();
    let order = r#"{"orderNo":"H1","orderAmount":0.50,"customerId":"6","merchantId":"1","token":"ETH_USDT"}"#;
    let made = run(
        env.command().args([
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
        env.sandbox.requests().pop().unwrap().body,
        order.as_bytes(),
        "sent unchanged"
    );
    let got = env.run(&[
        "api",
        "GET",
        "/checkout/order/info",
        "-q",
        "orderNo=H1",
        "--safe-to-retry",
        "--output",
        "json",
    ]);
    assert!(got.stdout.contains(r#""orderAmount":0.50,"#), "{got:?}");
    let unknown = env.run(&["api", "GET", "/no/such"]);
    assert_eq!(unknown.code, 3, "{unknown:?}");
    for wrong in [
        vec!["api", "GET", "//host/a"],
        vec!["api", "GET", "/a", "--key", "name=1"],
        vec!["api", "GET", "/a", "-q", "x"],
    ] {
        assert_eq!(env.run(&wrong).code, 2, "{wrong:?}");
    }
}
