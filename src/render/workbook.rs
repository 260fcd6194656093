//! Workbooks: cells and sheets. Text is never a formula or a link.

use std::borrow::Cow;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use anyhow::{Context, Result};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{Value, yes_or_no};
use crate::domain::day::Day;
use crate::domain::spreadsheet;

const MOST_ROWS: u32 = 1_048_576;

/// The most characters of a cell, in UTF-16 code units.
const MOST_CHARACTERS: usize = 32_767;

pub(super) struct CellFormats {
    pub header: Format,
    /// Text that a spreadsheet would take for a formula if somebody edited the cell.
    pub guarded: Format,
    pub day: Format,
    pub money: Format,
    /// A number with one decimal.
    pub number: Format,
    /// A number with one decimal and its sign.
    pub change: Format,
    pub percent: Format,
    pub ratio: Format,
    pub count: Format,
    pub difference: Format,
    pub title: Format,
    /// Text of several lines.
    pub wrapped: Format,
}

impl CellFormats {
    pub(super) fn new() -> Self {
        let numbers = |code: &str| Format::new().set_num_format(code);
        CellFormats {
            header: Format::new().set_bold().set_text_wrap().set_background_color(0xE9_ED_F2),
            guarded: Format::new().set_quote_prefix(),
            day: numbers("yyyy-mm-dd"),
            money: numbers("#,##0.00"),
            number: numbers("0.0"),
            change: numbers("+0.0;-0.0;0.0"),
            percent: numbers("0.0\" %\""),
            ratio: numbers("0.00"),
            count: numbers("#,##0"),
            difference: numbers("+#,##0;-#,##0;0"),
            title: Format::new().set_bold().set_font_size(16),
            wrapped: Format::new().set_text_wrap(),
        }
    }
}

/// An empty workbook with a creation date, so that the same data produces the same file.
pub(super) fn workbook(title: &str, day: Day) -> Workbook {
    let mut workbook = Workbook::new();
    let mut properties = DocProperties::new().set_title(title);
    if let Some(made) = excel_day(day) {
        properties = properties.set_creation_datetime(&made);
    }
    workbook.set_properties(&properties);
    workbook
}

/// Writes a text, without characters that a workbook cannot hold.
///
/// # Errors
/// A cell outside the sheet.
pub(super) fn write_text(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    formats: &CellFormats,
) -> Result<()> {
    let text = holdable(text);
    if spreadsheet::is_formula(&text) {
        sheet.write_string_with_format(row, column, text, &formats.guarded)?;
    } else {
        sheet.write_string(row, column, text)?;
    }
    Ok(())
}

/// Writes a calendar day; as text if a workbook cannot represent it.
///
/// # Errors
/// A cell outside the sheet.
pub(super) fn write_day(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    day: Day,
    formats: &CellFormats,
) -> Result<()> {
    match excel_day(day) {
        Some(date) => sheet.write_datetime_with_format(row, column, &date, &formats.day)?,
        None => sheet.write_string(row, column, day.to_string())?,
    };
    Ok(())
}

/// Removes control characters and cuts the text to the limit of a cell.
fn holdable(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| {
        matches!(c, '\n' | '\t') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    if text.len() <= MOST_CHARACTERS && text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut held = String::new();
    let mut long = 0;
    for character in text.chars().filter(|c| is_kept(*c)) {
        long += character.len_utf16();
        if long > MOST_CHARACTERS {
            break;
        }
        held.push(character);
    }
    Cow::Owned(held)
}

/// The day in a workbook, which only has days from 1900 on.
fn excel_day(day: Day) -> Option<ExcelDateTime> {
    let text = day.to_string();
    let mut parts = text.splitn(3, '-');
    let (year, month, date) = (parts.next()?, parts.next()?, parts.next()?);
    let year = year.parse().ok().filter(|year| *year >= 1900)?;
    ExcelDateTime::from_ymd(year, month.parse().ok()?, date.parse().ok()?).ok()
}

/// Writes records into a workbook one by one, in little memory. If a sheet is full, another one
/// follows.
pub(crate) struct RecordBook<'f> {
    workbook: Workbook,
    formats: CellFormats,
    name: &'f str,
    fields: &'f [&'f str],
    /// The number of sheets, and the next row of the last one.
    sheets: usize,
    row: u32,
}

impl<'f> RecordBook<'f> {
    /// A workbook of records with these fields and a creation date. Rows are buffered in a
    /// temporary file in `folder`, else in the system's folder.
    pub(crate) fn new(
        name: &'f str,
        fields: &'f [&'f str],
        day: Day,
        folder: Option<&Path>,
    ) -> Result<Self> {
        let (mut workbook, formats) = (workbook(name, day), CellFormats::new());
        if let Some(folder) = folder {
            workbook.set_tempdir(folder)?;
        }
        let mut book = RecordBook { workbook, formats, name, fields, sheets: 0, row: 0 };
        book.add_sheet()?;
        Ok(book)
    }

    fn add_sheet(&mut self) -> Result<()> {
        self.sheets += 1;
        self.row = 1;
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(if self.sheets == 1 {
            self.name.to_owned()
        } else {
            format!("{} {}", self.name, self.sheets)
        })?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, field) in (0..).zip(self.fields) {
            sheet.set_column_width(column, (field.chars().count() + 4).clamp(12, 30) as f64)?;
        }
        for (column, field) in (0..).zip(self.fields) {
            sheet.write_string_with_format(0, column, holdable(field), &self.formats.header)?;
        }
        Ok(())
    }

    /// Adds a record with as many values as there are fields.
    pub(crate) fn record(&mut self, values: &[Value<'_>]) -> Result<()> {
        without_panics(|| self.add_record(values))
    }

    fn add_record(&mut self, values: &[Value<'_>]) -> Result<()> {
        if self.row == MOST_ROWS {
            self.add_sheet()?;
        }
        let (row, formats) = (self.row, &self.formats);
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (column, value) in (0..).zip(values) {
            let place = (row, column);
            match value {
                Value::Null => {}
                Value::Text(text) => write_text(sheet, place, text, formats)?,
                Value::Day(day) => write_day(sheet, place, *day, formats)?,
                Value::Whole(number) if number.unsigned_abs() < 1 << 53 => {
                    sheet.write_number(row, column, *number as f64)?;
                }
                Value::Whole(number) => write_text(sheet, place, &number.to_string(), formats)?,
                Value::Number(number) => {
                    sheet.write_number(row, column, *number)?;
                }
                Value::Flag(flag) => {
                    sheet.write_boolean(row, column, *flag)?;
                }
                Value::Answer(answer) => write_text(sheet, place, yes_or_no(*answer), formats)?,
                Value::Nested(nested) => write_text(sheet, place, &nested.to_string(), formats)?,
            }
        }
        self.row += 1;
        Ok(())
    }

    /// The finished workbook.
    ///
    /// # Errors
    /// The workbook is too large for its format.
    pub(crate) fn into_bytes(mut self) -> Result<Vec<u8>> {
        without_panics(|| {
            self.workbook.save_to_buffer().map_err(|error| match error {
                XlsxError::IoError(error) => anyhow::Error::from(error).context(TEMPORARY),
                error => error.into(),
            })
        })
    }
}

const TEMPORARY: &str = "cannot write the temporary file of the workbook";

/// The library panics if it cannot write its temporary file. That is an I/O error; any other panic
/// is passed on.
fn without_panics<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map_or("", String::as_str);
        match io_error_in(text) {
            Some(error) => Err(error).context(TEMPORARY),
            None => resume_unwind(panic),
        }
    })
}

/// The operating system's error in the text of a panic such as `Couldn't write to xml file: Os {
/// code: 28, kind: StorageFull, … }`.
fn io_error_in(text: &str) -> Option<io::Error> {
    match text.split_once("Os { code: ") {
        Some((_, rest)) => {
            let code: String = rest.chars().take_while(char::is_ascii_digit).collect();
            code.parse().ok().map(io::Error::from_raw_os_error)
        }
        None if text.starts_with("Couldn't write to xml file") => {
            Some(io::Error::other("too short"))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_no_control_characters_and_not_too_much() {
        assert_eq!(holdable("two\nlines\u{1b}[1m\u{0}"), "two\nlines[1m");
        assert_eq!(holdable(&"ä".repeat(40_000)).chars().count(), 32_767);
        assert!(matches!(holdable("Zoë & Söhne 株式会社"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_panic_of_the_library_that_shows_an_error_of_the_disk_is_one() {
        fn write() -> io::Result<()> {
            Err(io::Error::from_raw_os_error(28))
        }
        let full = std::panic::catch_unwind(|| {
            without_panics::<()>(|| {
                write().expect("Couldn't write to xml file");
                Ok(())
            })
        });
        let error = full.unwrap().unwrap_err();
        let cause = error.downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.raw_os_error(), Some(28));
        assert!(std::panic::catch_unwind(|| without_panics::<()>(|| panic!("ours"))).is_err());
    }

    #[test]
    fn a_day_before_1900_is_text() {
        assert!(excel_day("1899-12-31".parse().unwrap()).is_none());
        assert!(excel_day("2026-03-31".parse().unwrap()).is_some());
    }
}
