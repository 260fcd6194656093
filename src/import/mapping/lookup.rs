//! Looks for a column in a header: by name, by the names of a product, by month and year, or as a
//! survey question.

use super::super::amounts::NumberStyle;
use super::super::catalogue::{CellType, Column, Product};
use super::super::cells::{self, content};
use super::super::header::Header;
use super::super::spelling::folded;
use super::matches::{Found, How};

/// Ways to look for a column, in this order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Product,
    Sure,
    Instead,
    MonthAndYear,
    Question,
}

pub(super) struct Looking<'h> {
    pub(super) header: &'h Header,
    pub(super) product: Option<&'static Product>,
    pub(super) sample: Option<&'h [Vec<String>]>,
}

impl Looking<'_> {
    pub(super) fn steps(&self) -> Vec<Step> {
        let all = [Step::Product, Step::Sure, Step::Instead, Step::MonthAndYear, Step::Question];
        let only = self.product.is_some_and(|product| product.only);
        all.into_iter()
            .filter(|step| !only || !matches!(step, Step::Sure | Step::Instead))
            .collect()
    }

    pub(super) fn look(&self, step: Step, column: &Column, free: &[bool]) -> Found {
        match step {
            Step::Product => self.of_product(column, free),
            Step::Sure => {
                self.named([folded(&column.name)].iter().chain(&column.aliases), How::Surely, free)
            }
            Step::Instead => self.named(column.instead.iter(), How::Instead, free),
            Step::MonthAndYear => self.month_and_year(column, free),
            Step::Question => self.question(column, free),
        }
    }

    fn of_product(&self, column: &Column, free: &[bool]) -> Found {
        let Some(from) = self.product.and_then(|product| product.column(&column.name)) else {
            return Found::default();
        };
        let names = from.names(column);
        let all = vec![true; free.len()];
        let places = self.places(names.iter(), if from.shared { &all } else { free });
        // In the file of a known product, the order of the catalogue decides.
        let wanted = if from.coalesce { places.len() } else { places.len().min(1) };
        Found::at(How::Surely, &places[..wanted])
    }

    fn named<'n>(&self, names: impl Iterator<Item = &'n String>, how: How, free: &[bool]) -> Found {
        let places = self.places(names, free);
        match places.as_slice() {
            [first, _, ..] if self.product.is_some() => Found::at(how, &[*first]),
            [_, _, ..] => Found::at(How::Clash, &places),
            _ => Found::at(how, &places),
        }
    }

    fn month_and_year(&self, column: &Column, free: &[bool]) -> Found {
        let places = column
            .month_and_year
            .iter()
            .flat_map(|names| self.places(names.iter(), free))
            .collect::<Vec<_>>();
        if places.len() == 2 { Found::at(How::MonthAndYear, &places) } else { Found::default() }
    }

    /// The only column whose name has a word of the question and whose cells all fit.
    fn question(&self, column: &Column, free: &[bool]) -> Found {
        let Some(sample) = self.sample.filter(|_| !column.asks.is_empty()) else {
            return Found::default();
        };
        let asks = |at: &usize| free[*at] && has_word(&self.header.names[*at], &column.asks);
        let fits = |at: &usize| {
            sample.iter().filter_map(|row| content(row.get(*at)?)).all(|cell| holds(column, cell))
        };
        let places: Vec<usize> = (0..free.len()).filter(asks).filter(fits).collect();
        Found::at(if places.len() > 1 { How::Clash } else { How::Instead }, &places)
    }

    fn places<'n>(&self, names: impl Iterator<Item = &'n String>, free: &[bool]) -> Vec<usize> {
        let mut places = Vec::new();
        for name in names {
            let here = (0..free.len()).filter(|at| free[*at] && self.header.is_called(*at, name));
            let new: Vec<usize> = here.filter(|at| !places.contains(at)).collect();
            places.extend(new);
        }
        places
    }
}

/// Whether any word of a text begins with one of `words`.
fn has_word(text: &str, words: &[String]) -> bool {
    let text = text.to_lowercase();
    let mut parts = text.split(|char: char| !char.is_alphanumeric());
    parts.any(|part| words.iter().any(|word| part.starts_with(word.as_str())))
}

fn holds(column: &Column, cell: &str) -> bool {
    match column.cell {
        CellType::Whole { min, max } => {
            let cell = if column.labelled { cells::without_label(cell) } else { cell };
            NumberStyle::default().whole(cell, min, max).is_ok()
        }
        _ => true,
    }
}
