//! The names of commands and flags that are shorter than those of the document.
//!
//! An operation without a row has a command by rule: its group is the tag, its name is the `operationId` without the words of
//! the tag, and each field is a flag with the name of the field. A row that the document no longer matches has no effect.

/// One line for each operation: its `operationId`, the command, and the fields with another name or position.
///
/// `<field>` and `[field]` are positional arguments, the second kind is optional. `--flag=field` renames a flag.
/// `--flag=field:type` also adds the field if the document lacks it: its name is inferred. `PAGE`, `CLIENT`, `FEE` and
/// `ACCOUNT` are the flags of several operations.
const COMMAND_NAMES: &str = "
createCheckoutOrder          checkout create --amount=orderAmount --customer=customerId --merchant=merchantId
getCheckoutOrder             checkout get <orderNo>
cancelCheckoutOrder          checkout cancel <orderNo>
listCheckoutOrders           checkout list PAGE
createSettlementOrder        settlement create --merchant=merchantId --order=orderNos
createFiatSettlementOrder    settlement create-fiat
getSettlementOrder           settlement get <settlementOrderNo>
cancelSettlementOrder        settlement cancel <settlementOrderNo>
listSettlementOrders         settlement list PAGE
createRefundOrder            refund create --order=orderNo --abnormal-payment=abnormalPaymentNo
createAbnormalPaymentRefund  refund create-for-abnormal-payment --order=orderNo
getRefundOrder               refund get <refundOrderNo>
cancelRefundOrder            refund cancel <refundOrderNo>
listRefundOrders             refund list PAGE
listAbnormalPayments         refund list-abnormal-payments PAGE
getExchangeRate              rate quote <sellCurrency> <buyCurrency>
getUser                      user get [clientId]
submitKyb                    kyb submit
submitSimpleKyb              kyb submit-simple CLIENT
createFeeConfig              fee create CLIENT FEE
updateFeeConfig              fee update CLIENT FEE
getFeeConfig                 fee get [clientId]
createTrade                  trade create --from=fromCurrency --to=toCurrency --type=requestType
getTrade                     trade get <requestId>
listTrades                   trade list [clientId]
confirmTransaction           trade confirm
getTransaction               trade transaction <txNo>
getDepositAddress            trade deposit-address <clientId> <currency> <network>
listReceiveTransactions      trade receive-transactions [clientId]
getReceiveTransaction        trade receive-transaction <id>
createRemit                  remit create ACCOUNT
updateRemit                  remit update <id> ACCOUNT
getRemit                     remit get <id>
listRemits                   remit list PAGE
simulateEvent                webhook-event simulate
listEvents                   webhook-event list PAGE";

const PAGE: &str = "--page=pageNum:integer --page-size=pageSize:integer";
const CLIENT: &str = "--client-id=clientId:integer";
const FEE: &str = "--fix-amount=developerFixAmount:decimal --rate=developerRate:decimal";
const ACCOUNT: &str = "--name=beneficiaryName --address=beneficiaryAddress --account=beneficiaryAccount \
    --bank=beneficiaryBankName --bank-country=beneficiaryBankCountry --bank-city=beneficiaryBankCity \
    --bank-address=beneficiaryBankAddress --bank-swift=beneficiaryBankSwiftCode \
    --intermediary-bank=intermediaryBankName --intermediary-account=intermediaryBankAccount \
    --intermediary-country=intermediaryBankCountry --intermediary-city=intermediaryBankCity \
    --intermediary-address=intermediaryBankAddress --intermediary-swift=intermediaryBankSwiftCode";

/// Returns the words of a command and its fields: none for an operation without a row.
pub(super) fn usage_of(operation_id: &str) -> impl Iterator<Item = &'static str> {
    let mut rows = COMMAND_NAMES.lines().map(str::split_whitespace);
    let row = rows.find_map(|mut row| (row.next()? == operation_id).then_some(row));
    row.into_iter().flatten().flat_map(|word| {
        let flags = match word {
            "PAGE" => PAGE,
            "CLIENT" => CLIENT,
            "FEE" => FEE,
            "ACCOUNT" => ACCOUNT,
            word => word,
        };
        flags.split_whitespace()
    })
}

/// The groups of commands, in the order of the help.
pub(super) const GROUPS: [(&str, &str); 11] = [
    (
        "checkout",
        "Manage checkout orders, which a customer pays on a blockchain",
    ),
    (
        "settlement",
        "Manage settlement orders, which pay out to a merchant",
    ),
    ("refund", "Manage refund orders, and list abnormal payments"),
    ("rate", "Get exchange rates"),
    ("user", "Manage customer accounts"),
    (
        "kyb",
        "Submit know-your-business (KYB) reviews of customers",
    ),
    ("fee", "Manage the developer fees of a customer's trades"),
    ("trade", "Manage on-ramp and off-ramp trades"),
    ("remit", "Manage payees' bank accounts"),
    (
        "file",
        "Upload files, such as the receipt of a bank payment",
    ),
    ("webhook-event", "List webhook events, or simulate one"),
];

/// The commands that are not groups of operations.
pub(crate) const OTHER_COMMANDS: [&str; 14] = [
    "api",
    "completions",
    "demo",
    "help",
    "login",
    "logout",
    "man",
    "probe",
    "sandbox",
    "sign",
    "token",
    "verify",
    "webhook",
    "whoami",
];

/// Returns the command group for a tag. It applies to operations without a row in `COMMAND_NAMES`.
pub(super) fn group_of_tag(tag: &str) -> String {
    match tag {
        "" => "operation".to_owned(),
        "webhook" => "webhook-event".to_owned(),
        other if OTHER_COMMANDS.contains(&other) => format!("{other}-operation"),
        other => other.to_owned(),
    }
}

/// Returns what a user must know before the operation is called.
pub(super) fn advice(operation_id: &str) -> Option<&'static str> {
    match operation_id {
        "createSettlementOrder" => Some(
            "The address must be on the chain of the token: on another chain, the money is lost.",
        ),
        "createTrade" => Some(
            "A trade requires the fee configuration of the customer. The type 1 is an on-ramp; 2 is inferred for an off-ramp.",
        ),
        "confirmTransaction" => Some("This command moves money."),
        "updateRemit" => Some("The bank account is replaced: set all of its fields."),
        "submitSimpleKyb" | "createFiatSettlementOrder" => {
            Some("Most fields are not documented: pass them with --json.")
        }
        _ => None,
    }
}
