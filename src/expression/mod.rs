//! Expressions that users write over attributes: filters, segments, formulas, conditions.
//!
//! They are SQLite's scalar expressions, but never run on the database. The values of the named
//! attributes are bound, company by company, to one statement on an empty read-only database in
//! memory. An authorizer allows only these values and a list of functions; size and time are
//! limited.

mod comparisons;
mod functions;
mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, ffi};

pub use self::functions::ALLOWED as EXPRESSION_FUNCTIONS;
use self::tokens::{Token, TokenKind};
use crate::clock::Stopwatch;
use crate::domain::attributes::Datum;
use crate::domain::fact_kinds::AttributeType;
use crate::domain::similar_names::{nearest, nearest_of_all};
use crate::error::{CommandError, not_allowed};

/// A valid expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    /// The text as the user wrote it.
    pub text: String,
    /// The attributes that it names, in order of appearance.
    pub names: Vec<String>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    /// Without a full stop.
    pub message: String,
    /// The position in bytes, if known.
    pub at: Option<usize>,
    pub hint: Option<String>,
}

impl ParseError {
    fn at(at: usize, message: impl Into<String>) -> Self {
        ParseError { message: message.into(), at: Some(at), hint: None }
    }

    fn somewhere(message: impl Into<String>) -> Self {
        ParseError { message: message.into(), at: None, hint: None }
    }

    /// The error about `text` (exit 9).
    pub(crate) fn refusal(self, text: &str) -> CommandError {
        let place = self
            .at
            .map(|at| format!(" at character {}", text[..at.min(text.len())].chars().count() + 1));
        let failure = not_allowed(format!("{}{}: {text}", self.message, place.unwrap_or_default()));
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The most time for one expression over all companies.
const PATIENCE: Duration = Duration::from_secs(5);
/// The number of SQLite's virtual machine steps between checks of the time.
const STEPS_BETWEEN_LOOKS: i32 = 1000;

/// Limits on the size of everything in an expression. SQLite checks the time only at jumps, which
/// an evaluation for one company may not have, and a text search takes time proportional to the
/// product of both lengths.
const LIMITS: [(Limit, i32); 8] = [
    (Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 1),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
];

/// The longest text that an expression can read or create, in bytes.
const LONGEST_VALUE: i32 = 20_000;

/// The longest expression, in bytes.
const LONGEST: usize = 10_000;

/// Parses and evaluates expressions.
pub(crate) struct Evaluator {
    connection: Connection,
    /// What the authorizer refused last.
    refused: Arc<Mutex<Option<String>>>,
    /// When the current expression started.
    since: Arc<Mutex<Stopwatch>>,
}

impl Evaluator {
    /// An evaluator with an empty database in memory.
    pub(crate) fn new() -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_MEMORY;
        let mut connection = Connection::open_with_flags(":memory:", flags)?;
        functions::register(&connection)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Text in double quotes is an unknown name, not a text.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        for (limit, value) in LIMITS {
            connection.set_limit(limit, value)?;
        }
        let refused: Arc<Mutex<Option<String>>> = Arc::default();
        let noted = Arc::clone(&refused);
        connection.authorizer(Some(move |context: AuthContext<'_>| authorize(&context, &noted)))?;
        let since = Arc::new(Mutex::new(Stopwatch::start()));
        let begun = Arc::clone(&since);
        let is_over = move || locked(&begun).elapsed() > PATIENCE;
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over))?;
        Ok(Evaluator { connection, refused, since })
    }

    /// Parses an expression over the named attributes.
    ///
    /// # Errors
    /// What is wrong with it, with its position and, for an unknown name, the most similar one.
    pub(crate) fn read(&self, text: &str, known: &[&str]) -> Result<Expression, ParseError> {
        if text.len() > LONGEST {
            return Err(ParseError::somewhere(format!(
                "an expression has at most {LONGEST} bytes"
            )));
        }
        let tokens = tokens::tokens(text)?;
        tokens::inspect(&tokens)?;
        let names = attributes_of(&tokens, known);
        // Aggregates and commas are not allowed in WHERE.
        self.prepare(&names, text, "SELECT 1 FROM company WHERE (\n", &tokens, known)?;
        let expression = Expression { text: text.to_owned(), names };
        self.try_out(&expression)?;
        Ok(expression)
    }

    /// Refuses an expression that compares text or days with a number, which must be a mistake.
    /// `kind`: the type of an attribute, if known.
    ///
    /// # Errors
    /// The first such comparison, with its position.
    pub(crate) fn check_comparisons(
        &self,
        text: &str,
        kind: impl Fn(&str) -> Option<AttributeType>,
    ) -> Result<(), ParseError> {
        let is_number = |name: &str| kind(name) == Some(AttributeType::Number);
        let compared = comparisons::with_numbers(&tokens::tokens(text)?, is_number);
        let mut kinds = compared.into_iter().filter_map(|name| Some((name, kind(name.text)?)));
        let wrong = kinds.find(|(_, kind)| *kind != AttributeType::Number);
        let Some((Token { text: name, at, .. }, kind)) = wrong else { return Ok(()) };
        let (message, hint) = match kind {
            AttributeType::Date => (
                format!("{name} is a day and cannot be compared with a number"),
                format!("write a day in quotes: {name} >= '2026-01-31'"),
            ),
            _ => (
                format!("{name} is text and cannot be compared with a number"),
                format!(
                    "write a text in quotes: {name} = '5'; `signals attribute list` shows what is \
                     a number"
                ),
            ),
        };
        Err(ParseError { message, at: Some(at), hint: Some(hint) })
    }

    /// Refuses expressions that fail for every company: by reading the clock, by size, by time.
    fn try_out(&self, expression: &Expression) -> Result<(), ParseError> {
        self.start_stopwatch();
        let statement = self.connection.prepare(&statement_of(expression));
        let tried = statement.and_then(|mut statement| read_value(&mut statement));
        match tried.as_ref().map_err(|error| (error.sqlite_error_code(), message_of(error))) {
            Err((Some(ErrorCode::OperationInterrupted), _)) => {
                Err(ParseError::somewhere(too_long()))
            }
            Err((Some(ErrorCode::TooBig), _)) => {
                Err(ParseError::somewhere("a text in the expression becomes too long"))
            }
            Err((_, message)) if message.contains(functions::CLOCK_REASON) => {
                Err(ParseError::somewhere(message))
            }
            _ => Ok(()),
        }
    }

    fn start_stopwatch(&self) -> Stopwatch {
        let stopwatch = Stopwatch::start();
        *locked(&self.since) = stopwatch;
        stopwatch
    }

    fn prepare(
        &self,
        names: &[String],
        text: &str,
        front: &str,
        tokens: &[Token<'_>],
        known: &[&str],
    ) -> Result<(), ParseError> {
        *locked(&self.refused) = None;
        self.start_stopwatch();
        let front = format!("{}{front}", company_of(names));
        match self.connection.prepare(&format!("{front}{text}\n)")) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.explain(&error, front.len(), tokens, known)),
        }
    }

    fn explain(
        &self,
        error: &rusqlite::Error,
        front: usize,
        tokens: &[Token<'_>],
        known: &[&str],
    ) -> ParseError {
        let refused = locked(&self.refused).take();
        if let Some(what) = refused {
            let word = what.split('(').next().unwrap_or_default();
            let token = tokens.iter().find(|token| token.text.eq_ignore_ascii_case(word));
            let message = format!("{what} cannot be used in an expression");
            return ParseError { message, at: token.map(|token| token.at), hint: None };
        }
        let rusqlite::Error::SqlInputError { msg, offset, .. } = error else {
            return ParseError::somewhere(message_of(error));
        };
        let at = usize::try_from(*offset).ok().and_then(|offset| offset.checked_sub(front));
        let end = tokens.last().map_or(0, |last| last.at + last.text.len());
        match msg.strip_prefix("no such column: ") {
            Some(name) => unknown_attribute(name, at, known),
            None if at.is_some_and(|at| at >= end) => ParseError {
                message: "the expression ends too early".to_owned(),
                at: Some(end),
                hint: hint_for(msg),
            },
            None => ParseError { message: msg.clone(), at, hint: hint_for(msg) },
        }
    }

    /// Evaluates an expression for all companies: `rows` has the values of its attributes for each
    /// company, in the order of [`Expression::names`]. If it fails for a company (malformed JSON,
    /// an overflow), its value is unknown.
    ///
    /// # Errors
    /// An expression that takes too long, or a text that is too long for it (exit 9).
    pub(crate) fn evaluate<'v>(
        &self,
        expression: &Expression,
        rows: impl Iterator<Item = Vec<&'v Datum>>,
    ) -> Result<Vec<Datum>> {
        let stopwatch = self.start_stopwatch();
        let mut statement = self.connection.prepare(&statement_of(expression))?;
        let mut values = Vec::new();
        for row in rows {
            let value = bind(&mut statement, &row).and_then(|()| read_value(&mut statement));
            if stopwatch.elapsed() > PATIENCE {
                return Err(not_allowed(format!("{}: {}", too_long(), expression.text))
                    .hint("a simpler one does")
                    .into());
            }
            if value.as_ref().is_err_and(is_too_big) {
                return Err(too_large(expression).into());
            }
            values.push(value.unwrap_or_default());
        }
        Ok(values)
    }
}

/// A value that stays usable if a thread panicked with it.
fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn statement_of(expression: &Expression) -> String {
    format!("{}SELECT (\n{}\n) FROM company", company_of(&expression.names), expression.text)
}

fn too_long() -> String {
    format!("an expression takes longer than {} seconds", PATIENCE.as_secs())
}

fn is_too_big(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::TooBig)
}

/// A text that is too long is an error rather than unknown: a rule would silently miss the company.
fn too_large(expression: &Expression) -> CommandError {
    let text = &expression.text;
    not_allowed(format!("a text in the expression is longer than {LONGEST_VALUE} bytes: {text}"))
        .hint("make a shorter one: substr(TEXT, 1, 1000)")
}

fn bind(statement: &mut rusqlite::Statement<'_>, row: &[&Datum]) -> rusqlite::Result<()> {
    row.iter()
        .enumerate()
        .try_for_each(|(place, value)| statement.raw_bind_parameter(place + 1, Bound(value)))
}

/// A value of an attribute, as SQLite sees it.
struct Bound<'v>(&'v Datum);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Datum::Null => ToSqlOutput::Owned(Value::Null),
            Datum::Whole(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Datum::Number(number) | Datum::Score(number) => {
                ToSqlOutput::Owned(Value::Real(*number))
            }
            Datum::Text(text) => {
                // A long note must not keep a rule from all other companies.
                let end = text.floor_char_boundary(LONGEST_VALUE as usize);
                ToSqlOutput::Borrowed(ValueRef::Text(&text.as_bytes()[..end]))
            }
            Datum::Day(day) => ToSqlOutput::Owned(Value::Text(day.to_string())),
        })
    }
}

fn read_value(statement: &mut rusqlite::Statement<'_>) -> rusqlite::Result<Datum> {
    let mut rows = statement.raw_query();
    let Some(row) = rows.next()? else { return Ok(Datum::Null) };
    Ok(match row.get_ref(0)? {
        ValueRef::Integer(number) => Datum::Whole(number),
        ValueRef::Real(number) => Datum::from(number),
        ValueRef::Text(text) => Datum::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Blob(_) => Datum::Null,
    })
}

/// Whether the value of a condition is true, as in SQLite: a number other than 0; null is not true.
pub(crate) fn is_true(value: &Datum) -> bool {
    match value {
        Datum::Whole(number) => *number != 0,
        Datum::Number(number) | Datum::Score(number) => *number != 0.0,
        // SQLite uses the number at the beginning of a text; here, a text that is only partly a
        // number is false.
        Datum::Text(text) => text.trim().parse::<f64>().is_ok_and(|number| number != 0.0),
        Datum::Null | Datum::Day(_) => false,
    }
}

/// The single row that an expression reads: its attributes, each with a parameter to bind.
fn company_of(names: &[String]) -> String {
    if names.is_empty() {
        return "WITH company(\" \") AS (VALUES (NULL)) ".to_owned();
    }
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let values: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    format!("WITH company({}) AS (VALUES ({})) ", columns.join(","), values.join(","))
}

/// The known attributes among the tokens, each once. A word before a `(` is a function.
fn attributes_of(tokens: &[Token<'_>], known: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let is_function = tokens
            .get(place + 1)
            .is_some_and(|next| next.kind == TokenKind::Sign && next.text == "(");
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
            || (is_function && token.kind == TokenKind::Word)
        {
            continue;
        }
        let found = known.iter().find(|name| name.eq_ignore_ascii_case(token.text));
        if let Some(name) = found.filter(|name| !names.iter().any(|seen| seen == *name)) {
            names.push((*name).to_owned());
        }
    }
    names
}

fn unknown_attribute(name: &str, at: Option<usize>, known: &[&str]) -> ParseError {
    // SQLite adds its own advice to names in double quotes.
    let name = name.split("\" - should").next().unwrap_or(name).trim_matches('"');
    let like = meant(name, known).unwrap_or_default();
    let hint = format!(
        "{like}`signals attribute list` shows all; a text stands in single quotes: plan = 'pro'"
    );
    ParseError { message: format!("there is no attribute '{name}'"), at, hint: Some(hint) }
}

/// The known attribute that is most similar to an unknown name.
fn meant(name: &str, known: &[&str]) -> Option<String> {
    let known = || known.iter().map(|name| (*name).to_owned());
    let near = nearest(name, known()).map(|near| format!("did you mean '{near}'? "));
    near.or_else(|| Some(format!("the nearest is '{}'; ", nearest_of_all(name, known())?)))
}

fn hint_for(message: &str) -> Option<String> {
    let advice = if message.starts_with("no such function") {
        "the functions are SQLite's scalar ones: docs/attributes.md"
    } else if message.starts_with("near ")
        || message.contains("syntax error")
        || message == "incomplete input"
    {
        "write it like bad_open_signals >= 2 AND plan = 'enterprise'; a name that SQL knows stands in double quotes"
    } else {
        return None;
    };
    Some(advice.to_owned())
}

fn message_of(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, message) => {
            message.clone().unwrap_or_else(|| ffi::code_to_str(*extended_code).to_owned())
        }
        other => other.to_string(),
    }
}

/// Allows the single row, and the functions that depend only on their arguments.
fn authorize(context: &AuthContext<'_>, refused: &Mutex<Option<String>>) -> Authorization {
    let refusal = match context.action {
        AuthAction::Select => return Authorization::Allow,
        AuthAction::Read { table_name: "company" | "", .. } if context.database_name.is_none() => {
            return Authorization::Allow;
        }
        AuthAction::Function { function_name }
            if functions::ALLOWED.iter().any(|name| name.eq_ignore_ascii_case(function_name)) =>
        {
            return Authorization::Allow;
        }
        AuthAction::Function { function_name } => format!("{function_name}()"),
        AuthAction::Read { table_name, .. } => format!("the table {table_name}"),
        AuthAction::Recursive => "recursion".to_owned(),
        _ => "a statement".to_owned(),
    };
    *locked(refused) = Some(refusal);
    Authorization::Deny
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["plan", "mrr", "bad_open_signals", "renewal_on", "2024_x", "order"];

    fn value(text: &str, values: &[(&str, Datum)]) -> Datum {
        let evaluator = Evaluator::new().unwrap();
        let expression =
            evaluator.read(text, &KNOWN).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"));
        let find = |name: &String| &values.iter().find(|(known, _)| known == name).unwrap().1;
        let row: Vec<&Datum> = expression.names.iter().map(find).collect();
        evaluator.evaluate(&expression, std::iter::once(row)).unwrap().remove(0)
    }

    fn mistake(text: &str) -> ParseError {
        Evaluator::new()
            .unwrap()
            .read(text, &KNOWN)
            .err()
            .unwrap_or_else(|| panic!("{text} passed"))
    }

    #[test]
    fn expressions_have_the_values_that_sqlite_gives_them() {
        let plan = ("plan", Datum::from("pro"));
        let mrr = ("mrr", Datum::Number(250.5));
        let null = ("bad_open_signals", Datum::Null);
        let row = [
            plan,
            mrr,
            null,
            ("renewal_on", Datum::Day("2026-03-31".parse().unwrap())),
            ("2024_x", Datum::Whole(7)),
            ("order", Datum::Whole(3)),
        ];
        let cases: [(&str, Datum); 24] = [
            ("1 + 1", Datum::Whole(2)),
            ("7 / 2", Datum::Whole(3)),
            ("7 / 2.0", Datum::Number(3.5)),
            ("1 / 0", Datum::Null),
            ("mrr * 2", Datum::Number(501.0)),
            ("PLAN = 'pro'", Datum::Whole(1)),
            ("plan = 'Pro'", Datum::Whole(0)),
            ("plan LIKE 'P%'", Datum::Whole(1)),
            ("plan IN ('free', 'pro') AND NOT mrr BETWEEN 1 AND 9", Datum::Whole(1)),
            ("bad_open_signals > 1", Datum::Null),
            ("bad_open_signals IS NULL", Datum::Whole(1)),
            ("coalesce(bad_open_signals, 5)", Datum::Whole(5)),
            ("CASE WHEN mrr > 200 THEN 'large' ELSE 'small' END", Datum::from("large")),
            ("max(1, mrr)", Datum::Number(250.5)),
            ("renewal_on < '2026-04-01'", Datum::Whole(1)),
            ("julianday(renewal_on) - julianday('2026-03-01')", Datum::Number(30.0)),
            ("date(renewal_on, '+1 day')", Datum::from("2026-04-01")),
            ("strftime('%Y', renewal_on)", Datum::from("2026")),
            ("round(sqrt(mrr), 2)", Datum::Number(15.83)),
            ("\"2024_x\" % 4", Datum::Whole(3)),
            ("\"order\" + 1", Datum::Whole(4)),
            ("plan IS DISTINCT FROM 'x' -- as it should", Datum::Whole(1)),
            ("json_extract('{\"a\": 5}', '$.a')", Datum::Whole(5)),
            ("(1) OR (0)", Datum::Whole(1)),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text, &row), expected, "{text}");
        }
    }

    #[test]
    fn an_expression_names_its_attributes_once_and_no_functions() {
        let evaluator = Evaluator::new().unwrap();
        let names = |text: &str| evaluator.read(text, &KNOWN).unwrap().names;
        assert_eq!(names("mrr > 1 and Plan = 'mrr' or MRR < 2"), ["mrr", "plan"]);
        assert_eq!(names("1"), [""; 0]);
    }

    #[test]
    fn an_unknown_name_is_told_with_its_place_and_the_nearest() {
        let found = mistake("mrr > 1 AND pln = 'x'");
        assert_eq!((found.message.as_str(), found.at), ("there is no attribute 'pln'", Some(12)));
        assert!(found.hint.unwrap().starts_with("did you mean 'plan'?"));
        let text = "größe = 1";
        let refusal = mistake(text).refusal(text);
        assert_eq!(refusal.to_string(), "there is no attribute 'größe' at character 1: größe = 1");
        let quoted = mistake("plan = \"pro\"");
        assert_eq!(quoted.message, "there is no attribute 'pro'");
    }

    #[test]
    fn a_failure_for_one_company_is_unknown_and_no_more() {
        let evaluator = Evaluator::new().unwrap();
        let expression = evaluator.read("json_extract(plan, '$.a')", &KNOWN).unwrap();
        let values = [Datum::from("{\"a\": 1}"), Datum::from("no json"), Datum::from("{\"a\": 2}")];
        let found =
            evaluator.evaluate(&expression, values.iter().map(|value| vec![value])).unwrap();
        assert_eq!(found, [Datum::Whole(1), Datum::Null, Datum::Whole(2)]);
    }

    #[test]
    fn an_expression_that_is_not_complete_is_told_where_it_ends() {
        for (text, end) in [("mrr >", 5), ("plan = 'x' AND ", 14), ("CASE WHEN mrr > 1 THEN 2", 24)]
        {
            let found = mistake(text);
            assert_eq!(
                (found.message.as_str(), found.at),
                ("the expression ends too early", Some(end)),
                "{text}"
            );
        }
    }

    /// An expression can reach neither tables nor the clock nor the machine, and cannot take long.
    #[test]
    fn hostile_expressions_are_refused() {
        let deep = format!("{}1{}", "(".repeat(2000), ")".repeat(2000));
        let wide = vec!["1"; 9000].join("+");
        let cases = [
            "(SELECT 1)",
            "(SELECT name FROM sqlite_schema)",
            "plan IN (SELECT name FROM sqlite_schema)",
            "plan IN sqlite_schema",
            "plan IN pragma_database_list",
            "plan IN json_each('[1]')",
            "EXISTS (VALUES (1))",
            "1; DROP TABLE companies",
            "1;",
            "1) FROM company; ATTACH 'x.db' AS x; --",
            "1) UNION SELECT (2",
            "1 /* ",
            "1 -- \n)",
            "1) --",
            "'",
            "\"",
            "ATTACH DATABASE 'x' AS y",
            "PRAGMA writable_schema = 1",
            "load_extension('x')",
            "readfile('/etc/passwd')",
            "writefile('x', 'y')",
            "edit('x')",
            "randomblob(1000000000)",
            "zeroblob(1000000000)",
            "random()",
            "total_changes()",
            "last_insert_rowid()",
            "sqlite_version()",
            "sqlite_compileoption_get(1)",
            "fts3_tokenizer('x')",
            "current_timestamp",
            "RAISE(ABORT, 'x')",
            "count(*)",
            "sum(mrr)",
            "max(mrr)",
            "group_concat(plan)",
            "row_number() OVER ()",
            "company.plan",
            "main.company.plan",
            "rowid",
            "?1",
            ":plan",
            "$plan",
            "mrr, plan",
            "mrr AS x",
            "mrr = 1 ORDER BY 1",
            "mrr = 1 LIMIT 1",
            "plan MATCH 'x'",
            "plan REGEXP 'x'",
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
            "(1, 2) = (SELECT 1, 2)",
            "mrr\0 = 1",
            "",
            &deep,
            &wide,
        ];
        for text in cases {
            mistake(text);
        }
    }

    #[test]
    fn expressions_that_read_the_clock_are_refused() {
        for text in [
            "renewal_on < date('now', '-1 day')",
            "date('now')",
            "date()",
            "datetime('n' || 'ow')",
            "strftime('%s')",
            "julianday(' NOW ')",
            "date('2026-01-01', 'localtime')",
        ] {
            assert!(mistake(text).message.contains("would look at the clock"), "{text}");
        }
        // Only through the values of a company.
        let plan = [("plan", Datum::from("now"))];
        assert_eq!(value("date(plan)", &plan), Datum::Null);
    }

    #[test]
    fn huge_expressions_are_refused_and_slow_ones_stopped() {
        for text in [
            "printf('%1000000000d', 1)",
            "length(replace(printf('%9999d', 1), ' ', '  ') || '12345')",
        ] {
            assert_eq!(
                mistake(text).message,
                "a text in the expression becomes too long",
                "{text}"
            );
        }
        let refusal = |text: &str, length| {
            let (evaluator, plan) = (Evaluator::new().unwrap(), Datum::Text("x".repeat(length)));
            let expression = evaluator.read(text, &KNOWN).unwrap();
            let row = std::iter::once(vec![&plan]);
            evaluator.evaluate(&expression, row).err().map(|error| error.to_string())
        };
        assert_eq!(refusal("length(plan)", 20_001), None);
        assert_eq!(
            refusal("length(hex(plan))", 19_999).as_deref(),
            Some("a text in the expression is longer than 20000 bytes: length(hex(plan))")
        );
        assert_eq!(refusal("length(plan)", 20_000), None);
        let evaluator = Evaluator::new().unwrap();
        let slow = "length(replace(printf('%1999d', 1), ' ', printf('%9d', 1)))";
        let expression = evaluator.read(&vec![slow; 60].join("+"), &KNOWN).unwrap();
        let stopwatch = Stopwatch::start();
        let result = evaluator.evaluate(&expression, (0..10_000_000).map(|_| Vec::new()));
        assert!(
            result
                .unwrap_err()
                .to_string()
                .starts_with("an expression takes longer than 5 seconds")
        );
        assert!(stopwatch.elapsed() < 3 * PATIENCE);
    }

    #[test]
    fn of_a_longer_value_the_beginning_is_read() {
        let evaluator = Evaluator::new().unwrap();
        let value = |text: &str, plan: &str| {
            let expression = evaluator.read(text, &KNOWN).unwrap();
            let plan = Datum::Text(plan.to_owned());
            evaluator.evaluate(&expression, std::iter::once(vec![&plan])).unwrap().remove(0)
        };
        let long = "é".repeat(30_000);
        assert_eq!(value("length(plan)", &long), Datum::Whole(10_000));
        assert_eq!(value("length(plan)", &format!("x{long}")), Datum::Whole(10_000));
        assert_eq!(value("plan LIKE 'urgent%'", &format!("urgent{long}")), Datum::Whole(1));
    }

    /// A search compares two texts at every position, and cannot be interrupted.
    #[test]
    fn searches_for_one_company_do_not_take_long() {
        let row = [Datum::Text("a".repeat(19_999)), Datum::Text(format!("{}b", "a".repeat(9_999)))];
        let searches = format!("max({})", vec!["instr(plan, \"order\")"; 90].join(","));
        let evaluator = Evaluator::new().unwrap();
        let expression = evaluator.read(&vec![searches; 5].join("+"), &KNOWN).unwrap();
        assert_eq!(expression.names, ["plan", "order"]);
        let stopwatch = Stopwatch::start();
        assert_eq!(
            evaluator.evaluate(&expression, std::iter::once(row.iter().collect())).unwrap(),
            [Datum::Whole(0)]
        );
        assert!(stopwatch.elapsed() < PATIENCE);
    }
}
