//! Transforms rows before they are read: normalizes text to NFC, and extracts values from cells
//! with JSON objects.

use super::json::CellFlattener;
use super::records::Row;

/// Transforms rows one by one, reusing memory.
#[derive(Debug)]
pub(super) struct Readable {
    cells: Option<CellFlattener>,
    text: String,
    bounds: Vec<(usize, usize)>,
}

impl Readable {
    /// `cells`: extracts values from cells with JSON objects, if any of them is read.
    pub(super) fn new(cells: Option<CellFlattener>) -> Self {
        Readable { cells, text: String::new(), bounds: Vec::new() }
    }

    pub(super) fn row<'r>(&'r mut self, row: Row<'r>) -> Row<'r> {
        if self.cells.is_none() && row.is_normal() { row } else { self.rewritten(row) }
    }

    #[cold]
    fn rewritten<'r>(&'r mut self, row: Row<'r>) -> Row<'r> {
        let Readable { cells, text, bounds } = self;
        text.clear();
        bounds.clear();
        let nfc = icu_normalizer::ComposingNormalizerBorrowed::new_nfc();
        let mut add = |field: &str| {
            let from = text.len();
            text.push_str(&nfc.normalize(field));
            bounds.push((from, text.len()));
        };
        row.fields().for_each(&mut add);
        if let Some(cells) = cells {
            cells.values(|at| row.field(at)).fields().for_each(add);
        }
        Row::new(row.line, text, bounds)
    }
}
