//! Files that are written whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// The temporary files that there are at the moment, for [`forget_unfinished`].
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that appears under its name when it is finished.
pub struct WholeFile {
    target: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl WholeFile {
    /// Begins a file that will be `target`.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written.
    pub fn begin(target: &Path) -> Result<Self> {
        // The error of the library names a temporary file that nobody has asked for.
        let temporary = NamedTempFile::new_in(folder(target))
            .map_err(|error| plain(&error))
            .with_context(|| place(target))?;
        unfinished().push(temporary.path().to_owned());
        Ok(WholeFile { target: target.to_owned(), file: BufWriter::new(temporary) })
    }

    /// The temporary file, for those who write to a path.
    pub fn path(&self) -> &Path {
        self.file.get_ref().path()
    }

    /// Writes the next bytes, and names the file when that fails.
    pub fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).with_context(|| place(&self.target))
    }

    /// Makes the file appear, durably. `replaces` says whether another file of that name may be
    /// there.
    ///
    /// # Errors
    /// A disk that does not take it; a file of that name that must not be replaced.
    pub fn finish(self, replaces: bool) -> Result<()> {
        let WholeFile { target, file } = self;
        let keep = || -> io::Result<()> {
            let temporary = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            temporary.as_file().sync_all()?;
            let path = temporary.path().to_owned();
            let kept = if replaces {
                temporary.persist(&target)
            } else {
                temporary.persist_noclobber(&target)
            };
            kept.map_err(|error| error.error)?;
            unfinished().retain(|other| *other != path);
            // The name is in the folder, which has to reach the disk too.
            File::open(folder(&target))?.sync_all()
        };
        keep().with_context(|| place(&target))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes the temporary files of this process: for when it ends in the middle of something.
pub fn forget_unfinished() {
    for path in unfinished().drain(..) {
        // A file that has gone already is as good as removed.
        let _ = std::fs::remove_file(path);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn place(target: &Path) -> String {
    format!("cannot write {}", target.display())
}

/// The error without the name of the file.
fn plain(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
