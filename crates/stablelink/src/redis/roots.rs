//! The roots that the system trusts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls_native_certs::load_native_certs;

use super::LinkError;

/// The roots that the system trusts, as PEM.
///
/// The driver would load them itself, but not where its other kind of TLS is compiled in too, which any crate of a program can
/// ask for: then it trusts nobody. Nor does it bear a file with a certificate that it can't use.
pub(super) fn of_the_system() -> Result<Vec<u8>, LinkError> {
    let mut pem = String::new();
    for certificate in load_native_certs().certs {
        let encoded = STANDARD.encode(&certificate);
        if RootCertStore::empty().add(certificate).is_ok() {
            pem += "-----BEGIN CERTIFICATE-----\n";
            pem += &encoded;
            pem += "\n-----END CERTIFICATE-----\n";
        }
    }
    if pem.is_empty() {
        return Err(LinkError::Unreachable(
            "this system trusts no authority; give one by `RedisTls`, or the variable SSL_CERT_FILE"
                .to_owned(),
        ));
    }
    Ok(pem.into_bytes())
}
