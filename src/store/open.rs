//! Opening and creating database files, and which are refused.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::fs::{self, OpenOptions, Permissions as Mode};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::config::DbConfig;
use rusqlite::vtab::array;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{Finish, Store, schema};
use crate::domain::zone::Zone;
use crate::error::{CommandError, ErrorKind, damaged, not_allowed};

/// How long a second writer waits for the first.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who may read and write a new database file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permissions {
    /// Only its owner (0600).
    Owner,
    /// Its owner and group (0660).
    Group,
}

impl Permissions {
    fn mode(self) -> u32 {
        match self {
            Permissions::Owner => 0o600,
            Permissions::Group => 0o660,
        }
    }
}

/// The magic numbers of filesystems on which several machines write the same file without shared
/// memory, which SQLite's WAL needs.
const NETWORK_FILESYSTEMS: [(u32, &str); 7] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
];

impl Store {
    /// Opens the database at `path` for writing, and creates it if it does not exist.
    ///
    /// # Errors
    /// A network filesystem; a file that is no database of this program or was written by a newer
    /// version (exit 6); a file that cannot be created or opened (exit 8).
    pub(crate) fn create_or_open(path: &Path, permissions: Permissions) -> Result<Store> {
        let path = absolute(path)?;
        make_file(&path, permissions)
            .with_context(|| format!("cannot make the database {}", path.display()))?;
        open_to_write(path)
    }

    /// Opens an existing database for writing.
    ///
    /// # Errors
    /// As [`Store::create_or_open`]; a missing file (exit 6).
    pub(crate) fn open_to_write(path: &Path) -> Result<Store> {
        let path = absolute(path)?;
        require_file(&path)?;
        refuse_network_filesystem(&path)?;
        open_to_write(path)
    }

    /// Opens an existing database for reading. Works on a read-only mount and on a full disk.
    pub(crate) fn open_to_read(path: &Path) -> Result<Store> {
        let path = absolute(path)?;
        require_file(&path)?;
        refuse_network_filesystem(&path)?;
        let connection = open_reader(&path).map_err(|error| explain(error, &path))?;
        if schema::version(&connection)? < schema::LATEST {
            return Err(not_allowed(format!(
                "{} was made by an older version of signals",
                path.display()
            ))
            .hint("`signals init` brings it up to date")
            .into());
        }
        finish(connection, path)
    }
}

impl Store {
    /// Whether this store created the database and has committed nothing to it since.
    pub(crate) fn is_unused(&self) -> bool {
        self.is_unused
    }

    /// Deletes the file of a database that is unused, if nobody else has it open or has written to
    /// it. Returns whether it did.
    pub(crate) fn remove_if_unused(self) -> Result<bool> {
        // Another process would go on writing to the deleted file. The WAL can only be left alone.
        if !self.is_unused || !self.leave_wal()? || !self.is_empty()? {
            return Ok(false);
        }
        let Store { connection, path, .. } = self;
        connection.close().map_err(|(_, error)| error)?;
        fs::remove_file(path)?;
        Ok(true)
    }

    /// Whether no table has a row.
    fn is_empty(&self) -> Result<bool> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
        let tables: Vec<String> = self.read_all(sql, [], |row| row.get("name"))?;
        for table in tables {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM {table}) AS found");
            if self.read_one(&sql, [], |row| row.get("found"))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets only the owner, or also the group, read and write the file.
    ///
    /// # Errors
    /// The file belongs to somebody else.
    pub(crate) fn set_permissions(&self, permissions: Permissions) -> Result<()> {
        fs::set_permissions(self.path(), Mode::from_mode(permissions.mode()))
            .with_context(|| format!("cannot change who may read {}", self.path().display()))
    }
}

impl Store {
    /// Like [`Store::transaction`], but with a rollback journal in place of the WAL, for a first
    /// large import: new pages are not journalled, so they are written once instead of twice.
    /// Nobody else can read meanwhile. If somebody else has the database open, the WAL stays.
    ///
    /// # Errors
    /// As [`Store::transaction`].
    pub(crate) fn transaction_without_wal<T>(
        &mut self,
        finish: Finish,
        work: impl FnOnce(&mut Store) -> Result<T>,
    ) -> Result<T> {
        let has_left = self.leave_wal()?;
        // Deleting the journal commits: after a power cut it must not be back.
        self.connection.execute_batch("PRAGMA synchronous = EXTRA")?;
        let result = self.transaction(finish, work);
        let _ = self.connection.execute_batch("PRAGMA synchronous = FULL");
        if has_left {
            // The next writer switches back to the WAL if this fails; the data is committed either
            // way.
            let _ = self.connection.execute_batch("PRAGMA journal_mode = WAL");
        }
        result
    }

    fn leave_wal(&self) -> Result<bool> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let mode: rusqlite::Result<String> =
            self.connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0));
        self.connection.busy_timeout(PATIENCE)?;
        match mode {
            Ok(mode) => Ok(mode == "delete"),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// A file that SQLite keeps beside the database.
fn side_file(path: &Path, ending: &str) -> OsString {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name
}

/// Gives the files beside the database its group, so that the other members of a team can use them.
fn share_side_files(path: &Path) {
    let Ok(database) = fs::metadata(path) else { return };
    for name in ["-wal", "-shm"].map(|ending| side_file(path, ending)) {
        if fs::metadata(&name).is_ok_and(|side| side.gid() != database.gid()) {
            // Only the owner may do this, and only for one of their own groups; otherwise nothing
            // can be done.
            let _ = std::os::unix::fs::chown(&name, None, Some(database.gid()));
        }
    }
}

/// SQLite takes a relative path that begins with `file:` for a URI, but not an absolute one.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}

fn require_file(path: &Path) -> Result<()> {
    let path_text = path.display();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() > 0 => Ok(()),
        Ok(metadata) if metadata.is_file() => {
            Err(no_database(format!("{path_text} is empty")).hint(BEGIN).into())
        }
        Ok(_) => Err(no_database(format!("{path_text} is not a file")).into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(no_database(format!("there is no database at {path_text}")).hint(BEGIN).into())
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn no_database(message: String) -> CommandError {
    CommandError::new(ErrorKind::NoDatabase, message)
}

const RIGHT_FILE: &str = "--db PATH or SIGNALS_DB names the right file";

const BEGIN: &str = "`signals init` makes one; `--db PATH` or SIGNALS_DB names another";

/// Creates the file before SQLite does: the side files of the WAL copy its mode, and the umask must
/// not widen it.
fn make_file(path: &Path, permissions: Permissions) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    refuse_network_filesystem(path)?;
    match OpenOptions::new().write(true).create_new(true).mode(permissions.mode()).open(path) {
        Ok(file) => Ok(file.set_permissions(Mode::from_mode(permissions.mode()))?),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_file() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn refuse_network_filesystem(path: &Path) -> Result<()> {
    // Follows links. The filesystem of a file that does not exist yet is that of its folder.
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = place.parent().unwrap_or(Path::new("/"));
    let number = rustix::fs::statfs(folder)?.f_type as u32;
    match NETWORK_FILESYSTEMS.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => Err(not_allowed(format!(
            "{} is on {name}, a network filesystem, where two machines writing at once would damage a database",
            folder.display()
        ))
        .hint("put the database on a local disk: --db PATH")
        .into()),
        None => Ok(()),
    }
}

fn open_to_write(path: PathBuf) -> Result<Store> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = prepare_writer(&path, flags).map_err(|error| explain(error, &path))?;
    let is_new = schema::migrate(&connection)?;
    Ok(Store { is_unused: is_new, ..finish(connection, path)? })
}

fn prepare_writer(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // Closing a connection writes the WAL into the database, which must not happen to a foreign
    // one.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    require_ours(&connection, path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // The page size applies to new databases; existing ones keep theirs. An import writes many
    // pages in sequence, first to the WAL and then to the database: with 16 KiB pages it takes a
    // sixth less time than with the usual 4 KiB.
    connection.execute_batch(
        "PRAGMA page_size = 16384;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -32768;",
    )?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let usual = try_reader(path);
    let Err(error) = usual else { return usual };
    let code = sqlite_code(&error);
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
    if !matches!(code, Some(CannotOpen | DiskFull | ReadOnly | SystemIoFailure)) {
        return Err(error);
    }
    // Readers and writers share memory through a file beside the database. Where it cannot be
    // created, a file without a WAL can be read as it is; one with a WAL needs exclusive access, or
    // no locks where nobody can write.
    if !has_content(path, "-wal") && !has_content(path, "-journal") {
        return immutable_reader(path).map_err(|_| error);
    }
    exclusive_reader(path).or_else(|_| lockless_reader(path)).map_err(|_| error)
}

/// A reader with exclusive access, which keeps the shared memory in its own. Needs write
/// permission.
fn exclusive_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
    check_reader(connection, path)
}

/// A reader of a file on a filesystem that is mounted read-only.
fn lockless_reader(path: &Path) -> Result<Connection> {
    if !rustix::fs::statvfs(path)?.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        bail!("{} may be written by others", path.display());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri(path, "mode=ro&vfs=unix-none"), flags)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
    check_reader(connection, path)
}

fn try_reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(PATIENCE)?;
    check_reader(connection, path)
}

fn immutable_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    check_reader(Connection::open_with_flags(uri(path, "immutable=1"), flags)?, path)
}

fn uri(path: &Path, options: &str) -> String {
    let escaped =
        path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{escaped}?{options}")
}

fn check_reader(connection: Connection, path: &Path) -> Result<Connection> {
    require_ours(&connection, path)?;
    // The file is not memory-mapped: if somebody truncated it, reading a missing page would kill
    // the process.
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768;
         PRAGMA mmap_size = 0;",
    )?;
    Ok(connection)
}

/// Whether the file beside the database with this suffix is not empty.
fn has_content(path: &Path, ending: &str) -> bool {
    fs::metadata(side_file(path, ending)).is_ok_and(|metadata| metadata.len() > 0)
}

/// Refuses files that are not databases of this program before anything in them is touched.
fn require_ours(connection: &Connection, path: &Path) -> Result<()> {
    let version = schema::version(connection)?;
    let application_id = schema::application_id(connection)?;
    let sql = "SELECT count(*) = 0 FROM sqlite_schema";
    let is_empty: bool = connection.query_one(sql, [], |row| row.get(0))?;
    let path = path.display();
    let (message, hint) = match application_id {
        0 if is_empty && version == 0 => return Ok(()),
        schema::UNRELEASED_APPLICATION_ID => (
            format!("{path} was made by a version of signals before the first release"),
            "create a new database with `signals init` and import the files again",
        ),
        schema::APPLICATION_ID if version <= schema::LATEST => return Ok(()),
        schema::APPLICATION_ID => (
            format!("{path} was written by a newer version of signals (schema {version})"),
            "install that version, or a later one",
        ),
        _ => (format!("{path} is a database of another program"), RIGHT_FILE),
    };
    Err(no_database(message).hint(hint).into())
}

fn sqlite_code(error: &anyhow::Error) -> Option<ErrorCode> {
    error.downcast_ref().and_then(rusqlite::Error::sqlite_error_code)
}

fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    match sqlite_code(&error) {
        Some(ErrorCode::NotADatabase) => {
            no_database(format!("{} is not a database", path.display())).hint(RIGHT_FILE).into()
        }
        // What this program refuses names the file already.
        _ if error.is::<CommandError>() => error,
        _ => error.context(format!("cannot open {}", path.display())),
    }
}

fn finish(connection: Connection, path: PathBuf) -> Result<Store> {
    share_side_files(&path);
    connection.set_prepared_statement_cache_capacity(256);
    // Otherwise SQLite plans a statement anew whenever its parameters change, which takes longer
    // than most statements.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    array::load_module(&connection)?;
    let mut store = Store {
        connection,
        path,
        zone: Zone::UTC,
        is_unused: false,
        counts: None,
        logged_import: None,
        moves_of_rows: OnceCell::new(),
    };
    if let Some(name) = store.setting("timezone")? {
        store.zone = name
            .parse()
            .map_err(|_| damaged(format!("the database is in the unknown time zone '{name}'")))?;
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_is_removed_only_while_nobody_else_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let make = || Store::create_or_open(&path, Permissions::Owner).unwrap();
        let first = make();
        let other = make();
        assert!((first.is_unused(), other.is_unused()) == (true, false));
        assert!(!first.remove_if_unused().unwrap());
        drop(other);
        std::fs::remove_file(&path).unwrap();

        let mut first = make();
        first.transaction(Finish::Commit, |_| Ok(())).unwrap();
        assert!(first.remove_if_unused().unwrap());
        assert!(!path.exists());

        let mut first = make();
        let settings = "INSERT INTO settings (name, value) VALUES ('a', 'b')";
        first.transaction(Finish::Commit, |store| store.execute(settings, [])).unwrap();
        assert!(!first.remove_if_unused().unwrap());
    }
}
