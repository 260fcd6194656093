//! What the project's tests, benchmarks and fuzz targets call without the program in between. It may
//! change with any commit.

pub use crate::cli::Cli;
pub use crate::configuration::document::Document;
pub use crate::domain::EVENTS;
pub use crate::domain::attributes::{self, Datum};
pub use crate::domain::backtest::{Backtest, Raised, Settings, Subject, one_a_company};
pub use crate::domain::day::{Day, Instant};
pub use crate::domain::preset;
pub use crate::error::ErrorKind;
pub use crate::expression::{EXPRESSION_FUNCTIONS, Evaluator};
pub use crate::import::cells;
pub use crate::import::events::read_events;
pub use crate::import::facts::read_facts;
pub use crate::import::json::{Flattener, names_in};
pub use crate::import::kinds::{self, Catalogue, CellType};
pub use crate::import::records::{Peeked, Records};
pub use crate::import::source::Source;
pub use crate::import::times::{Expected, Plausible, TimeReader, TimeSettings};
pub use crate::import::{Incoming, Options, Rejects, Verdict};
pub use crate::render::escape;
pub use crate::store::{Permissions, Store};
pub use crate::views::presets;
