//! The functions that expressions may use, including replacements of those that SQLite lacks or
//! that would read the clock.

use std::cell::RefCell;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, params_from_iter};

/// SQLite's scalar functions that depend only on their arguments. The others read the clock, random
/// numbers or the database, or are meant for programmers.
#[rustfmt::skip]
pub const ALLOWED: [&str; 89] = [
    "abs", "char", "coalesce", "concat", "concat_ws", "format", "glob", "hex", "if", "ifnull", "iif", "instr", "length", "like",
    "likelihood", "likely", "lower", "ltrim", "max", "min", "nullif", "octet_length", "printf", "quote", "replace", "round", "rtrim",
    "sign", "substr", "substring", "trim", "typeof", "unhex", "unicode", "unistr", "unlikely", "upper",
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp", "floor", "ln",
    "log", "log10", "log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
    "date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff",
    "json", "json_array", "json_array_length", "json_extract", "json_object", "json_type", "json_valid", "json_quote", "->", "->>",
    "json_insert", "json_patch", "json_remove", "json_replace", "json_set", "json_error_position",
];

/// Date functions, with the number of arguments before the first date.
const DATES: [(&str, usize); 7] = [
    ("date", 0),
    ("time", 0),
    ("datetime", 0),
    ("julianday", 0),
    ("unixepoch", 0),
    ("strftime", 1),
    ("timediff", 0),
];

/// Arguments that make date functions read the clock or the machine's time zone.
const CLOCK: [&str; 5] = ["now", "subsec", "subsecond", "localtime", "utc"];

/// Why such arguments are refused.
pub(super) const CLOCK_REASON: &str = "would look at the clock";

/// Adds the functions that SQLite is built without, and keeps date functions from reading the
/// clock.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, function) in ONE_NUMBER {
        connection.create_scalar_function(name, 1, flags, move |context| {
            Ok(number(context, 0)?.and_then(|x| finite(function(x))))
        })?;
    }
    for (name, function) in TWO_NUMBERS {
        connection.create_scalar_function(name, 2, flags, move |context| {
            Ok(number(context, 0)?
                .zip(number(context, 1)?)
                .and_then(|(x, y)| finite(function(x, y))))
        })?;
    }
    connection.create_scalar_function("pi", 0, flags, |_| Ok(std::f64::consts::PI))?;
    for (name, first_date) in DATES {
        let inner = RefCell::new(Connection::open_in_memory()?);
        connection.create_scalar_function(name, -1, flags, move |context| {
            without_the_clock(context, name, first_date)?;
            call(&mut inner.borrow_mut(), name, context)
        })?;
    }
    Ok(())
}

type OneNumber = (&'static str, fn(f64) -> f64);
type TwoNumbers = (&'static str, fn(f64, f64) -> f64);

const ONE_NUMBER: [OneNumber; 24] = [
    ("acos", f64::acos),
    ("acosh", f64::acosh),
    ("asin", f64::asin),
    ("asinh", f64::asinh),
    ("atan", f64::atan),
    ("atanh", f64::atanh),
    ("ceil", f64::ceil),
    ("ceiling", f64::ceil),
    ("cos", f64::cos),
    ("cosh", f64::cosh),
    ("degrees", f64::to_degrees),
    ("exp", f64::exp),
    ("floor", f64::floor),
    ("ln", f64::ln),
    ("log", f64::log10),
    ("log10", f64::log10),
    ("log2", f64::log2),
    ("radians", f64::to_radians),
    ("sin", f64::sin),
    ("sinh", f64::sinh),
    ("sqrt", f64::sqrt),
    ("tan", f64::tan),
    ("tanh", f64::tanh),
    ("trunc", f64::trunc),
];

const TWO_NUMBERS: [TwoNumbers; 5] = [
    ("atan2", f64::atan2),
    ("log", |base, x| x.log(base)),
    ("mod", |x, y| x % y),
    ("pow", f64::powf),
    ("power", f64::powf),
];

/// An argument as a number; `None` for null and non-numbers, as in SQLite's own functions.
fn number(context: &Context<'_>, place: usize) -> rusqlite::Result<Option<f64>> {
    Ok(match context.get_raw(place) {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        ValueRef::Text(text) => {
            std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok())
        }
        ValueRef::Null | ValueRef::Blob(_) => None,
    })
}

fn finite(number: f64) -> Option<f64> {
    Some(number).filter(|number| number.is_finite())
}

/// Refuses arguments that make a date function read the clock.
fn without_the_clock(context: &Context<'_>, name: &str, first_date: usize) -> rusqlite::Result<()> {
    let is_word = |place: usize| match context.get_raw(place) {
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text).trim().to_lowercase();
            CLOCK.contains(&text.as_str())
        }
        _ => false,
    };
    if context.len() <= first_date || (first_date..context.len()).any(is_word) {
        let message = format!(
            "{name}() without a day {CLOCK_REASON}: the same day must give the same answer for ever"
        );
        return Err(Error::UserFunctionError(message.into()));
    }
    Ok(())
}

/// Calls SQLite's own function with that name.
fn call(inner: &mut Connection, name: &str, context: &Context<'_>) -> rusqlite::Result<Value> {
    let marks = vec!["?"; context.len()].join(",");
    let arguments: Vec<Value> = (0..context.len())
        .map(|place| context.get_raw(place).try_into())
        .collect::<Result<_, _>>()?;
    let mut statement = inner.prepare_cached(&format!("SELECT {name}({marks})"))?;
    statement.query_row(params_from_iter(arguments), |row| row.get(0))
}
