//! TLS to a database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Why a file with certificates cannot be read.
pub(crate) struct CertificatesError {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// Trusts the certificates of the system, if it is used, and those of a file.
pub(crate) fn config(
    root_certificates: Option<&Path>,
    is_used: bool,
) -> Result<ClientConfig, CertificatesError> {
    let mut roots = RootCertStore::empty();
    if is_used {
        // Without any, each certificate is refused, and the error says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(path) = root_certificates {
        let failed = |reason: String| CertificatesError { path: path.into(), reason };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots.add(certificate).map_err(|error| failed(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("the provider has the ciphers of these versions");
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
