//! `kyb`.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::request::{Draft, Json};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Know-your-business reviews of customers.
#[derive(Debug, Subcommand)]
pub(crate) enum Kyb {
    /// Submit the data of a business
    Submit(Box<Submit>),
    /// Submit the short form
    SubmitSimple(SubmitSimple),
}

/// The data of a business. Its page was seen up to the sixteenth field: further ones go into --json.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Submit {
    /// The customer
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    /// Agreement, Yes or No
    #[arg(long, value_name = "YES|NO")]
    agree_to_authorize: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Kind of business, such as corporation
    #[arg(long, value_name = "KIND")]
    business_type: Option<String>,
    /// NAICS code of the industry; may be given again
    #[arg(long, value_name = "CODE")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    business_industry: Vec<String>,
    /// What the business does
    #[arg(long, value_name = "TEXT")]
    business_description: Option<String>,
    /// Legal name
    #[arg(long, value_name = "NAME")]
    business_legal_name: Option<String>,
    /// Trade name
    #[arg(long, value_name = "NAME")]
    business_trade_name: Option<String>,
    /// Whether it is a decentralised autonomous organisation
    #[arg(long, value_name = "BOOL")]
    is_dao: Option<bool>,
    /// Whether it is of high risk
    #[arg(long, value_name = "BOOL")]
    is_high_risk: Option<bool>,
    /// Whether there are intermediate owners
    #[arg(long, value_name = "BOOL")]
    has_material_intermediary_ownership: Option<bool>,
    /// What the account is for, such as treasury_management
    #[arg(long, value_name = "PURPOSE")]
    account_purpose: Option<String>,
    /// What else it is for
    #[arg(long, value_name = "TEXT")]
    account_purpose_other: Option<String>,
    /// Where the money comes from, such as treasury_reserves
    #[arg(long, value_name = "SOURCE")]
    source_of_funds: Option<String>,
    /// More about where it comes from
    #[arg(long, value_name = "TEXT")]
    source_of_funds_description: Option<String>,
    /// Whether it moves money for others
    #[arg(long, value_name = "BOOL")]
    conducts_money_services_using_bridge: Option<bool>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

/// The short form. None of its fields was seen.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubmitSimple {
    /// The customer
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl Kyb {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Submit(review) => {
                let request = Draft::new(&review.json.json, &review)?.finish()?;
                send(context, context.client()?.kyb().submit(request)).await
            }
            Self::SubmitSimple(review) => {
                let request = Draft::new(&review.json.json, &review)?.finish()?;
                send(context, context.client()?.kyb().submit_simple(request)).await
            }
        }
    }
}
