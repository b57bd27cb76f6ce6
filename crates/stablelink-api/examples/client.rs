//! The low-level client with a transport of one's own in place; this one signs nothing.

use std::sync::Arc;

use stablelink_api::{Client, hooks::UnsignedTransport};

fn main() -> Result<(), reqwest::Error> {
    // Redirects would carry the body, and soon a signature, to another host.
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .build()?;
    let address = "https://openapi.dev.stablelink.app";
    let client = Client::new_with_client(address, http, Arc::new(UnsignedTransport));
    println!("{client:?}");
    Ok(())
}
