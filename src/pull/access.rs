//! Access to a source: its URL, and the password, which is never printed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, bail};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::domain::source::{Engine, PullSource};
use crate::error::{CommandError, not_allowed};
use crate::network::{Secret, host, is_loopback};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Not at all, only for this machine.
    None,
    /// Encrypted, without checking the certificate, only for this machine.
    Encrypted,
    /// Encrypted, with a verified certificate.
    Verified,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub database: Option<String>,
    pub protection: Protection,
}

const UNENCRYPTED: &str = "asks for no encryption, which is allowed only on this machine";
const POSTGRES_URL: &str = "write it like postgres://USER@HOST:5432/DATABASE?sslmode=verify-full";

/// Parses the URL of a source.
///
/// # Errors
/// A URL that cannot be used, or that contains a password (exit 9); it is never shown.
pub(crate) fn address(name: &str, engine: Engine, url: &str) -> Result<Address, CommandError> {
    let wrong = |what: &str| {
        not_allowed(format!("the url of the source '{name}' {what}")).hint(match engine {
            Engine::Postgres => POSTGRES_URL,
            Engine::ClickHouse => "write it like https://USER@HOST:8443/DATABASE",
        })
    };
    let parsed = Url::parse(url).map_err(|_| wrong("is not a URL"))?;
    if parsed.password().is_some() || parsed.query_pairs().any(|(key, _)| key == "password") {
        return Err(not_allowed(format!("the url of the source '{name}' holds a password"))
            .hint("take it out; SIGNALS_SOURCE_PASSWORD or ~/.pgpass has it"));
    }
    let host = Some(host(&parsed)).filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| wrong("names no host"))?.to_owned();
    let protection = match (engine, parsed.scheme()) {
        (Engine::Postgres, "postgres" | "postgresql") => of_sslmode(&parsed, &host, wrong)?,
        (Engine::ClickHouse, "https") if is_loopback(&host) => Protection::Encrypted,
        (Engine::ClickHouse, "https") => Protection::Verified,
        (Engine::ClickHouse, "http") if is_loopback(&host) => Protection::None,
        (Engine::ClickHouse, "http") => return Err(wrong(UNENCRYPTED)),
        (_, scheme) => return Err(wrong(&format!("begins with {scheme}://"))),
    };
    let usual_port = match (engine, protection) {
        (Engine::Postgres, _) => 5432,
        (Engine::ClickHouse, Protection::None) => 8123,
        (Engine::ClickHouse, _) => 8443,
    };
    let text = |text: &str| {
        let text = percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(text).filter(|text| !text.is_empty())
    };
    Ok(Address {
        host,
        // The default port of the scheme is that of web servers, which is wrong for sources.
        port: parsed.port().unwrap_or(usual_port),
        user: text(parsed.username()),
        database: text(parsed.path().trim_matches('/')),
        protection,
    })
}

fn of_sslmode(
    url: &Url,
    host: &str,
    wrong: impl Fn(&str) -> CommandError,
) -> Result<Protection, CommandError> {
    let mut mode = None;
    for (key, value) in url.query_pairs() {
        match key.as_ref() {
            "sslmode" => mode = Some(value.into_owned()),
            other => return Err(wrong(&format!("has the unknown parameter '{other}'"))),
        }
    }
    let is_local = is_loopback(host);
    match mode.as_deref() {
        Some("verify-full" | "verify-ca") => Ok(Protection::Verified),
        Some("require") if is_local => Ok(Protection::Encrypted),
        None | Some("disable" | "allow" | "prefer") if is_local => Ok(Protection::None),
        Some("disable") => Err(wrong(UNENCRYPTED)),
        None | Some("allow" | "prefer" | "require") => Ok(Protection::Verified),
        Some(other) => Err(wrong(&format!("has the unknown sslmode '{other}'"))),
    }
}

/// The password of a source: from the environment, else from `~/.pgpass`. `variable` reads the
/// environment.
///
/// # Errors
/// A password file that others can read (exit 9).
pub(crate) fn password(
    source: &PullSource,
    address: &Address,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Secret> {
    if let Some(password) = variable("SIGNALS_SOURCE_PASSWORD") {
        return Ok(Secret(password));
    }
    let Some(home) = variable("HOME") else { return Ok(Secret::default()) };
    let path = Path::new(&home).join(".pgpass");
    let Ok(metadata) = fs::metadata(&path) else { return Ok(Secret::default()) };
    let (name, place) = (&source.name, path.display());
    if metadata.permissions().mode() & 0o077 != 0 {
        let what = format!("others than its owner can read {place}");
        bail!(not_allowed(what).hint(format!("chmod 600 {place}")));
    }
    let text = fs::read_to_string(&path).map_err(|error| {
        not_allowed(format!(
            "the password of the source '{name}' cannot be read from {place}: {error}"
        ))
    })?;
    Ok(in_pgpass(&text, address).unwrap_or_default())
}

/// The password in the first matching line: `host:port:database:user:password`, where `*` matches
/// anything and `\` escapes a colon.
fn in_pgpass(text: &str, address: &Address) -> Option<Secret> {
    let port = address.port.to_string();
    let user = address.user.as_deref().unwrap_or_default();
    let database = address.database.as_deref().unwrap_or(user);
    let wanted = [address.host.as_str(), &port, database, user];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let fits =
            wanted.iter().zip(&fields).all(|(wanted, field)| field == "*" || field == wanted);
        (fields.len() == 5 && fits).then(|| Secret(fields[4].clone()))
    })
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        let next = match char {
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            '\\' => chars.next(),
            other => Some(other),
        };
        if let Some(last) = fields.last_mut() {
            last.extend(next);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Result<Address, CommandError> {
        let is_postgres = url.starts_with("postgres");
        let engine = if is_postgres { Engine::Postgres } else { Engine::ClickHouse };
        address("warehouse", engine, url)
    }

    #[test]
    fn other_machines_are_asked_encrypted_and_have_to_prove_their_names() {
        for (url, port, protection) in [
            ("postgres://u@db.example/a", 5432, Protection::Verified),
            ("postgres://u@db.example:6/a?sslmode=prefer", 6, Protection::Verified),
            ("postgresql://u@db.example/a?sslmode=verify-full", 5432, Protection::Verified),
            ("postgres://u@127.0.0.1/a", 5432, Protection::None),
            ("postgres://u@[::1]/a", 5432, Protection::None),
            ("postgres://u@localhost/a?sslmode=require", 5432, Protection::Encrypted),
            ("postgres://u@localhost/a?sslmode=verify-full", 5432, Protection::Verified),
            ("https://u@ch.example/a", 8443, Protection::Verified),
            ("http://127.0.0.1:1/a", 1, Protection::None),
            ("http://localhost/a", 8123, Protection::None),
        ] {
            let address = at(url).unwrap();
            assert_eq!((address.port, address.protection), (port, protection), "{url}");
        }
        for url in [
            "postgres://u@db.example/a?sslmode=disable",
            "http://ch.example/a",
            "postgres:///a",
            "mysql://u@h/a",
            "nothing",
            "postgres://u@h/a?sslmode=maybe",
        ] {
            assert!(at(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        for url in ["postgres://u:s3cret@h/a", "postgres://u@h/a?password=s3cret"] {
            let error = at(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"));
        }
    }

    #[test]
    fn the_first_fitting_line_has_the_password() {
        let address = at("postgres://ana@db.example:5433/events").unwrap();
        let text = "# a comment\ndb.example:1:*:*:no\n*:5433:events:bo:no\n*:*:events:ana:a\\:b:c\n*:*:*:*:no\n";
        assert_eq!(in_pgpass(text, &address).unwrap().expose(), "a:b:c");
        assert_eq!(in_pgpass("x:1:2:3\n", &address), None);
    }
}
