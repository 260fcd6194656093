//! Secrets: where they come from, and how they are kept out of output and the database.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::fs::OFlags;
use rustix::process::{Uid, geteuid};

use super::content::harmless;
use crate::domain::notify::SecretSource;
use crate::error::not_allowed;
use crate::network::Secret;

/// Longer files hold no URL.
const LONGEST: u64 = 16 * 1024;

impl Secret {
    /// Reads the secret; `None` if its variable is not set. `variable` reads the environment.
    ///
    /// # Errors
    /// A file that cannot be read, is empty, or is readable by others (exit 9).
    pub(super) fn find(
        source: &SecretSource,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Secret>> {
        match source {
            SecretSource::Variable(name) => {
                Ok(variable(name).map(|text| Secret(text.trim().to_owned())))
            }
            SecretSource::File(path) => read(path).map(Some),
        }
    }
}

fn read(path: &Path) -> Result<Secret> {
    let place = path.display();
    // A pipe without a writer opens immediately this way, and is refused below.
    let wait = OFlags::NONBLOCK.bits() as i32;
    let open = || {
        let file = File::options().read(true).custom_flags(wait).open(path)?;
        Ok::<_, std::io::Error>((file.metadata()?, file))
    };
    let (metadata, file) = open().map_err(|error| {
        let what = format!("the file {place}, which should hold a secret, cannot be read: {error}");
        not_allowed(what).hint("the notify settings name the file; write its path from the root")
    })?;
    if !metadata.is_file() {
        bail!(not_allowed(format!("{place}, which should hold a secret, is not a file")));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        let what = format!("others than its owner can read {place}, which holds a secret");
        bail!(not_allowed(what).hint(format!("chmod 600 {place}")));
    }
    if !is_trusted_owner(metadata.uid()) {
        let what =
            format!("{place}, which holds a secret, belongs to another user, who can change it");
        let hint = format!("chown it to the user that runs signals: chown $(id -u) {place}");
        bail!(not_allowed(what).hint(hint));
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).with_context(|| format!("cannot read {place}"))?;
    match text.trim() {
        "" => bail!(not_allowed(format!("the file {place}, which should hold a secret, is empty"))),
        text => Ok(Secret(text.to_owned())),
    }
}

/// Whether other users cannot change a file of this owner: root can change any.
fn is_trusted_owner(owner: u32) -> bool {
    owner == geteuid().as_raw() || owner == Uid::ROOT.as_raw()
}

/// Removes secrets from what servers and libraries say.
#[derive(Debug, Clone, Default)]
pub(super) struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Removes these texts, also in the forms in which they are sent.
    pub(super) fn new<'s>(texts: impl IntoIterator<Item = &'s str>) -> Self {
        let mut secrets: Vec<Secret> = Vec::new();
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            secrets.push(Secret(text.to_owned()));
            secrets.push(Secret(STANDARD.encode(text)));
        }
        // Longer ones first, or the rest of a text that contains another would remain.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.0.len()));
        Redactor { secrets }
    }

    /// One line without secrets and control characters.
    pub(super) fn clean(&self, text: &str) -> String {
        let secrets = self.secrets.iter();
        harmless(&secrets.fold(text.to_owned(), |text, secret| secret.taken_out_of(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_secrets_must_be_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let find = || Secret::find(&SecretSource::File(path.clone()), |_| None);
        assert!(find().unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&path, "smtps://mail.example\n").unwrap();
        for (mode, is_fine) in
            [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false)]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(find().is_ok(), is_fine, "{mode:o}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(find().unwrap().unwrap().expose(), "smtps://mail.example");
        std::fs::write(&path, " \n").unwrap();
        assert!(find().unwrap_err().to_string().contains("empty"));
    }

    #[test]
    fn a_pipe_and_a_file_of_another_user_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let find = || Secret::find(&SecretSource::File(path.clone()), |_| None);
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, mode, 0).unwrap();
        assert!(find().unwrap_err().to_string().contains("is not a file"));
        std::fs::remove_file(&path).unwrap();

        std::fs::write(&path, "smtps://mail.example\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(find().is_ok());
        // Only root can change the owner of a file.
        if std::os::unix::fs::chown(&path, Some(65_534), None).is_ok() {
            assert!(find().unwrap_err().to_string().contains("another user"));
        }
    }

    #[test]
    fn secrets_are_taken_out_in_every_form() {
        // "hunter2" is aHVudGVyMg== in base64.
        let redactor = Redactor::new(["hunter2", "smtps://ana:hunter2@mail.example", ""]);
        assert_eq!(redactor.clean("535 no aHVudGVyMg== here"), "535 no *** here");
        assert_eq!(
            redactor.clean("cannot use smtps://ana:hunter2@mail.example\r\n: hunter2"),
            "cannot use *** : ***"
        );
        assert_eq!(format!("{redactor:?}"), "Redactor { secrets: [***, ***, ***, ***] }");
    }
}
