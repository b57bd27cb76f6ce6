//! `user`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::scalars::IntegerOrText;

use super::request::{Draft, Json};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Customer accounts of the developer.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a customer account
    Create(Box<Create>),
    /// Show the account of a customer, or of the developer
    Get {
        /// The customer [default: the developer]
        client_id: Option<i64>,
    },
}

/// A customer account.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Full name
    #[arg(long)]
    full_name: Option<String>,
    /// Name of the user
    #[arg(long)]
    username: Option<String>,
    /// Telephone: a plus, the country code, a blank, the number
    #[arg(long)]
    mobile_number: Option<String>,
    /// Country, three letters (ISO 3166-1 alpha-3)
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
    /// Day of birth, yyyy-MM-dd
    #[arg(long, value_name = "DAY")]
    date_of_birth: Option<String>,
    /// Kind of account, a number; 4 is probably a corporation
    #[arg(long, value_name = "KIND", value_parser = integer_or_text)]
    client_type: Option<IntegerOrText>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

/// Digits are a number, all else is a text.
pub(super) fn integer_or_text(text: &str) -> Result<IntegerOrText, std::convert::Infallible> {
    Ok(text
        .parse::<i64>()
        .map_or_else(|_| text.into(), IntegerOrText::from))
}

impl User {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(user) => {
                let request = Draft::new(&user.json.json, &user)?.finish()?;
                send(context, context.client()?.users().create(request)).await
            }
            Self::Get { client_id } => {
                send(context, context.client()?.users().get(client_id)).await
            }
        }
    }
}
