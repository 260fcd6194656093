//! Prints rows on the screen or for other programs.

use std::path::Path;

use anyhow::Result;

use super::options::FormatOption;
use crate::context::Context;
use crate::domain::company_link::CompanyLink;
use crate::output_file::OutputFile;
use crate::render::{Format, RecordWriter, Screen, TextTable, Value};
use crate::store::Store;
use crate::ui;
use crate::views::Listing;

/// Additions to the table of a list.
#[derive(Default)]
pub(super) struct Extras<'e> {
    /// The titles of columns that the items were filtered by.
    pub known: &'e [&'static str],
    /// Where companies are found, for terminals that show links.
    pub link: Option<CompanyLink>,
}

impl FormatOption {
    /// Whether it is for people.
    pub(super) fn is_table(self) -> bool {
        self.format == Format::Table
    }

    /// Prints a list.
    pub(super) fn print<T>(
        self,
        context: &Context,
        listing: &Listing<T>,
        items: &[T],
    ) -> Result<()> {
        let extras = Extras::default();
        self.print_with(context, listing, &extras, |each| items.iter().try_for_each(each))
    }

    /// Prints a list; at a terminal each company is a link to where the configuration says that it
    /// is found.
    pub(super) fn print_linked<T>(
        self,
        context: &Context,
        store: &Store,
        listing: &Listing<T>,
        items: &[T],
    ) -> Result<()> {
        let extras = Extras { link: store.company_link()?, ..Extras::default() };
        self.print_with(context, listing, &extras, |each| items.iter().try_for_each(each))
    }

    /// Prints a list with additions. `produce` passes one item after the other; only tables hold
    /// all of them in memory.
    pub(super) fn print_with<T>(
        self,
        context: &Context,
        listing: &Listing<T>,
        extras: &Extras<'_>,
        produce: impl FnOnce(&mut dyn FnMut(&T) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let names = listing.fields.names();
        if !self.is_table() {
            return context.ui.records(RecordWriter::new(self.format, &names), |record| {
                produce(&mut |item| record(&listing.fields.values(item)))
            });
        }
        let mut table = listing.table([]);
        extras.known.iter().for_each(|title| table.know(title));
        let link = extras.link.as_ref().filter(|_| context.ui.look().shows_links());
        let column = listing.column("company");
        let id = names.iter().position(|name| *name == "company_id");
        produce(&mut |item| {
            table.toned_row(listing.cells(item));
            if let (Some(link), Some(column), Some(id)) = (link, column, id)
                && let Some(Value::Text(id)) = listing.fields.values(item).get(id)
            {
                table.link(column, link.of(id));
            }
            Ok(())
        })?;
        print_table(context, &table, listing.when_empty)
    }

    /// Prints one record for other programs.
    pub(super) fn print_record<'n, 'v>(
        self,
        context: &Context,
        fields: impl IntoIterator<Item = (&'n str, Value<'v>)>,
    ) -> Result<()> {
        let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
        context.ui.records(RecordWriter::new(self.format, &names), |record| record(&values))
    }
}

/// Draws the fields of a record for people; `text` formats their values.
pub(super) fn draw_record(
    screen: &mut Screen,
    fields: &[(&str, Value<'_>)],
    text: impl Fn(&Value<'_>) -> String,
) {
    let names: Vec<String> = fields.iter().map(|(name, _)| name.replace('_', " ")).collect();
    let values = fields.iter().map(|(_, value)| text(value));
    screen.pairs(names.iter().map(String::as_str).zip(values));
}

/// Prints whether something was created or changed; `sentence` describes it.
pub(super) fn report_change<T: PartialEq>(
    context: &Context,
    what: &str,
    name: &str,
    old: Option<&T>,
    new: &T,
    sentence: impl Fn(&T) -> String,
) {
    match old {
        Some(old) if old == new => context.ui.note(format!("the {what} '{name}' stays as it was")),
        Some(old) => {
            context.ui.note(format!("old: {}", sentence(old)));
            context.ui.note(format!("new: {}", sentence(new)));
        }
        None => context.ui.note(format!("new {what}: {}", sentence(new))),
    }
}

/// Prints a table, or the text for an empty one.
pub(super) fn print_table(context: &Context, table: &TextTable, when_empty: &str) -> Result<()> {
    if table.is_empty() {
        context.ui.note(when_empty);
        return Ok(());
    }
    context.ui.page(|screen| screen.table(table))
}

/// Writes records to a file, one by one.
pub(super) fn write_records(
    path: &Path,
    writer: RecordWriter<'_>,
    produce: impl FnOnce(&mut dyn FnMut(&[Value<'_>]) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut file = OutputFile::begin(path)?;
    ui::write_records(writer, |bytes| file.add(bytes), produce)?;
    file.finish()
}
