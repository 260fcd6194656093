//! Playbooks: those that ship with the program, and those that users created or changed.

use anyhow::Result;

use super::Store;
use super::values::read_fields;
use crate::domain::playbook::{self, Playbook, PlaybookStep};
use crate::error::not_allowed;

/// A playbook and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPlaybook {
    pub playbook: Playbook,
    /// Whether it ships with the program and is unchanged.
    pub is_shipped: bool,
}

impl Store {
    /// All playbooks, A to Z.
    pub(crate) fn playbooks(&self) -> Result<Vec<StoredPlaybook>> {
        let own = self.own_playbooks()?;
        let shipped = playbook::shipped()
            .iter()
            .filter(|shipped| own.iter().all(|playbook| playbook.name != shipped.name));
        let shipped =
            shipped.map(|playbook| StoredPlaybook { playbook: playbook.clone(), is_shipped: true });
        let mut all: Vec<StoredPlaybook> = shipped.collect();
        all.extend(own.into_iter().map(|playbook| StoredPlaybook { playbook, is_shipped: false }));
        all.sort_by(|a, b| a.playbook.name.cmp(&b.playbook.name));
        Ok(all)
    }

    pub(crate) fn playbook(&self, name: &str) -> Result<Option<StoredPlaybook>> {
        Ok(self.playbooks()?.into_iter().find(|stored| stored.playbook.name == name))
    }

    /// Saves a playbook, replacing the one with the same name. A shipped one that is changed back
    /// counts as unchanged.
    ///
    /// # Errors
    /// A playbook that is not [valid](Playbook::validate) (exit 9).
    pub(crate) fn save_playbook(&self, playbook: &Playbook) -> Result<()> {
        playbook.validate().map_err(not_allowed)?;
        self.remove_playbook(&playbook.name)?;
        if playbook::shipped().contains(playbook) {
            return Ok(());
        }
        let Playbook { name, purpose, tag, steps } = playbook;
        let sql = "INSERT INTO playbooks (name, purpose, tag) VALUES (?1, ?2, ?3)";
        self.execute(sql, (name, purpose, tag))?;
        let sql = "INSERT INTO playbook_steps (playbook, position, title, due_in_days, owner, tag)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        (1..).zip(steps).try_for_each(|(position, step)| {
            let PlaybookStep { title, due_in_days, owner, tag } = step;
            self.execute(sql, (name, position, title, due_in_days, owner.as_str(), tag))
        })
    }

    /// Removes a playbook that a user created, or reverts a shipped one. Returns whether there was
    /// anything to remove. Its tasks stay.
    pub(crate) fn remove_playbook(&self, name: &str) -> Result<bool> {
        self.execute("DELETE FROM playbook_steps WHERE playbook = ?1", [name])?;
        Ok(self.changes("DELETE FROM playbooks WHERE name = ?1", [name])? > 0)
    }

    fn own_playbooks(&self) -> Result<Vec<Playbook>> {
        let sql = "SELECT name, purpose, tag FROM playbooks ORDER BY name";
        let mut playbooks: Vec<Playbook> = self.read_all(
            sql,
            [],
            |row| read_fields!(row => Playbook: name, purpose, tag; steps = Vec::new()),
        )?;
        for playbook in &mut playbooks {
            playbook.steps = self.playbook_steps(&playbook.name)?;
        }
        Ok(playbooks)
    }

    fn playbook_steps(&self, name: &str) -> Result<Vec<PlaybookStep>> {
        let sql = "SELECT title, due_in_days, owner, tag FROM playbook_steps WHERE playbook = ?1 ORDER BY position";
        self.read_all(
            sql,
            [name],
            |row| read_fields!(row => PlaybookStep: title, due_in_days, owner, tag),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::task::Owner;
    use crate::store::Permissions;

    #[test]
    fn a_changed_playbook_takes_the_place_of_the_shipped_one_until_it_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::create_or_open(&folder.path().join("test.db"), Permissions::Owner).unwrap();
        let shipped = store.playbook("renewal").unwrap().unwrap();
        assert!(shipped.is_shipped);
        let count = store.playbooks().unwrap().len();

        let mut changed = shipped.playbook.clone();
        changed.tag = Some("renewing".to_owned());
        changed.steps.reverse();
        changed.steps[0].owner = Owner::Person("tom".to_owned());
        store.save_playbook(&changed).unwrap();
        let stored = store.playbook("renewal").unwrap().unwrap();
        assert_eq!(stored, StoredPlaybook { playbook: changed.clone(), is_shipped: false });
        assert_eq!(store.playbooks().unwrap().len(), count);

        // Changed back, it counts as unchanged.
        store.save_playbook(&shipped.playbook).unwrap();
        assert_eq!(store.playbook("renewal").unwrap().unwrap(), shipped);
        store.save_playbook(&changed).unwrap();
        assert!(store.remove_playbook("renewal").unwrap());
        assert_eq!(store.playbook("renewal").unwrap().unwrap(), shipped);
        assert!(!store.remove_playbook("renewal").unwrap());

        changed.name = "mine".to_owned();
        store.save_playbook(&changed).unwrap();
        assert_eq!(store.playbooks().unwrap().len(), count + 1);
        changed.steps.clear();
        assert!(store.save_playbook(&changed).is_err(), "a playbook needs steps");
        assert_eq!(store.playbook("mine").unwrap().unwrap().playbook.steps.len(), 4);
    }
}
