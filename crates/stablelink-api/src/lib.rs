//! Low-level client of the StableLink payment gateway.
