//! How commands hand their rows to the screen or to other programs.

use anyhow::Result;

use crate::render::{Format, RecordWriter, Screen, TextTable};
use crate::ui::Ui;
use crate::views::Listing;

/// Prints a list in any format. `produce` hands over one item after the other; only a table holds
/// them all at once.
pub(super) fn print_list<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    produce: impl FnOnce(&mut dyn FnMut(&T) -> Result<()>) -> Result<()>,
) -> Result<()> {
    print_with(ui, format, listing, &Extras::default(), produce)
}

/// What a table shows of a list besides its items.
pub(super) struct Extras<'e, T> {
    /// The titles of the columns by which the items were chosen.
    pub known: &'e [&'static str],
    /// Where the company of an item leads, on a terminal that shows links.
    pub address: Option<&'e dyn Fn(&T) -> String>,
}

impl<T> Default for Extras<'_, T> {
    fn default() -> Self {
        Extras { known: &[], address: None }
    }
}

/// Prints a list as [`print_list`] does, with extras.
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

/// Prints a list of items that are at hand.
pub(super) fn print_items<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    items: &[T],
) -> Result<()> {
    print_list(ui, format, listing, |each| items.iter().try_for_each(each))
}

/// Prints a table, or says that there is nothing in it.
pub(super) fn print_table(ui: &Ui, table: &TextTable, when_empty: &str) -> Result<()> {
    if table.is_empty() {
        ui.note(when_empty);
        return Ok(());
    }
    let mut screen = Screen::new(ui.look());
    screen.table(table);
    ui.page(&screen.into_text())
}
