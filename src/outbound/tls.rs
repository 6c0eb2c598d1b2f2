//! TLS for the connections that we open.

/// Chooses ring for all of this process. rustls leaves that to the program, and its users refuse to work before.
pub fn choose_provider() {
    // An error only says that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
