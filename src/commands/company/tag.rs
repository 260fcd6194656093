//! `signals company tag`: tags of companies.

use anyhow::Result;
use clap::Args;

use crate::commands::options::FormatOption;
use crate::context::Context;
use crate::domain::company::CompanyKey;
use crate::domain::playbook::validate_tag;
use crate::domain::similar_names::nearest;
use crate::domain::task::Stamp;
use crate::error::{not_allowed, usage};
use crate::ops::work;
use crate::query::find_company;
use crate::store::{Finish, Store};
use crate::views::tags::TAGS;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  signals company tag acme watch-list\n  signals company tag acme --remove watch-list\n  signals company tag acme"
)]
pub(crate) struct TagCompany {
    /// The company's id or name
    company: String,
    /// The tags to add
    #[arg(value_name = "TAG")]
    tags: Vec<String>,
    /// A tag to remove; may be given several times
    #[arg(long, value_name = "TAG")]
    remove: Vec<String>,
    #[command(flatten)]
    format: FormatOption,
}

impl TagCompany {
    /// Changes the tags, all or none, and prints the company's tags.
    ///
    /// # Errors
    /// An invalid tag, or one that is both added and removed (exit 2); an unknown company, or a
    /// removed tag that it does not have (exit 9).
    pub(crate) fn run(self, context: &Context) -> Result<()> {
        if self.tags.is_empty() && self.remove.is_empty() {
            let store = context.reader()?;
            let company = find_company(&store, &self.company)?;
            return self.print(context, &store, company);
        }
        self.tags.iter().try_for_each(|tag| validate_tag(tag)).map_err(usage)?;
        if let Some(tag) = self.tags.iter().find(|tag| self.remove.contains(tag)) {
            let message = format!("the tag '{tag}' is both to be put on and to be taken off");
            return Err(usage(message).into());
        }
        let mut store = context.writer()?;
        let company = find_company(&store, &self.company)?;
        store.transaction(Finish::Commit, |store| {
            let stamp = work::stamp(context, store)?;
            for tag in &self.tags {
                if !store.add_tag(company, tag, &stamp)? {
                    context.ui.note(format!("the tag '{tag}' was there already"));
                }
            }
            self.remove.iter().try_for_each(|tag| remove(store, company, tag, &stamp))
        })?;
        self.print(context, &store, company)
    }

    fn print(&self, context: &Context, store: &Store, company: CompanyKey) -> Result<()> {
        self.format.print(context, &TAGS, &store.tags(company)?)
    }
}

fn remove(store: &Store, company: CompanyKey, tag: &str, stamp: &Stamp) -> Result<()> {
    if store.remove_tag(company, tag, stamp)? {
        return Ok(());
    }
    let has = store.tags(company)?.into_iter().map(|record| record.tag);
    let hint = match nearest(tag, has) {
        Some(like) => format!("did you mean '{like}'?"),
        None => "`signals company tag COMPANY` shows those that it has".to_owned(),
    };
    let message = format!("the company does not have the tag '{tag}'; nothing was changed");
    Err(not_allowed(message).hint(hint).into())
}
