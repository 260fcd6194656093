//! The team, and who looks after which company.

use anyhow::Result;

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::fact_kinds::TeamMember;
use crate::domain::lists::first_few;
use crate::domain::team;

impl Store {
    /// All members of the team, by name.
    pub(crate) fn team(&self) -> Result<Vec<TeamMember>> {
        self.all_facts()
    }

    pub(super) fn present_team(&self, now: Instant) -> Result<Vec<TeamMember>> {
        let today = now.day_in(self.zone());
        Ok(self.team()?.into_iter().filter(|member| !member.has_left(today)).collect())
    }

    /// Removes a member of the team.
    pub(crate) fn remove_team_member(&self, name: &str) -> Result<()> {
        self.execute("DELETE FROM team WHERE name = ?1", [name])
    }

    /// Replaces e-mail addresses and other spellings of CSMs and managers by the member's name.
    pub(crate) fn name_csms(&self, team: &[TeamMember]) -> Result<()> {
        let sql = "SELECT id, csm, also_csms, manager FROM companies WHERE csm IS NOT NULL OR manager IS NOT NULL";
        let all: Vec<(CompanyKey, [Option<String>; 3])> = self.read_all(sql, [], |row| {
            Ok((row.get("id")?, [row.get("csm")?, row.get("also_csms")?, row.get("manager")?]))
        })?;
        let update = "UPDATE companies SET csm = ?2, also_csms = ?3, manager = ?4 WHERE id = ?1";
        for (company, old) in all {
            let new = old.clone().map(|cell| cell.map(|cell| canonical(team, &cell)));
            if new != old {
                let [csm, also, manager] = new;
                self.execute(update, (company, csm, also, manager))?;
            }
        }
        Ok(())
    }

    /// A line naming the CSMs of customers who are not in the team; `None` if there are none or no
    /// team is defined.
    pub(crate) fn csms_missing_in_team(&self, today: Day) -> Result<Option<String>> {
        let team = self.team()?;
        let team: Vec<TeamMember> =
            team.into_iter().filter(|member| !member.has_left(today)).collect();
        if team.is_empty() {
            return Ok(None);
        }
        let sql = "SELECT csm, count(*) AS companies FROM (
                       SELECT csm FROM companies WHERE churned_on IS NULL
                       UNION ALL SELECT also_csms FROM companies WHERE churned_on IS NULL)
                   WHERE csm IS NOT NULL GROUP BY csm ORDER BY csm";
        let csms: Vec<String> = self.read_all(sql, [], |row| row.get("csm"))?;
        let mut outside: Vec<&str> = csms
            .iter()
            .flat_map(|cell| team::names(cell))
            .filter(|name| team::member(&team, name).is_none())
            .collect();
        outside.sort_unstable();
        outside.dedup();
        Ok((!outside.is_empty())
            .then(|| format!("CSMs of customers who are not in the team: {}", first_few(&outside))))
    }

    /// A line with the open tasks and customers of somebody who left.
    pub(crate) fn remaining_work_of(&self, name: &str) -> Result<String> {
        let ids =
            |sql: &str| -> Result<Vec<String>> { self.read_all(sql, [name], |row| row.get(0)) };
        let customers = ids(
            "SELECT company_id FROM companies WHERE churned_on IS NULL AND (csm = ?1 OR manager = ?1) ORDER BY company_id",
        )?;
        let tasks = ids(
            "SELECT CAST(t.id AS TEXT) FROM tasks t JOIN companies c ON c.id = t.company
             WHERE t.closed IS NULL AND (t.owner = ?1 OR (t.owner = 'csm' AND c.csm = ?1) OR (t.owner = 'manager' AND c.manager = ?1))
             ORDER BY t.id",
        )?;
        let list = |what: &str, ids: &[String]| match ids {
            [] => format!("no {what}"),
            ids => format!("{what}: {}", first_few(ids)),
        };
        Ok(format!(
            "{name} has left; {}; {}",
            list("open tasks", &tasks),
            list("customers", &customers)
        ))
    }

    /// The company that is known only by this text from facts, and that no file of people or
    /// subscriptions has named.
    pub(crate) fn company_known_only_as(&self, text: &str) -> Result<Option<CompanyKey>> {
        let sql =
            "SELECT id FROM companies c WHERE is_unlisted AND folded_id = ?1 AND company_id = ?2
                     AND NOT EXISTS (SELECT 1 FROM people WHERE company = c.id)
                     AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE company = c.id)";
        self.read_first(sql, (text.to_lowercase(), text), |row| row.get("id"))
    }
}

/// The names in a cell, in the team's spelling.
fn canonical(team: &[TeamMember], cell: &str) -> String {
    team::names(cell).map(|name| team::name_of(team, name)).collect::<Vec<_>>().join(";")
}
