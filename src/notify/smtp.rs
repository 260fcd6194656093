//! E-mail over SMTP.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{self, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{Address, Message, SmtpTransport, Transport};
use percent_encoding::percent_decode_str;
use url::Url;

use super::SendError;
use super::content::harmless;
use super::relay::Relay;
use super::secret::Redactor;
use crate::domain::day::Instant;
use crate::error::{CommandError, not_allowed};
use crate::network::{Secret, host, is_loopback};
use crate::store::SendingLimits;

pub(super) struct Mailer {
    host: String,
    port: u16,
    encryption: Encryption,
    /// Or why encryption is impossible: no certificates on this machine, for example.
    tls: Result<Tls, String>,
    credentials: Option<Credentials>,
    limits: SendingLimits,
    from: Mailbox,
    redactor: Redactor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mail {
    /// The name and address of the recipient.
    pub to: (String, String),
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The Message-ID, the same at each attempt, with its angle brackets.
    pub message_id: String,
    pub date: Instant,
}

impl Mailer {
    /// A mailer for a server URL: `smtps://`, `smtp://…?tls=required`, or `smtp://` on this
    /// machine.
    ///
    /// # Errors
    /// A URL or sender that cannot be used (exit 9). The error never shows the URL.
    pub(super) fn new(url: &Secret, from: &str, limits: SendingLimits) -> Result<Self> {
        let parsed = Url::parse(url.expose()).map_err(|_| refused("is not a URL"))?;
        let encryption = check(&parsed)?;
        let redactor = redactor(url, &parsed);
        let host = host(&parsed).to_owned();
        let tls = encryption.of(&host).map_err(|error| redactor.clean(&error.to_string()));
        let credentials = parsed
            .password()
            .map(|password| Credentials::new(decoded(parsed.username()), decoded(password)));
        let port = parsed.port().unwrap_or(encryption.usual_port());
        let from = sender(from)?;
        Ok(Mailer { host, port, encryption, tls, credentials, limits, from, redactor })
    }

    /// Delivers a mail; the server has accepted it when this succeeds.
    ///
    /// # Errors
    /// An invalid address; a server that cannot be reached or rejects the mail.
    pub(super) fn send(&self, mail: &Mail) -> Result<(), SendError> {
        let tls = self.tls.as_ref().map_err(SendError::new)?;
        let message = self.message(mail).map_err(SendError::new)?;
        let unreachable = |error: io::Error| {
            let error = harmless(&error.to_string());
            SendError::new(format!("cannot reach the mail server: {error}"))
        };
        let relay =
            Relay::to(&self.host, self.port, self.encryption, self.limits).map_err(unreachable)?;
        match self.transport(tls.clone(), &relay).send(&message) {
            Ok(_) => Ok(()),
            Err(error) => Err(SendError::new(match relay.complaint() {
                Some(complaint) => complaint.to_owned(),
                None => self.explain(&error),
            })),
        }
    }

    /// What an error of the conversation means.
    fn explain(&self, error: &smtp::Error) -> String {
        // The library has no kind of its own for this error.
        if error.is_client() && error.to_string().ends_with(NO_LOGIN) {
            return "the mail server offers no way to log in, and the URL has a password"
                .to_owned();
        }
        if is_silence(error) {
            return format!("no answer from the mail server within {:?}", self.limits.step);
        }
        self.redactor.clean(&error.to_string())
    }

    /// The server name is the one in its certificate; only the address is that of the relay.
    fn transport(&self, tls: Tls, relay: &Relay) -> SmtpTransport {
        let address = relay.address();
        let builder = SmtpTransport::builder_dangerous(address.ip().to_string())
            .port(address.port())
            .tls(tls)
            .timeout(Some(self.limits.step));
        match &self.credentials {
            Some(credentials) => builder.credentials(credentials.clone()).build(),
            None => builder.build(),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let (name, address) = &mail.to;
        let to: Address = address
            .trim()
            .parse()
            .map_err(|_| format!("'{}' is not an e-mail address", harmless(address)))?;
        let name_of_header = HeaderName::new_from_ascii_str("Auto-Submitted");
        let automatic = HeaderValue::new(name_of_header, "auto-generated".to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(harmless(name)), to))
            .subject(harmless(&mail.subject))
            .date(system_time(mail.date))
            .message_id(Some(mail.message_id.clone()))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()))
            .map_err(|error| error.to_string())
    }
}

/// How the library puts it that a server offers none of the ways to log in that it knows.
const NO_LOGIN: &str = "No compatible authentication mechanism was found";

/// Whether the server did not answer in time. What has not come is an error "would block".
fn is_silence(error: &smtp::Error) -> bool {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let mut kinds = causes.filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    kinds.any(|kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// The sender, as `signals@example.com` or `Signals <signals@example.com>`.
///
/// # Errors
/// Not an address (exit 9).
pub(super) fn sender(text: &str) -> Result<Mailbox, CommandError> {
    let wrong =
        |_| not_allowed(format!("the sender '{}' is not an e-mail address", harmless(text)));
    let hint = "`from` of the notify settings says who sends, as signals@example.com";
    text.parse().map_err(wrong).map_err(|failure| failure.hint(hint))
}

/// How a conversation is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Not at all, for servers on this machine.
    None,
    /// After STARTTLS; a server without it gets nothing.
    StartTls,
    /// From the beginning.
    Whole,
}

impl Encryption {
    fn of(self, host: &str) -> Result<Tls, smtp::Error> {
        Ok(match self {
            Encryption::None => Tls::None,
            Encryption::StartTls => Tls::Required(TlsParameters::new(host.to_owned())?),
            Encryption::Whole => Tls::Wrapper(TlsParameters::new(host.to_owned())?),
        })
    }

    fn usual_port(self) -> u16 {
        match self {
            Encryption::None => SMTP_PORT,
            Encryption::StartTls => SUBMISSION_PORT,
            Encryption::Whole => SUBMISSIONS_PORT,
        }
    }
}

fn check(url: &Url) -> Result<Encryption, CommandError> {
    let host = Some(host(url)).filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| refused("names no host"))?;
    let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
    match (url.scheme(), tls.as_deref()) {
        ("smtps", _) => Ok(Encryption::Whole),
        ("smtp", Some("required")) => Ok(Encryption::StartTls),
        ("smtp", None) if is_loopback(host) => Ok(Encryption::None),
        ("smtp", None) => Err(refused(
            "asks for no encryption, which is allowed only to a server on this machine",
        )
        .hint("write smtps://HOST, or smtp://HOST?tls=required for STARTTLS")),
        ("smtp", Some(_)) => Err(refused("has a tls= that is not 'required'")),
        _ => Err(refused("begins neither with smtp:// nor with smtps://")),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn refused(what: &str) -> CommandError {
    not_allowed(format!("the URL of the mail server {what}")).hint(
        "it looks like smtps://USER:PASSWORD@mail.example.com; `smtp_url` of the notify settings says where it stands",
    )
}

fn redactor(secret: &Secret, url: &Url) -> Redactor {
    let (user, password) = (decoded(url.username()), decoded(url.password().unwrap_or_default()));
    let encoded = url.password().unwrap_or_default();
    let mut texts = vec![secret.expose(), url.as_str(), encoded, &password];
    // What is sent in base64 to log in.
    let login = format!("\u{0}{user}\u{0}{password}");
    if !password.is_empty() {
        texts.push(&login);
    }
    Redactor::new(texts)
}

fn system_time(instant: Instant) -> SystemTime {
    SystemTime::UNIX_EPOCH
        + Duration::from_micros(u64::try_from(instant.micros()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notify::{SecretSource, is_address};

    fn mailer(url: &str) -> Result<Mailer> {
        let secret =
            Secret::find(&SecretSource::Variable("X".to_owned()), |_| Some(url.to_owned()))?;
        Mailer::new(&secret.unwrap(), "signals@example.com", SendingLimits::default())
    }

    #[test]
    fn a_url_names_the_host_and_the_port() {
        for (url, host, port) in [
            ("smtp://localhost", "localhost", 25),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525),
            ("smtp://[::1]:2525", "::1", 2525),
            ("smtps://[2001:db8::1]", "2001:db8::1", 465),
            ("smtps://mail.example.com", "mail.example.com", 465),
            ("smtp://u:hunter2@mail.example.com?tls=required", "mail.example.com", 587),
            ("smtp://mail.example.com:25?tls=required", "mail.example.com", 25),
        ] {
            let mailer = mailer(url).unwrap();
            assert_eq!((mailer.host.as_str(), mailer.port), (host, port), "{url}");
        }
    }

    #[test]
    fn names_and_passwords_are_decoded() {
        let credentials = |url: &str| mailer(url).unwrap().credentials;
        let expected = Credentials::new("ana@vendor".to_owned(), "a:b/c%".to_owned());
        assert_eq!(
            credentials("smtps://ana%40vendor:a%3Ab%2Fc%25@mail.example.com"),
            Some(expected)
        );
        assert_eq!(credentials("smtps://mail.example.com"), None);
    }

    #[test]
    fn only_this_machine_is_told_in_the_clear() {
        let fine = [
            "smtp://localhost:2525",
            "smtp://127.0.0.1:25",
            "smtp://[::1]:25",
            "smtp://u:hunter2@127.0.0.1",
        ];
        for url in fine {
            assert!(mailer(url).is_ok(), "{url}");
        }
        for url in [
            "smtp://mail.example.com",
            "smtp://u:hunter2@mail.example.com:25",
            "smtp://localhost.example.com",
            "smtp://10.0.0.1",
            "smtp://[::2]",
            "smtp://127.1",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://127.0.0.1?tls=none",
            "smtps://",
            "https://mail.example.com",
            "hunter2",
            "",
        ] {
            let error = mailer(url).err().unwrap_or_else(|| panic!("{url} was taken"));
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    /// An address that an import accepts can receive mail.
    #[test]
    fn an_address_of_the_team_is_one_for_the_mail() {
        for text in [
            "ana@example.com",
            "ana.b+c@mail.example.com",
            "o'neil@localhost",
            "zoë@münchen.example",
            "a@1.example",
        ] {
            assert!(is_address(text), "{text}");
            assert!(text.parse::<Address>().is_ok(), "{text}");
        }
        for text in [
            "",
            "ana",
            "@",
            "ana@",
            "@example.com",
            "ana b@example.com",
            "ana@exa mple.com",
            "ana@example..com",
            ".ana@example.com",
            "ana@-example.com",
            "ana@example.com, bo@example.com",
            "Ana <ana@example.com>",
            "n/a@",
            "ana@b@c.example,d",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }

    #[test]
    fn a_sender_is_an_address() {
        assert!(sender("signals@example.com").is_ok());
        assert!(sender("Signals <signals@example.com>").is_ok());
        assert!(sender("signals").is_err());
    }
}
