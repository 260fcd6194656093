//! Prints rows on the screen or for other programs.

use anyhow::Result;

use crate::render::{Format, RecordWriter, Screen, TextTable};
use crate::ui::Ui;
use crate::views::Listing;

/// Prints a list in any format. `produce` passes one item after the other; only tables hold all of
/// them in memory.
pub(super) fn print_list<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    produce: impl FnOnce(&mut dyn FnMut(&T) -> Result<()>) -> Result<()>,
) -> Result<()> {
    print_with(ui, format, listing, &Extras::default(), produce)
}

/// Additions to the table of a list.
pub(super) struct Extras<'e, T> {
    /// The titles of columns that the items were filtered by.
    pub known: &'e [&'static str],
    /// The link of an item's company, for terminals that show links.
    pub address: Option<&'e dyn Fn(&T) -> String>,
}

impl<T> Default for Extras<'_, T> {
    fn default() -> Self {
        Extras { known: &[], address: None }
    }
}

/// Prints a list as [`print_list`] does, with additions.
pub(super) fn print_with<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    extras: &Extras<'_, T>,
    produce: impl FnOnce(&mut dyn FnMut(&T) -> Result<()>) -> Result<()>,
) -> Result<()> {
    if format != Format::Table {
        let writer = RecordWriter::new(format, listing.fields);
        return ui.records(writer, |record| produce(&mut |item| record(&(listing.values)(item))));
    }
    let mut table = TextTable::new(listing.columns.iter().copied());
    extras.known.iter().for_each(|title| table.know(title));
    let column = listing.columns.iter().position(|(title, _)| *title == "company");
    produce(&mut |item| {
        table.toned_row((listing.cells)(item));
        if let (Some(column), Some(address)) = (column, extras.address) {
            table.link(column, address(item));
        }
        Ok(())
    })?;
    print_table(ui, &table, listing.when_empty)
}

/// Prints a list of items in memory.
pub(super) fn print_items<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    items: &[T],
) -> Result<()> {
    print_list(ui, format, listing, |each| items.iter().try_for_each(each))
}

/// Prints a table, or the text for an empty one.
pub(super) fn print_table(ui: &Ui, table: &TextTable, when_empty: &str) -> Result<()> {
    if table.is_empty() {
        ui.note(when_empty);
        return Ok(());
    }
    let mut screen = Screen::new(ui.look());
    screen.table(table);
    ui.page(&screen.into_text())
}
