//! How connections to providers are made: which addresses, with which certificates, in what time.

use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use super::CallError;
use super::addresses::is_public;
use super::own_name::OwnName;
use super::place::{Allowed, BadBaseUrl, BaseUrl};

/// How often a silent connection is tried, and how often in vain before it counts as broken.
const PROBE_EVERY: Duration = Duration::from_secs(15);
const PROBES: u32 = 3;

/// A connection before anything was said on it.
pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// How providers are called.
#[derive(Clone, Debug)]
pub struct CallRules {
    /// What may be called although it is private.
    pub allowed: Allowed,
    /// Certificates that are trusted besides the system's, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// How long connecting may take.
    pub connect_within: Duration,
    /// By what our own calls are known.
    pub own_name: OwnName,
}

/// The certificates cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("it holds no certificates in PEM form")]
pub struct BadAuthorities;

/// Makes connections to providers. Clones share what they trust and the sessions of TLS that can be resumed.
#[derive(Clone)]
pub struct Connector {
    /// To what is public.
    public: HttpsConnector<HttpConnector<Resolver>>,
    /// To what the operator allows by name.
    named: HttpsConnector<HttpConnector<Resolver>>,
    connect_within: Duration,
    /// What may be called although it is private.
    pub(super) allowed: Allowed,
    /// By what our own calls are known.
    pub(super) own_name: OwnName,
}

impl Connector {
    /// By these rules. Reads the certificates that the system trusts.
    ///
    /// # Errors
    /// If the certificates of the rules cannot be read.
    pub fn new(rules: &CallRules) -> Result<Self, BadAuthorities> {
        let tls = tls(rules.authorities.as_deref())?;
        let tcp = |only_public| {
            let mut tcp = HttpConnector::new_with_resolver(Resolver { only_public });
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(rules.connect_within));
            // A call may be silent for minutes: routers must not forget it, nor must we wait for one who is gone.
            tcp.set_keepalive(Some(PROBE_EVERY));
            tcp.set_keepalive_interval(Some(PROBE_EVERY));
            tcp.set_keepalive_retries(Some(PROBES));
            #[cfg(target_os = "linux")]
            tcp.set_tcp_user_timeout(Some(PROBE_EVERY * PROBES));
            tcp
        };
        let builder = || HttpsConnectorBuilder::new().with_tls_config(tls.clone());
        Ok(Self {
            public: (builder().https_only().enable_http1()).wrap_connector(tcp(true)),
            named: (builder().https_or_http().enable_http1()).wrap_connector(tcp(false)),
            connect_within: rules.connect_within,
            allowed: rules.allowed.clone(),
            own_name: rules.own_name.clone(),
        })
    }

    /// True if one of these values of `CDN-Loop` says that a call has been here before.
    pub fn has_been_here<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> bool {
        self.own_name.is_in(values)
    }

    /// Connects to host and port of a base URL that has been judged.
    ///
    /// # Errors
    /// If it cannot be reached in time, or only in private ranges.
    pub(super) async fn connect(&self, base: &BaseUrl) -> Result<Stream, CallError> {
        let mut connector = match base.is_named(&self.allowed) {
            true => self.named.clone(),
            false => self.public.clone(),
        };
        let place = (base.origin().parse::<Uri>())
            .map_err(|_unlike_a_uri| CallError::Refused(BadBaseUrl::Malformed.to_string()))?;
        let connect = async {
            poll_fn(|cx| connector.poll_ready(cx)).await?;
            connector.call(place).await
        };
        match timeout(self.connect_within, connect).await {
            Ok(connected) => connected.map_err(|error| failed(&*error)),
            Err(_elapsed) => Err(CallError::TimedOut),
        }
    }
}

/// What is trusted: the system's authorities, and these.
fn tls(authorities: Option<&[u8]>) -> Result<ClientConfig, BadAuthorities> {
    crate::outbound::tls::choose_provider();
    let ours: Vec<CertificateDer<'static>> = match authorities {
        Some(pem) => (CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>())
            .or(Err(BadAuthorities))?,
        None => Vec::new(),
    };
    if authorities.is_some() && ours.is_empty() {
        return Err(BadAuthorities);
    }
    let is_system_alone = ours.is_empty();
    let builder = ClientConfig::builder();
    match Verifier::new_with_extra_roots(ours, builder.crypto_provider().clone()) {
        Ok(verifier) => Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth()),
        // The system has none. All else works, so the server starts; what nobody vouches for is not called.
        Err(error) if is_system_alone => {
            tracing::warn!(
                error = &error as &dyn Error,
                "providers cannot be called over https: this machine has no certificate authorities. Install the package \
                 ca-certificates, or name a file of them in provider_ca_file"
            );
            Ok(builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth())
        }
        Err(_unreadable) => Err(BadAuthorities),
    }
}

/// Resolves names; where it must, to public addresses only. What it gives is what is connected to: a name that stands for
/// another address a moment later gains nothing.
#[derive(Clone)]
struct Resolver {
    only_public: bool,
}

/// Why a name gives no address.
#[derive(Debug, thiserror::Error)]
enum NoAddress {
    #[error("the name cannot be resolved")]
    Unknown(#[source] std::io::Error),
    #[error("all addresses of the name are in private ranges")]
    NothingPublic,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NoAddress>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let only_public = self.only_public;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<SocketAddr> = (found.map_err(NoAddress::Unknown)?)
                .filter(|address| !only_public || is_public(address.ip()))
                .collect();
            match found.is_empty() {
                true => Err(NoAddress::NothingPublic),
                false => Ok(found.into_iter()),
            }
        })
    }
}

/// True if TLS says that something is wrong. Its error is wrapped in errors of input and output, once or twice, which hide it
/// from `source`.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    let io = error.downcast_ref::<std::io::Error>();
    io.and_then(std::io::Error::get_ref)
        .is_some_and(|inner| is_of_tls(inner))
}

/// Why there is no connection, in words that say nothing of addresses.
fn failed(error: &(dyn Error + 'static)) -> CallError {
    let mut cause = Some(error);
    while let Some(one) = cause {
        match one.downcast_ref() {
            Some(NoAddress::NothingPublic) => {
                return CallError::Refused(BadBaseUrl::Private.to_string());
            }
            Some(NoAddress::Unknown(_)) => {
                return CallError::Unreachable("Its name is not known.".to_owned());
            }
            None => {}
        }
        if is_of_tls(one) {
            return CallError::Unreachable("Its certificate does not fit.".to_owned());
        }
        if let Some(io) = one.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::TimedOut
        {
            return CallError::TimedOut;
        }
        cause = one.source();
    }
    CallError::Unreachable("No connection could be made.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(only_public: bool) -> Result<std::vec::IntoIter<SocketAddr>, NoAddress> {
        let name = "localhost".parse().unwrap();
        Resolver { only_public }.call(name).await
    }

    #[tokio::test]
    async fn a_name_for_this_machine_has_an_address_only_where_it_is_allowed() {
        assert!(matches!(resolve(true).await, Err(NoAddress::NothingPublic)));
        assert!(
            resolve(false)
                .await
                .unwrap()
                .all(|address| address.ip().is_loopback())
        );
    }
}
