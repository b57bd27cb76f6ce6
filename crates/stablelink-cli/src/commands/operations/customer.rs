//! The commands `user`, `kyb` and `fee`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::scalars::{DecimalNumber, IntegerOrText};

use super::request::{RequestArgs, integer_or_text};
use super::send;
use crate::context::Context;
use crate::error::CliError;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Create a customer account
    Create(Box<RequestArgs<UserArgs>>),
    /// Show a customer account or the developer's account
    Get {
        /// Customer ID [default: the developer]
        client_id: Option<i64>,
    },
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserArgs {
    /// Email address
    #[arg(long)]
    email: Option<String>,
    /// Full name
    #[arg(long)]
    full_name: Option<String>,
    /// Username
    #[arg(long)]
    username: Option<String>,
    /// Phone number: "+", country code, space, number
    #[arg(long)]
    mobile_number: Option<String>,
    /// Three-letter country code (ISO 3166-1 alpha-3)
    #[arg(long)]
    country: Option<String>,
    /// City
    #[arg(long)]
    city: Option<String>,
    /// Postal code
    #[arg(long)]
    postal_code: Option<String>,
    /// Address
    #[arg(long)]
    address: Option<String>,
    /// Date of birth, yyyy-MM-dd
    #[arg(long, value_name = "DATE")]
    date_of_birth: Option<String>,
    /// Account type, a number; 4 is probably a corporation
    #[arg(long, value_name = "TYPE", value_parser = integer_or_text)]
    client_type: Option<IntegerOrText>,
}

impl UserCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let users = || context.client().map(|client| client.users());
        match self {
            Self::Create(user) => send(context, users()?.create(user.request()?)).await,
            Self::Get { client_id } => send(context, users()?.get(client_id)).await,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KybCommand {
    /// Submit the data of a business
    Submit(Box<RequestArgs<KybArgs>>),
    /// Submit the short form
    SubmitSimple(RequestArgs<SimpleKybArgs>),
}

/// The data of a business. Only the first sixteen fields of its page are known: pass other fields with --json.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KybArgs {
    /// Customer ID
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    /// Agreement: Yes or No
    #[arg(long, value_name = "YES|NO")]
    agree_to_authorize: Option<String>,
    /// Email address
    #[arg(long)]
    email: Option<String>,
    /// Type of business, such as corporation
    #[arg(long, value_name = "TYPE")]
    business_type: Option<String>,
    /// NAICS code of the industry; may be repeated
    #[arg(long, value_name = "CODE")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    business_industry: Vec<String>,
    /// Description of the business
    #[arg(long, value_name = "TEXT")]
    business_description: Option<String>,
    /// Legal name
    #[arg(long, value_name = "NAME")]
    business_legal_name: Option<String>,
    /// Trade name
    #[arg(long, value_name = "NAME")]
    business_trade_name: Option<String>,
    /// Whether the business is a decentralised autonomous organisation
    #[arg(long, value_name = "BOOL")]
    is_dao: Option<bool>,
    /// Whether the business is high-risk
    #[arg(long, value_name = "BOOL")]
    is_high_risk: Option<bool>,
    /// Whether there are intermediate owners
    #[arg(long, value_name = "BOOL")]
    has_material_intermediary_ownership: Option<bool>,
    /// Purpose of the account, such as treasury_management
    #[arg(long, value_name = "PURPOSE")]
    account_purpose: Option<String>,
    /// Other purpose of the account
    #[arg(long, value_name = "TEXT")]
    account_purpose_other: Option<String>,
    /// Source of funds, such as treasury_reserves
    #[arg(long, value_name = "SOURCE")]
    source_of_funds: Option<String>,
    /// Description of the source of funds
    #[arg(long, value_name = "TEXT")]
    source_of_funds_description: Option<String>,
    /// Whether the business transfers money for others
    #[arg(long, value_name = "BOOL")]
    conducts_money_services_using_bridge: Option<bool>,
}

/// The short form. None of its fields is documented.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SimpleKybArgs {
    /// Customer ID
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
}

impl KybCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let kyb = || context.client().map(|client| client.kyb());
        match self {
            Self::Submit(review) => send(context, kyb()?.submit(review.request()?)).await,
            Self::SubmitSimple(review) => {
                send(context, kyb()?.submit_simple(review.request()?)).await
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeeCommand {
    /// Create the fee configuration of a customer; trades require one
    Create(RequestArgs<FeeArgs>),
    /// Update the fee configuration of a customer (its page lists other fields, apparently a mistake)
    Update(RequestArgs<FeeArgs>),
    /// Show the fee configuration of a customer
    Get {
        /// Customer ID
        client_id: Option<i64>,
    },
}

/// The fields of a fee configuration. Their names are inferred.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeeArgs {
    /// Customer ID
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    /// Fixed fee of each trade
    #[arg(long = "fix-amount", value_name = "AMOUNT")]
    developer_fix_amount: Option<DecimalNumber>,
    /// Fee as a fraction of the amount, such as 0.005
    #[arg(long = "rate", value_name = "FRACTION")]
    developer_rate: Option<DecimalNumber>,
}

impl FeeCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let fees = || context.client().map(|client| client.fee_configs());
        match self {
            Self::Create(fee) => send(context, fees()?.create(fee.request()?)).await,
            Self::Update(fee) => send(context, fees()?.update(fee.request()?)).await,
            Self::Get { client_id } => send(context, fees()?.get(client_id)).await,
        }
    }
}
