//! Posts to Slack through an incoming webhook.

use std::io::ErrorKind;

use anyhow::Result;
use ureq::Agent;
use url::Url;

use super::SendError;
use super::secret::Redactor;
use crate::error::{CommandError, not_allowed};
use crate::network::{Secret, host, http, is_loopback};
use crate::store::SendingLimits;

pub(super) struct Webhook {
    url: Secret,
    /// The host and port, which are no secret.
    server: String,
    agent: Agent,
    redactor: Redactor,
}

impl Webhook {
    /// A webhook URL: `https://`, or `http://` on this machine.
    ///
    /// # Errors
    /// A URL that cannot be used (exit 9). The error never shows it, because all of it is secret.
    pub(super) fn new(url: Secret, limits: SendingLimits) -> Result<Self> {
        let parsed = Url::parse(url.expose()).map_err(|_| refused("is not a URL"))?;
        check(&parsed)?;
        let path =
            Some(parsed.path().trim_matches('/')).filter(|path| path.len() > 1).unwrap_or_default();
        let redactor = Redactor::new([url.expose(), parsed.as_str(), path]);
        let port = parsed.port_or_known_default().unwrap_or_default();
        let server = format!("{}:{port}", parsed.host_str().unwrap_or_default());
        Ok(Webhook { agent: agent(&parsed, limits), url, server, redactor })
    }

    /// Posts a message; Slack has accepted it when this succeeds. The body of the answer is not
    /// read, because the status is enough.
    ///
    /// # Errors
    /// The server cannot be reached, or does not answer with success. Redirects are not followed.
    pub(super) fn post(&self, payload: &serde_json::Value) -> Result<(), SendError> {
        let request = self.agent.post(self.url.expose());
        let response = request
            .header("content-type", "application/json; charset=utf-8")
            .send(payload.to_string())
            .map_err(|error| SendError::new(self.redactor.clean(&self.explain(&error))))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let text = format!("the webhook answers with status {}", status.as_u16());
        let patience = response.headers().get("retry-after");
        let patience = patience.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(SendError { text, patience })
    }

    fn explain(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                format!("connection refused by {}", self.server)
            }
            error => error.to_string(),
        }
    }
}

fn agent(url: &Url, limits: SendingLimits) -> Agent {
    let SendingLimits { step, message, .. } = limits;
    let config = http(is_local(url), true, step);
    config.timeout_global(Some(message)).timeout_recv_response(Some(step)).build().into()
}

fn check(url: &Url) -> Result<(), CommandError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local(url) => Ok(()),
        "http" => Err(refused("asks for no encryption, which is allowed only on this machine")),
        _ => Err(refused("does not begin with https://")),
    }
}

fn is_local(url: &Url) -> bool {
    is_loopback(host(url))
}

fn refused(what: &str) -> CommandError {
    not_allowed(format!("the URL of the Slack webhook {what}"))
        .hint("Slack shows it as https://hooks.slack.com/services/…; `slack_webhook` of the notify settings says where it stands")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notify::SecretSource;

    #[test]
    fn only_this_machine_is_told_in_the_clear() {
        let webhook = |url: &str| {
            let secret =
                Secret::find(&SecretSource::Variable("X".to_owned()), |_| Some(url.to_owned()));
            Webhook::new(secret.unwrap().unwrap(), SendingLimits::default())
        };
        for url in [
            "https://hooks.example.com/a",
            "http://localhost:1/a",
            "http://127.0.0.1:1/a",
            "http://[::1]:1/a",
        ] {
            assert!(webhook(url).is_ok(), "{url}");
        }
        for url in [
            "http://hooks.example.com/hunter2",
            "http://10.0.0.1/hunter2",
            "ftp://a/hunter2",
            "hunter2",
            "",
        ] {
            let error = webhook(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
