//! Reading rows of any kind: each row is either accepted or rejected, none is lost.

use anyhow::Result;

use super::cell_error::CellError;
use super::cells::{self, content};
use super::furniture::Furniture;
use super::json::Flattener;
use super::mapping::{Mapped, Mapping};
use super::records::Row;
use super::rejects::{Reject, Rejects, Verdict};
use super::times::{ColumnZone, TimeReader};
use super::{Plan, Sheet};
use crate::domain::EVENTS;
use crate::error::{CommandError, refused};

/// What is wrong with a row, and in which column.
pub(super) struct RowError<'c> {
    column: Option<&'c str>,
    fault: CellError,
}

impl<'c> RowError<'c> {
    pub(super) fn at(mapped: &'c Mapped) -> impl FnOnce(CellError) -> Self {
        RowError::in_column(&mapped.header)
    }

    pub(super) fn in_column(header: &'c str) -> impl FnOnce(CellError) -> Self {
        move |fault| RowError { column: Some(header), fault }
    }

    pub(super) fn blank(mapped: &'c Mapped) -> Self {
        RowError::at(mapped)(CellError::row("blank, or a placeholder for nothing"))
    }

    fn row(reason: String) -> Self {
        RowError { column: None, fault: CellError::Row(reason) }
    }
}

/// Passes every remaining row to `handle`, which returns a verdict. Returns the number of rows.
pub(super) fn read_rows(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    mut handle: impl for<'a, 'c> FnMut(
        &'c Mapping,
        &mut TimeReader,
        Row<'a>,
    ) -> Result<Result<Verdict, RowError<'c>>>,
) -> Result<u64> {
    let Sheet { records, plan, times, lines, readable } = sheet;
    rejects.begin(&plan.headers)?;
    // Rows without content are blank lines. No kind accepts them, so only rejected rows are examined.
    let (mut read, mut blank, width, mapping) = (0, 0, plan.headers.len(), &plan.mapping);
    // Rows of events that are not data cannot be read as events anyway.
    let (is_table, is_events) = (lines.is_none(), mapping.kind.name == EVENTS);
    let mut furniture = Furniture::of(&plan.headers);
    let mut read_row = |row: Row<'_>, rejects: &mut Rejects<'_>| {
        let outcome = match shape(&row, width) {
            Ok(()) if is_events || !is_table => {
                match handle(mapping, times, readable.row(row)) {
                    // Nearly all rows: nothing else is looked at.
                    Ok(Ok(Verdict::Accepted)) => return Ok(()),
                    outcome => outcome?,
                }
            }
            Ok(()) => match furniture.found(&row) {
                Some(what) => Err(RowError::row(what.to_owned())),
                None => handle(mapping, times, readable.row(row))?,
            },
            Err(wrong) => Err(wrong),
        };
        if is_table && outcome.is_err() && row.is_blank() {
            blank += 1;
            return Ok(());
        }
        let is_lost = is_table && outcome.is_err();
        let what = is_lost.then(|| furniture.unreadable(&row)).flatten();
        settle(what.map_or(outcome, |what| Err(RowError::row(what.to_owned()))), row, plan, rejects)
    };
    // Two loops, so that the format is not checked for every row.
    let ended = match lines {
        None => records.for_each(|row| {
            read += 1;
            read_row(row, rejects)
        }),
        Some(lines) => records.for_each(|line| {
            read += 1;
            match lines.row(line.line, line.field(0)) {
                Ok(row) => read_row(row, rejects),
                Err(reason) => settle(Err(RowError::row(reason)), line, plan, rejects),
            }
        }),
    };
    // The rejects so far matter even more if the file is refused.
    rejects.flush()?;
    ended?;
    refuse_never_found(lines.as_ref(), plan)?;
    Ok(read - blank)
}

/// Refuses JSON lines of which none has a name that was given by hand.
fn refuse_never_found(lines: Option<&Flattener>, plan: &Plan) -> Result<(), CommandError> {
    match lines.and_then(Flattener::never_found) {
        Some(name) => {
            Err(refused(format!("{}: no line has '{name}', which --map names", plan.file)))
        }
        None => Ok(()),
    }
}

/// Adds a rejected row to the rejects, or refuses the file.
fn settle(
    outcome: Result<Verdict, RowError<'_>>,
    row: Row<'_>,
    plan: &Plan,
    rejects: &mut Rejects<'_>,
) -> Result<()> {
    let line = row.line;
    match outcome {
        Ok(Verdict::Accepted) => Ok(()),
        Ok(Verdict::Rejected { column, reason }) => {
            let header = plan.mapping.get(column).map_or(column, |mapped| &mapped.header);
            rejects.add(Reject { line, column: Some(header), reason: &reason, row: Some(row) })
        }
        Err(RowError { column, fault: CellError::Row(reason) }) => {
            rejects.add(Reject { line, column, reason: &reason, row: Some(row) })
        }
        Err(RowError { column, fault: CellError::File { message, hint } }) => {
            let (file, column) = (&plan.file, column.unwrap_or_default());
            Err(refused(format!("{file}:{line}: {column}: {message}")).hint(hint).into())
        }
    }
}

fn shape(row: &Row<'_>, width: usize) -> Result<(), RowError<'static>> {
    if let Some(fault) = row.fault {
        return Err(RowError::row(fault.to_owned()));
    }
    match row.len() {
        fields if fields == width => Ok(()),
        fields if fields < width => {
            Err(RowError::row(format!("too few fields: {fields} of {width}")))
        }
        fields => Err(RowError::row(format!("too many fields: {fields} instead of {width}"))),
    }
}

/// The cell that is used for a column, and the column of the file that it is in.
pub(super) struct Filled<'a, 'c> {
    pub(super) cell: &'a str,
    pub(super) header: &'c str,
    pub(super) zone: Option<ColumnZone>,
}

/// The cell of a column; if it is blank, the first non-blank one of its alternatives.
#[inline]
pub(super) fn filled<'a, 'c>(row: &Row<'a>, mapped: &'c Mapped) -> Option<Filled<'a, 'c>> {
    match content(row.field(mapped.index)) {
        Some(cell) => Some(Filled { cell, header: &mapped.header, zone: mapped.zone }),
        None => otherwise(row, mapped),
    }
}

#[cold]
fn otherwise<'a, 'c>(row: &Row<'a>, mapped: &'c Mapped) -> Option<Filled<'a, 'c>> {
    mapped.otherwise.iter().find_map(|place| {
        content(row.field(place.index)).map(|cell| Filled {
            cell,
            header: &place.header,
            zone: place.zone,
        })
    })
}

/// The id in a required column.
#[inline]
pub(super) fn required_id<'a, 'c>(
    row: &Row<'a>,
    mapped: &'c Mapped,
) -> Result<&'a str, RowError<'c>> {
    optional_id(row, mapped)?.ok_or_else(|| RowError::blank(mapped))
}

/// The id in an optional column.
#[inline]
pub(super) fn optional_id<'a, 'c>(
    row: &Row<'a>,
    mapped: &'c Mapped,
) -> Result<Option<&'a str>, RowError<'c>> {
    match content(row.field(mapped.index)) {
        Some(cell) => cells::id(cell, row.plain).map(Some).map_err(RowError::at(mapped)),
        None if mapped.otherwise.is_empty() => Ok(None),
        None => other_id(row, mapped),
    }
}

#[cold]
fn other_id<'a, 'c>(row: &Row<'a>, mapped: &'c Mapped) -> Result<Option<&'a str>, RowError<'c>> {
    let Some(Filled { cell, header, .. }) = otherwise(row, mapped) else { return Ok(None) };
    cells::id(cell, row.plain).map(Some).map_err(RowError::in_column(header))
}
