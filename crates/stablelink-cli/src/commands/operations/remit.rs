//! `remit`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::request_id;
use stablelink::types::{CreateRemitRequest, UpdateRemitRequest};

use super::request::{Draft, Json, Page};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Bank accounts of payees.
#[derive(Debug, Subcommand)]
pub(crate) enum Remit {
    /// Store a bank account
    Create(Box<Account>),
    /// Change a bank account: all fields again
    Update {
        /// Its id
        id: i64,
        #[command(flatten)]
        account: Box<Account>,
    },
    /// Show a bank account
    Get {
        /// Its id
        id: i64,
    },
    /// List bank accounts
    List(Page),
}

/// A bank account.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    /// Name of the payee
    #[arg(long = "name", value_name = "NAME")]
    beneficiary_name: Option<String>,
    /// Address of the payee
    #[arg(long = "address", value_name = "ADDRESS")]
    beneficiary_address: Option<String>,
    /// Number of the account
    #[arg(long = "account", value_name = "NUMBER")]
    beneficiary_account: Option<String>,
    /// Currency, such as USD
    #[arg(long)]
    currency: Option<String>,
    /// Kind of transfer, such as SWIFT
    #[arg(long, value_name = "KIND")]
    bank_type: Option<String>,
    /// Name of the bank
    #[arg(long = "bank", value_name = "NAME")]
    beneficiary_bank_name: Option<String>,
    /// Country of the bank, three letters
    #[arg(long = "bank-country", value_name = "COUNTRY")]
    beneficiary_bank_country: Option<String>,
    /// City of the bank
    #[arg(long = "bank-city", value_name = "CITY")]
    beneficiary_bank_city: Option<String>,
    /// Address of the bank
    #[arg(long = "bank-address", value_name = "ADDRESS")]
    beneficiary_bank_address: Option<String>,
    /// SWIFT code of the bank, up to 11 letters and digits
    #[arg(long = "bank-swift", value_name = "CODE")]
    beneficiary_bank_swift_code: Option<String>,
    /// Name of an intermediary bank, whose fields are then needed
    #[arg(long = "intermediary-bank", value_name = "NAME")]
    intermediary_bank_name: Option<String>,
    /// Account at the intermediary bank
    #[arg(long = "intermediary-account", value_name = "NUMBER")]
    intermediary_bank_account: Option<String>,
    /// Country of the intermediary bank
    #[arg(long = "intermediary-country", value_name = "COUNTRY")]
    intermediary_bank_country: Option<String>,
    /// City of the intermediary bank
    #[arg(long = "intermediary-city", value_name = "CITY")]
    intermediary_bank_city: Option<String>,
    /// Address of the intermediary bank
    #[arg(long = "intermediary-address", value_name = "ADDRESS")]
    intermediary_bank_address: Option<String>,
    /// SWIFT code of the intermediary bank
    #[arg(long = "intermediary-swift", value_name = "CODE")]
    intermediary_bank_swift_code: Option<String>,
    /// Its requestId, up to 64 characters, which must be new [default: one is made]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

/// What no flag of its own says.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Flags<'a> {
    #[serde(flatten)]
    account: &'a Account,
    id: Option<i64>,
    is_intermediary_required: Option<bool>,
}

impl Account {
    fn draft(&self, context: &Context, id: Option<i64>) -> Result<Draft, Failure> {
        // The JSON may say it; without JSON the flags tell.
        let needed = match (&self.json.json, &self.intermediary_bank_name) {
            (_, Some(_)) => Some(true),
            (None, None) => Some(false),
            (Some(_), None) => None,
        };
        let flags = Flags {
            account: self,
            id,
            is_intermediary_required: needed,
        };
        Draft::new(&self.json.json, &flags)?.keyed(&context.out, "requestId", request_id)
    }
}

impl Remit {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(account) => {
                let request: CreateRemitRequest = account.draft(context, None)?.finish()?;
                send(context, context.client()?.remits().create(&request)).await
            }
            Self::Update { id, account } => {
                let request: UpdateRemitRequest = account.draft(context, Some(id))?.finish()?;
                send(context, context.client()?.remits().update(&request)).await
            }
            Self::Get { id } => send(context, context.client()?.remits().get(id)).await,
            Self::List(page) => {
                send(context, context.client()?.remits().list(page.request()?)).await
            }
        }
    }
}
