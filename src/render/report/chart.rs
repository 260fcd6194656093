//! Charts of tables: which columns they draw, and how. A [`Chart`] only names columns of its table, so
//! it cannot disagree with it.

use super::{Cell, Table, TableRow};

/// How a table is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    pub title: &'static str,
    pub kind: ChartKind,
}

impl Chart {
    pub(crate) fn new(title: &'static str, kind: ChartKind) -> Self {
        Chart { title, kind }
    }
}

/// Columns are identified by their names for programs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChartKind {
    /// Horizontal bars made of parts.
    Stacked {
        bars: BarLayout,
        /// Whether all bars have the same length, to compare shares instead of amounts.
        is_share: bool,
    },
    /// A line over rows that are days.
    Line { column: &'static str },
    /// Vertical bars over rows that are months.
    Months { column: &'static str },
    /// A circle for each row, in its colour.
    Bubbles {
        /// The column with days from the as-of date: the x position.
        days: &'static str,
        /// The column with a score from 0 to 100: the y position. A row without one is drawn below
        /// the others.
        score: &'static str,
        /// The column for the area.
        size: &'static str,
    },
    /// A point for each row, with its name, and its interval as a vertical line: good if the
    /// interval is above 1, poor if it is below, else unknown.
    Points {
        /// The column with a share from 0 to 100 percent: the x position.
        x: &'static str,
        /// The column with a ratio: the y position, on a logarithmic scale that marks 1.
        y: &'static str,
        /// The columns with the ends of the interval around the ratio.
        low: &'static str,
        high: &'static str,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BarLayout {
    /// Each row is a bar; these columns are its parts, with their colours.
    Rows(Vec<(&'static str, Tint)>),
    /// Each of these columns is a bar; the rows are its parts, with their colours.
    Columns(Vec<&'static str>),
}

/// The meaning of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tint {
    Good,
    Average,
    Poor,
    Unknown,
    /// A level of the pulse, 1 to 6.
    Level(u8),
    /// No meaning.
    Plain,
}

impl Tint {
    /// The CSS class of the shapes, the colour in a workbook (that of the page on a light
    /// background), and the character of a bar in a terminal, where there are no colours.
    fn look(self) -> (&'static str, u32, char) {
        const LEVELS: [(&str, u32, char); 6] = [
            ("level-1", 0xA5_1E_22, '░'),
            ("level-2", 0xD2_55_3B, '░'),
            ("level-3", 0xEC_A2_4A, '▒'),
            ("level-4", 0x9C_BF_73, '▒'),
            ("level-5", 0x4F_99_61, '█'),
            ("level-6", 0x1F_6B_47, '█'),
        ];
        match self {
            Tint::Good => ("good", 0x2B_7A_55, '█'),
            Tint::Average => ("average", 0xE3_A9_35, '▒'),
            Tint::Poor => ("poor", 0xC2_3B_2E, '░'),
            Tint::Unknown => ("unknown", 0xA8_AE_B6, '·'),
            Tint::Level(level) => LEVELS[usize::from(level.clamp(1, 6)) - 1],
            Tint::Plain => ("plain", 0x3B_6E_A8, '█'),
        }
    }

    pub(super) fn class(self) -> &'static str {
        self.look().0
    }

    pub(super) fn rgb(self) -> u32 {
        self.look().1
    }

    pub(super) fn block(self) -> char {
        self.look().2
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct BarPart {
    pub name: String,
    pub amount: f64,
    /// The amount in words.
    pub text: String,
    pub tint: Tint,
}

/// The bars of a stacked chart: the label and the parts of each.
pub(super) fn bars(table: &Table, bars: &BarLayout) -> Vec<(String, Vec<BarPart>)> {
    let rows = table.rows.iter();
    match bars {
        BarLayout::Rows(parts) => {
            let of_row = |row: &TableRow| {
                let parts = parts.iter().filter_map(|(name, tint)| {
                    let (place, column) = table.column(name)?;
                    Some(part(column.title, &row.cells[place], *tint))
                });
                parts.collect()
            };
            rows.map(|row| (row.item.label.text().into_owned(), of_row(row))).collect()
        }
        BarLayout::Columns(columns) => {
            let of_column = |place: usize| {
                let part =
                    |row: &TableRow| part(&row.item.label.text(), &row.cells[place], row.tint);
                rows.clone().map(part).collect()
            };
            let columns = columns.iter().filter_map(|name| table.column(name));
            columns.map(|(place, column)| (column.title.to_owned(), of_column(place))).collect()
        }
    }
}

fn part(name: &str, cell: &Cell, tint: Tint) -> BarPart {
    BarPart {
        name: name.to_owned(),
        amount: cell.rounded().unwrap_or_default().max(0.0),
        text: cell.text().into_owned(),
        tint,
    }
}
