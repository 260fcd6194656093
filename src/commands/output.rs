//! Prints rows on the screen or for other programs.

use anyhow::Result;

use crate::domain::company_link::CompanyLink;
use crate::render::{Format, RecordWriter, TextTable, Value};
use crate::store::Store;
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
#[derive(Default)]
pub(super) struct Extras<'e> {
    /// The titles of columns that the items were filtered by.
    pub known: &'e [&'static str],
    /// Where companies are found, for terminals that show links.
    pub link: Option<CompanyLink>,
}

/// Prints a list as [`print_list`] does, with additions.
pub(super) fn print_with<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    extras: &Extras<'_>,
    produce: impl FnOnce(&mut dyn FnMut(&T) -> Result<()>) -> Result<()>,
) -> Result<()> {
    if format != Format::Table {
        let names = listing.fields.names();
        let writer = RecordWriter::new(format, &names);
        return ui
            .records(writer, |record| produce(&mut |item| record(&listing.fields.values(item))));
    }
    let mut table = listing.table([]);
    extras.known.iter().for_each(|title| table.know(title));
    let link = extras.link.as_ref().filter(|_| ui.look().shows_links());
    let column = listing.column("company");
    let id = listing.fields.names().iter().position(|name| *name == "company_id");
    produce(&mut |item| {
        table.toned_row(listing.cells(item));
        if let (Some(link), Some(column), Some(id)) = (link, column, id)
            && let Some(Value::Text(id)) = listing.fields.values(item).get(id)
        {
            table.link(column, link.of(id));
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

/// Prints a list of items in memory; at a terminal each company is a link to where the configuration
/// says that it is found.
pub(super) fn print_linked<T>(
    ui: &Ui,
    format: Format,
    listing: &Listing<T>,
    items: &[T],
    store: &Store,
) -> Result<()> {
    let extras = Extras { link: store.company_link()?, ..Extras::default() };
    print_with(ui, format, listing, &extras, |each| items.iter().try_for_each(each))
}

/// Prints one record for other programs.
pub(super) fn print_record<'n, 'v>(
    ui: &Ui,
    format: Format,
    fields: impl IntoIterator<Item = (&'n str, Value<'v>)>,
) -> Result<()> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    ui.records(RecordWriter::new(format, &names), |record| record(&values))
}

/// Prints a table, or the text for an empty one.
pub(super) fn print_table(ui: &Ui, table: &TextTable, when_empty: &str) -> Result<()> {
    if table.is_empty() {
        ui.note(when_empty);
        return Ok(());
    }
    ui.page(|screen| screen.table(table))
}
