//! PostgreSQL and compatible servers: Citus, Redshift, CockroachDB, Greenplum, AlloyDB, Yugabyte.
//!
//! Queries use the simple protocol, as text without parameters, cursors or COPY, because all of
//! these and their connection poolers support that. Rows are passed on as they arrive.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, pin_mut};
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::access::{Address, Protection};
use super::{Answer, CONNECTING, Failure, GRACE, Server, limit};
use crate::domain::source::PullSource;
use crate::network::Secret;

/// The version that every Redshift reports.
const REDSHIFT: &str = "8.0.2";

pub(super) struct Postgres {
    runtime: Runtime,
    client: Client,
    password: Secret,
    timeout: Duration,
    is_redshift: bool,
}

impl Postgres {
    pub(super) fn connect(
        source: &PullSource,
        address: &Address,
        password: &Secret,
    ) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Unreachable(format!("cannot open a connection: {error}")))?;
        let mut config = Config::new();
        config.host(&address.host).port(address.port).connect_timeout(CONNECTING);
        config.application_name("signals");
        if let Some(user) = &address.user {
            config.user(user);
        }
        if let Some(database) = &address.database {
            config.dbname(database);
        }
        if !password.expose().is_empty() {
            config.password(password.expose());
        }
        let client = runtime.block_on(async {
            let opened = timeout(CONNECTING + GRACE, open(&config, address.protection)).await;
            let silent = || Failure::Unreachable("the server does not answer".to_owned());
            opened.unwrap_or_else(|_| Err(silent()))
        });
        let (client, version) = client.map_err(|failure| failure.without(password))?;
        Ok(Postgres {
            runtime,
            client,
            password: password.clone(),
            timeout: limit(source),
            is_redshift: version.as_deref() == Some(REDSHIFT),
        })
    }
}

impl Server for Postgres {
    fn begin(&mut self) -> Result<(), Failure> {
        let milliseconds = self.timeout.as_millis();
        let mut begin = format!(
            "begin transaction isolation level repeatable read read only; \
             set local statement_timeout = {milliseconds}"
        );
        if !self.is_redshift {
            begin.push_str(&format!("; set local lock_timeout = {milliseconds}"));
        }
        self.ask(&begin, &mut |_| Ok(()))
    }

    fn ask(&mut self, question: &str, answer: Answer<'_>) -> Result<(), Failure> {
        let (client, limit) = (&self.client, self.timeout + GRACE);
        let asked = self.runtime.block_on(async {
            let rows = timeout(limit, client.simple_query_raw(question)).await;
            let rows = rows.map_err(|_| too_slow(limit))?.map_err(failure)?;
            pin_mut!(rows);
            loop {
                let next = timeout(limit, rows.next()).await.map_err(|_| too_slow(limit))?;
                let Some(message) = next else { return Ok(()) };
                if let SimpleQueryMessage::Row(row) = message.map_err(failure)? {
                    let texts = (0..row.len()).map(|place| row.try_get(place));
                    answer(&texts.collect::<Result<Vec<_>, _>>().map_err(failure)?)?;
                }
            }
        });
        asked.map_err(|failure: Failure| failure.without(&self.password))
    }

    fn explain(&mut self, question: &str) -> Result<String, Failure> {
        let explain = if self.is_redshift { "explain" } else { "explain (verbose)" };
        self.lines(&format!("{explain} {question}"))
    }
}

/// A client, and the version that the server reports in its greeting.
async fn open(
    config: &Config,
    protection: Protection,
) -> Result<(Client, Option<String>), Failure> {
    let mut config = config.clone();
    if protection == Protection::None {
        return opened(config.ssl_mode(SslMode::Disable), NoTls).await;
    }
    let tls = MakeRustlsConnect::new(tls(protection).map_err(Failure::Unreachable)?);
    opened(config.ssl_mode(SslMode::Require), tls).await
}

async fn opened<T>(config: &Config, tls: T) -> Result<(Client, Option<String>), Failure>
where
    T: MakeTlsConnect<Socket, Stream: Send + 'static>,
{
    let (client, connection) = config.connect(tls).await.map_err(failure)?;
    let version = connection.parameter("server_version").map(str::to_owned);
    // The connection is driven in the background and ends with the client.
    tokio::spawn(connection);
    Ok((client, version))
}

fn tls(protection: Protection) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match protection {
        Protection::Verified => Arc::new(
            Verifier::new(Arc::clone(&provider))
                .map_err(|error| format!("the certificates of this machine: {error}"))?,
        ),
        _ => Arc::new(Anybody(Arc::clone(&provider))),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Accepts every certificate, only for connections to this machine.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn too_slow(limit: Duration) -> Failure {
    Failure::Unreachable(format!("no answer within {} seconds", limit.as_secs()))
}

/// The meaning of a server error: a wrong name or password is a configuration error; an unreachable
/// server may come back.
fn failure(error: Error) -> Failure {
    let Some(answer) = error.as_db_error() else {
        return match cause(&error) {
            text if text.contains("password") => Failure::Configuration(text),
            text => Failure::Unreachable(text),
        };
    };
    let code = answer.code();
    let text = match answer.detail() {
        Some(detail) => format!("{}: {detail}", answer.message()),
        None => answer.message().to_owned(),
    };
    let is_ours = ["22", "28", "3D", "3F", "42"].iter().any(|class| code.code().starts_with(class));
    match code {
        &SqlState::QUERY_CANCELED => Failure::TooSlow(format!("{text} (timeout of the source)")),
        _ if is_ours => Failure::Configuration(text),
        _ => Failure::Unreachable(text),
    }
}

/// The whole chain of causes, without duplicates.
fn cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let part = cause.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        source = cause.source();
    }
    text
}
