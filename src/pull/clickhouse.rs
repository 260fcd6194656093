//! ClickHouse over HTTP.
//!
//! An answer may fail after its status was 200, and then ends with an exception message instead of
//! rows. A row with an unexpected number of fields is such a message.

use std::io::{BufRead, BufReader, Read};

use anyhow::Result;
use flate2::read::MultiGzDecoder;
use ureq::Agent;

use super::access::{Address, Protection};
use super::{Answer, CONNECTING, Failure, GRACE, Server, limit};
use crate::domain::source::PullSource;
use crate::network::{Secret, http};

const LONGEST_MESSAGE: u64 = 16 * 1024;

pub(super) struct ClickHouse {
    agent: Agent,
    url: String,
    user: Option<String>,
    password: Secret,
}

impl ClickHouse {
    pub(super) fn new(source: &PullSource, address: &Address, password: &Secret) -> Self {
        let limit = Some(limit(source) + GRACE);
        let is_local = address.protection != Protection::Verified;
        let is_verified = address.protection != Protection::Encrypted;
        let config = http(is_local, is_verified, CONNECTING);
        ClickHouse {
            agent: config.timeout_recv_response(limit).timeout_recv_body(limit).build().into(),
            url: url(source, address),
            user: address.user.clone(),
            password: password.clone(),
        }
    }

    /// Sends a query. Returns the text of the answer.
    fn answer(&self, question: &str) -> Result<impl BufRead + use<>, Failure> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("content-type", "text/plain; charset=utf-8")
            .header("accept-encoding", "gzip");
        if let Some(user) = &self.user {
            request = request.header("x-clickhouse-user", user);
            if !self.password.expose().is_empty() {
                request = request.header("x-clickhouse-key", self.password.expose());
            }
        }
        let sent = request.send(question);
        let response = sent.map_err(|error| self.lost(&error.to_string()))?;
        let status = response.status();
        let encoding = response.headers().get("content-encoding");
        let is_packed =
            encoding.is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip"));
        let body = response.into_body().into_reader();
        let mut text: Box<dyn BufRead> = match is_packed {
            true => Box::new(BufReader::new(MultiGzDecoder::new(body))),
            false => Box::new(BufReader::new(body)),
        };
        if status.is_success() {
            return Ok(text);
        }
        let mut message = String::new();
        // A message that is not text is ignored.
        let _ = (&mut text).take(LONGEST_MESSAGE).read_to_string(&mut message);
        Err(self.exception(&format!("status {}: {}", status.as_u16(), message.trim())))
    }

    fn lost(&self, text: &str) -> Failure {
        Failure::Unreachable(self.password.taken_out_of(text))
    }

    /// The meaning of an exception, by its number.
    fn exception(&self, text: &str) -> Failure {
        let line = text.lines().find(|line| line.contains("Code: ")).unwrap_or(text);
        let text = self.password.taken_out_of(line.trim());
        let number = text
            .split_once("Code: ")
            .and_then(|(_, rest)| rest.split(|char: char| !char.is_ascii_digit()).next())
            .and_then(|number| number.parse::<u32>().ok());
        match number {
            // Timeouts.
            Some(159 | 160 | 209) => Failure::TooSlow(text),
            // Networks and other servers.
            Some(210 | 279 | 3 | 32 | 242 | 519) => Failure::Unreachable(text),
            Some(_) => Failure::Configuration(text),
            None => Failure::Unreachable(text),
        }
    }
}

impl Server for ClickHouse {
    /// ClickHouse has no such transactions: each query sees the present data.
    fn begin(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn ask(&mut self, question: &str, answer: Answer<'_>) -> Result<(), Failure> {
        let mut text = self.answer(&format!("{question} FORMAT TabSeparated"))?;
        let (mut line, mut width) = (String::new(), None);
        loop {
            line.clear();
            let read = text.read_line(&mut line).map_err(|error| self.lost(&error.to_string()))?;
            if read == 0 {
                return Ok(());
            }
            let Some(row) = line.strip_suffix('\n') else {
                return Err(self.lost("the answer ends in the middle of a row"));
            };
            let fields: Vec<Option<String>> = row.split('\t').map(field).collect();
            if is_exception(row) || width.is_some_and(|width| width != fields.len()) {
                let mut message = row.to_owned();
                let _ = (&mut text).take(LONGEST_MESSAGE).read_to_string(&mut message);
                return Err(self.exception(&message));
            }
            width = Some(fields.len());
            let fields: Vec<Option<&str>> = fields.iter().map(Option::as_deref).collect();
            answer(&fields)?;
        }
    }

    fn explain(&mut self, question: &str) -> Result<String, Failure> {
        match self.lines(&format!("explain {question}")) {
            // Servers before 20.6 have no EXPLAIN.
            Err(Failure::Configuration(text)) => Ok(format!("no plan: {text}\n")),
            explained => explained,
        }
    }
}

fn url(source: &PullSource, address: &Address) -> String {
    let scheme = if address.protection == Protection::None { "http" } else { "https" };
    let host = match address.host.contains(':') {
        true => format!("[{}]", address.host),
        false => address.host.clone(),
    };
    let mut url = format!(
        "{scheme}://{host}:{}/?readonly=2&skip_unavailable_shards=0&max_execution_time={}\
         &enable_http_compression=1",
        address.port, source.timeout.0
    );
    if let Some(database) = &address.database {
        let text: String = url::form_urlencoded::byte_serialize(database.as_bytes()).collect();
        url.push_str(&format!("&database={text}"));
    }
    url
}

/// Whether a row is an exception message that came after the status.
fn is_exception(row: &str) -> bool {
    row.starts_with("__exception__") || (row.starts_with("Code: ") && row.contains("DB::Exception"))
}

/// A field of a tab-separated row; `None` for NULL.
fn field(text: &str) -> Option<String> {
    if text == "\\N" {
        return None;
    }
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        plain.extend(match char {
            '\\' => chars.next().map(|escaped| match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                '0' => '\0',
                other => other,
            }),
            other => Some(other),
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_are_escaped() {
        assert_eq!(field("\\N"), None);
        assert_eq!(field("a\\tb\\\\c\\'").as_deref(), Some("a\tb\\c'"));
        assert_eq!(field("").as_deref(), Some(""));
    }

    #[test]
    fn an_exception_among_the_rows_is_no_row() {
        assert!(is_exception("Code: 159, e.displayText() = DB::Exception: Timeout exceeded"));
        assert!(!is_exception("Code: red\tlogin\t20000\t5"));
    }
}
