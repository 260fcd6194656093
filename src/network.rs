//! What connections to servers have in common, whoever opens them.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// A text that is never printed: it has no `Display`, and its `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(pub String);

impl Secret {
    /// The text, for the code that sends it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// A message of a server or library without the secret.
    pub(crate) fn taken_out_of(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host of a URL, without the brackets of an IPv6 address.
pub(crate) fn host(url: &url::Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// HTTP that takes at most `step` to connect and to send. Redirects are not followed, and this
/// machine is reached without a proxy.
pub(crate) fn http(is_local: bool, is_verified: bool, step: Duration) -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let config = Agent::config_builder()
        .tls_config(tls.disable_verification(!is_verified).build())
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(step))
        .timeout_send_body(Some(step));
    if is_local { config.proxy(None) } else { config }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example", "128.0.0.1", "::2", "example", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
