//! Output of commands: regular files, which appear completely or not at all, and devices and pipes,
//! which are written directly.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::error::{CommandError, ErrorKind};

/// The present temporary files, for [`forget_unfinished`].
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The kernel's limit on following links.
const MOST_LINKS: usize = 40;

/// Whether this path is standard output.
pub(crate) fn is_standard_output(path: &Path) -> bool {
    let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path.as_os_str() == *name)
}

/// An output of a command. A regular file appears under its name when it is finished, with the
/// owner and mode of the file it replaces. A device, a pipe or standard output receives the bytes
/// directly.
pub(crate) struct OutputFile {
    target: PathBuf,
    out: Out,
}

enum Out {
    Whole { file: BufWriter<NamedTempFile>, replaces: bool },
    Direct(BufWriter<File>),
}

impl OutputFile {
    pub(crate) fn write_at(target: &Path, bytes: &[u8]) -> Result<()> {
        let mut file = OutputFile::begin(target)?;
        file.add(bytes)?;
        file.finish()
    }

    /// Begins the output at `target`. Links are followed.
    pub(crate) fn begin(target: &Path) -> Result<Self> {
        let begin = || -> Result<Self> {
            let target = follow_links(target)?;
            let out = match direct(&target)? {
                Some(file) => Out::Direct(BufWriter::new(file)),
                None => Out::Whole { file: BufWriter::new(temporary(&target)?), replaces: true },
            };
            Ok(OutputFile { target, out })
        };
        begin().with_context(|| place(target))
    }

    /// Begins a file that must not exist.
    pub(crate) fn begin_new(target: &Path) -> Result<Self> {
        let file = temporary(target).with_context(|| place(target))?;
        let out = Out::Whole { file: BufWriter::new(file), replaces: false };
        Ok(OutputFile { target: target.to_owned(), out })
    }

    /// The temporary file, for libraries that write to a path; `None` if there is none.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.out {
            Out::Whole { file, .. } => Some(file.get_ref().path()),
            Out::Direct(_) => None,
        }
    }

    /// The folder of the file, which has room for temporary files too.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.path().and_then(Path::parent)
    }

    /// Writes bytes. Errors name the file.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).with_context(|| place(&self.target))
    }

    /// Makes the file appear, durably.
    pub(crate) fn finish(self) -> Result<()> {
        let OutputFile { target, out } = self;
        let finished = match out {
            Out::Whole { file, replaces } => keep(file, &target, replaces),
            Out::Direct(mut file) => file.flush(),
        };
        finished.with_context(|| place(&target))
    }
}

impl Out {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Out::Whole { file, .. } => file,
            Out::Direct(file) => file,
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.writer().flush()
    }
}

/// Removes the temporary files of this process, before it is terminated.
pub fn forget_unfinished() {
    for path in unfinished().drain(..) {
        // A file may already be gone.
        let _ = fs::remove_file(path);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The output itself, if it is not a regular file to replace.
fn direct(target: &Path) -> io::Result<Option<File>> {
    if is_standard_output(target) {
        // Later writes to standard output continue after these bytes.
        #[expect(clippy::disallowed_methods, reason = "the user named standard output")]
        let stream = io::stdout().as_fd().try_clone_to_owned()?;
        return Ok(Some(File::from(stream)));
    }
    let is_open_already = ["/dev/fd", "/proc/self/fd"].iter().any(|of| target.starts_with(of));
    match fs::metadata(target) {
        Ok(metadata) if is_open_already || !metadata.is_file() => {
            // Without O_CREAT and O_TRUNC, so that existing contents stay.
            File::options().append(true).open(target).map(Some)
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// Where a path leads, even if nothing is there yet. The names of open files are not resolved.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let is_open_already = path.starts_with("/proc/self/fd");
        if is_standard_output(&path) || is_open_already || !path.is_symlink() {
            return Ok(path);
        }
        path = folder(&path).join(fs::read_link(&path)?);
    }
    // Opening through the links names the loop.
    fs::metadata(&path).map(|_| path)
}

fn temporary(target: &Path) -> Result<NamedTempFile> {
    let folder = folder(target);
    let temporary = NamedTempFile::new_in(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => no_folder(folder).into(),
        // The library's error would name a temporary file.
        _ => anyhow::Error::from(plain(&error)),
    })?;
    unfinished().push(temporary.path().to_owned());
    Ok(temporary)
}

fn keep(file: BufWriter<NamedTempFile>, target: &Path, replaces: bool) -> io::Result<()> {
    let temporary = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    let path = temporary.path().to_owned();
    if replaces && let Ok(replaced) = fs::metadata(target) {
        resemble(temporary.as_file(), &replaced)?;
    }
    temporary.as_file().sync_all()?;
    let persist = if replaces { NamedTempFile::persist } else { NamedTempFile::persist_noclobber };
    let kept = persist(temporary, target);
    kept.map_err(|error| error.error)?;
    unfinished().retain(|other| *other != path);
    // The directory entry must reach the disk too.
    File::open(folder(target))?.sync_all()
}

/// Gives a file the owner, group and mode of the one it replaces, as far as permitted. If the group
/// cannot be kept, no other group gets its rights.
fn resemble(file: &File, replaced: &Metadata) -> io::Result<()> {
    let group = Some(replaced.gid());
    let has_group =
        fchown(file, Some(replaced.uid()), group).is_ok() || fchown(file, None, group).is_ok();
    let mode = replaced.permissions().mode() & 0o777;
    file.set_permissions(Permissions::from_mode(if has_group { mode } else { mode & !0o070 }))
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn no_folder(folder: &Path) -> CommandError {
    let message = format!("the folder {} does not exist", folder.display());
    CommandError::new(ErrorKind::Io, message).hint("create it first")
}

fn place(target: &Path) -> String {
    format!("cannot write {}", target.display())
}

/// The error without the name of the file.
fn plain(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::error::report;

    fn write(path: &Path, text: &str) -> Result<()> {
        let mut file = OutputFile::begin(path)?;
        file.add(text.as_bytes())?;
        file.finish()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_keeps_its_mode_and_a_new_one_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.csv");
        write(&path, "old").unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        write(&path, "new").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o644));
    }

    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("sub/report.csv"), folder.path().join("latest"));
        fs::create_dir(folder.path().join("sub")).unwrap();
        symlink("sub/report.csv", &link).unwrap();
        for text in ["dangling", "existing"] {
            write(&link, text).unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2, "a temporary file is left, or was made beside the link");
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(write(&folder.path().join("loop"), "x").is_err());
    }

    #[test]
    fn a_device_and_a_pipe_stay_what_they_are() {
        write(Path::new("/dev/null"), "gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        assert_ne!(mode(Path::new("/dev/null")), 0o600);

        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read_to_string(pipe).unwrap())
        };
        write(&pipe, "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(!fs::metadata(&pipe).unwrap().is_file());
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let place = tempfile::tempdir().unwrap();
        let (nowhere, link) = (place.path().join("nowhere"), place.path().join("latest"));
        let file = nowhere.join("x.csv");
        symlink(&file, &link).unwrap();
        let begun = [
            (&file, OutputFile::begin(&file)),
            (&file, OutputFile::begin_new(&file)),
            (&link, OutputFile::begin(&link)),
        ];
        for (path, begun) in begun {
            let report = report(&begun.err().unwrap()).unwrap();
            let (path, folder) = (path.display(), nowhere.display());
            assert_eq!(
                report.message,
                format!("cannot write {path}: the folder {folder} does not exist")
            );
            assert_eq!(
                (report.kind, &report.hints[..]),
                (ErrorKind::Io, &["create it first".to_owned()][..])
            );
        }
    }

    #[test]
    fn a_new_file_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        fs::write(&path, "mine").unwrap();
        assert!(OutputFile::begin_new(&path).unwrap().finish().is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
