//! Webhooks of a sandbox.

use super::Sandbox;
use crate::outside::UnknownRecord;
use crate::state::{Delivery, InvalidWebhookUrl, Receiver};

impl Sandbox {
    /// Registers the URL that the webhooks of the first client go to, in place of the one before.
    /// Events of before are not sent to it.
    ///
    /// # Errors
    ///
    /// It is no plain `http` URL.
    pub fn set_webhook_url(&self, url: &str) -> Result<(), InvalidWebhookUrl> {
        self.set_client_webhook_url(0, Some(url))
    }

    /// Registers the URL of a client, counted in the order of the builder; `None`: it has none. A
    /// client that there is not has no webhooks.
    ///
    /// # Errors
    ///
    /// It is no plain `http` URL.
    pub fn set_client_webhook_url(
        &self,
        client: usize,
        url: Option<&str>,
    ) -> Result<(), InvalidWebhookUrl> {
        let receiver: Option<Receiver> = url.map(str::parse).transpose()?;
        self.gateway.set_receiver(client, receiver);
        Ok(())
    }

    /// The webhooks so far, the oldest first: the latest thousand.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.gateway.deliveries.kept()
    }

    /// Sends a webhook once more, to where its client's webhooks go now: the same body and
    /// `eventId`, a new signature. Gives the number of the new delivery.
    ///
    /// # Errors
    ///
    /// There is no such delivery, or its client has no URL any more.
    pub fn resend(&self, number: u64) -> Result<u64, UnknownRecord> {
        self.gateway
            .resend(number)
            .ok_or(UnknownRecord { kind: "delivery" })
    }

    /// Returns when each webhook that is due by the sandbox's clock was sent, and answered or not.
    /// Retries that are due later are not waited for.
    pub async fn wait_for_deliveries(&self) {
        let gateway = &self.gateway;
        let mut progress = gateway.deliveries.progress.subscribe();
        while !gateway.deliveries_rest() {
            gateway.wake.notify_one();
            if progress.changed().await.is_err() {
                return;
            }
        }
    }
}
