//! What can be wrong with a cell: the row is rejected and the others go on, or the whole file is
//! refused.

/// Why a cell cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellError {
    /// The row is rejected; the text says why, without naming the column.
    Row(String),
    /// The file is refused: going on would only guess.
    File {
        /// What is wrong, without naming the column.
        message: String,
        /// What to do about it.
        hint: &'static str,
    },
}

impl CellError {
    /// A fault that costs one row.
    pub fn row(reason: impl Into<String>) -> Self {
        CellError::Row(reason.into())
    }
}

/// The most characters of a cell that a message repeats.
const SHOWN: usize = 40;

/// A cell as a message shows it: in quotes, and cut when it is long.
pub(crate) fn shown(cell: &str) -> String {
    match cell.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("'{}…'", &cell[..end]),
        None => format!("'{cell}'"),
    }
}
