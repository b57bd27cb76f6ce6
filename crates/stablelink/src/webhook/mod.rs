//! Webhooks: verified, told apart, handled once.
