//! The command `remit`: payees' bank accounts.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stablelink::request_id;
use stablelink::types::{CreateRemitRequest, UpdateRemitRequest};

use super::request::{ListArgs, RequestArgs, RequestBuilder};
use super::send;
use crate::context::Context;
use crate::error::CliError;

#[derive(Debug, Subcommand)]
pub(crate) enum RemitCommand {
    /// Save a bank account
    Create(Box<RequestArgs<RemitArgs>>),
    /// Replace a bank account; set all of its fields
    Update {
        /// Account ID
        id: i64,
        #[command(flatten)]
        account: Box<RequestArgs<RemitArgs>>,
    },
    /// Show a bank account
    Get {
        /// Account ID
        id: i64,
    },
    /// List bank accounts
    List(ListArgs),
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemitArgs {
    /// Payee's name
    #[arg(long = "name", value_name = "NAME")]
    beneficiary_name: Option<String>,
    /// Payee's address
    #[arg(long = "address", value_name = "ADDRESS")]
    beneficiary_address: Option<String>,
    /// Payee's account number
    #[arg(long = "account", value_name = "NUMBER")]
    beneficiary_account: Option<String>,
    /// Currency, such as USD
    #[arg(long)]
    currency: Option<String>,
    /// Type of transfer, such as SWIFT
    #[arg(long, value_name = "TYPE")]
    bank_type: Option<String>,
    /// Bank name
    #[arg(long = "bank", value_name = "NAME")]
    beneficiary_bank_name: Option<String>,
    /// Bank country, a three-letter code
    #[arg(long = "bank-country", value_name = "COUNTRY")]
    beneficiary_bank_country: Option<String>,
    /// Bank city
    #[arg(long = "bank-city", value_name = "CITY")]
    beneficiary_bank_city: Option<String>,
    /// Bank address
    #[arg(long = "bank-address", value_name = "ADDRESS")]
    beneficiary_bank_address: Option<String>,
    /// SWIFT code of the bank, up to 11 characters
    #[arg(long = "bank-swift", value_name = "CODE")]
    beneficiary_bank_swift_code: Option<String>,
    /// Intermediary bank name; its other fields are then required
    #[arg(long = "intermediary-bank", value_name = "NAME")]
    intermediary_bank_name: Option<String>,
    /// Account number at the intermediary bank
    #[arg(long = "intermediary-account", value_name = "NUMBER")]
    intermediary_bank_account: Option<String>,
    /// Intermediary bank country
    #[arg(long = "intermediary-country", value_name = "COUNTRY")]
    intermediary_bank_country: Option<String>,
    /// Intermediary bank city
    #[arg(long = "intermediary-city", value_name = "CITY")]
    intermediary_bank_city: Option<String>,
    /// Intermediary bank address
    #[arg(long = "intermediary-address", value_name = "ADDRESS")]
    intermediary_bank_address: Option<String>,
    /// SWIFT code of the intermediary bank
    #[arg(long = "intermediary-swift", value_name = "CODE")]
    intermediary_bank_swift_code: Option<String>,
    /// New requestId of up to 64 characters [default: generated]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

impl RequestArgs<RemitArgs> {
    fn remit_request<T: DeserializeOwned + Serialize>(
        &self,
        context: &Context,
        id: Option<i64>,
    ) -> Result<T, CliError> {
        let mut builder = RequestBuilder::new(&self.json, &self.flags)?;
        if let Some(id) = id {
            builder.set("id", &id.to_string());
        }
        let has_intermediary = self.flags.intermediary_bank_name.is_some();
        // Without the flag, --json may set the field.
        if has_intermediary || self.json.is_none() {
            builder.set("isIntermediaryRequired", &has_intermediary.to_string());
        }
        let builder = builder.with_key(context, "requestId", request_id);
        builder.build()
    }
}

impl RemitCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let remits = || context.client().map(|client| client.remits());
        match self {
            Self::Create(account) => {
                let request: CreateRemitRequest = account.remit_request(context, None)?;
                send(context, remits()?.create(&request)).await
            }
            Self::Update { id, account } => {
                let request: UpdateRemitRequest = account.remit_request(context, Some(id))?;
                send(context, remits()?.update(&request)).await
            }
            Self::Get { id } => send(context, remits()?.get(id)).await,
            Self::List(list) => send(context, remits()?.list().filter(list.request()?)).await,
        }
    }
}
