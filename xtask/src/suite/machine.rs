//! What the suite needs of the machine beyond the toolchains: a real Redis, a real browser, and a TLS library to link with.

use crate::job::Job;
use crate::job::debian::{self, Package};
use crate::job::stop::Stop;

const NEEDED: [Package; 4] = [
    Package {
        name: "pkg-config",
        present: ("pkg-config", &["--version"]),
        purpose: "finds the libraries of the machine",
    },
    Package {
        name: "libssl-dev",
        present: ("pkg-config", &["--exists", "openssl"]),
        purpose: "the feature native-tls links with it",
    },
    Package {
        name: "redis-server",
        present: ("redis-server", &["--version"]),
        purpose: "tests share a token over a real Redis, which they start themselves",
    },
    Package {
        name: "chromium",
        present: ("chromium", &["--version"]),
        purpose: "tests look at the pages of the gateway on localhost as a person would",
    },
];

/// Sees to it that all of it is there.
pub(super) fn ensure(job: &mut Job<'_>) -> Result<(), Stop> {
    debian::ensure(job, &NEEDED)
}
