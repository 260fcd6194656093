//! Errors of cells: the row is rejected, or the whole file is refused.

/// Why a cell cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellError {
    /// Rejects the row; the text does not name the column.
    Row(String),
    /// Refuses the file, because continuing would be guessing.
    File {
        /// The problem, without the name of the column.
        message: String,
        hint: &'static str,
    },
}

impl CellError {
    /// An error that rejects the row.
    pub fn row(reason: impl Into<String>) -> Self {
        CellError::Row(reason.into())
    }
}

/// The most characters of a cell that a message repeats.
const SHOWN: usize = 40;

/// A cell for a message: quoted, and cut if it is long.
pub(crate) fn shown(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("'{}…'", &cell[..end]),
        None => format!("'{cell}'"),
    }
}
