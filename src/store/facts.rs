//! People, surveys, tickets, invoices, contacts, goals and the team: rows with an id are updated,
//! the others are added.

use anyhow::Result;
use rusqlite::{OptionalExtension, Row, named_params};

use super::Store;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, Instant};
use crate::domain::facts::{
    Goal, Invoice, NpsResponse, Person, TeamMember, Ticket, Touchpoint, When,
};

impl Store {
    /// The person of that id.
    pub fn person(&self, person_id: &str) -> Result<Option<Person>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT person_id, company, name, email, role, created_on FROM people WHERE person_id = ?1",
        )?;
        Ok(statement.query_row([person_id], read_person).optional()?)
    }

    /// The people of a company, by id.
    pub fn people(&self, company: CompanyKey) -> Result<Vec<Person>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT person_id, company, name, email, role, created_on FROM people WHERE company = ?1 ORDER BY person_id",
        )?;
        let people = statement.query_map([company.0], read_person)?;
        Ok(people.collect::<Result<_, _>>()?)
    }

    /// Adds a person, or replaces what is known of the one of that id.
    pub fn save_person(&self, person: &Person) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO people (person_id, company, name, email, role, created_on)
             VALUES (:person_id, :company, :name, :email, :role, :created_on)
             ON CONFLICT (person_id) DO UPDATE SET
                 company = excluded.company, name = excluded.name, email = excluded.email, role = excluded.role,
                 created_on = excluded.created_on",
        )?;
        statement.execute(named_params! {
            ":person_id": person.person_id,
            ":company": person.company.map(|company| company.0),
            ":name": person.name,
            ":email": person.email,
            ":role": person.role,
            ":created_on": person.created_on,
        })?;
        Ok(())
    }

    fn person_key(&self, person_id: Option<&str>) -> Result<Option<u32>> {
        let Some(person_id) = person_id else { return Ok(None) };
        let mut add = self
            .connection
            .prepare_cached("INSERT INTO people (person_id) VALUES (?1) ON CONFLICT DO NOTHING")?;
        add.execute([person_id])?;
        let mut find =
            self.connection.prepare_cached("SELECT id FROM people WHERE person_id = ?1")?;
        Ok(Some(find.query_row([person_id], |row| row.get("id"))?))
    }

    /// How many equal responses without an id there are.
    pub fn equal_nps_responses(&self, response: &NpsResponse) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) AS count FROM nps_responses r LEFT JOIN people p ON p.id = r.person
             WHERE r.company = ?1 AND r.responded_at = ?2 AND r.score = ?3 AND p.person_id IS ?4 AND r.comment IS ?5
               AND r.response_id IS NULL",
        )?;
        let key = (
            response.company.0,
            response.responded.at,
            response.score,
            &response.person_id,
            &response.comment,
        );
        count(&mut statement, key)
    }

    /// Whether a response of that id is there.
    pub fn knows_nps_response(&self, response_id: &str) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) AS count FROM nps_responses WHERE response_id = ?1")?;
        Ok(count(&mut statement, [response_id])? > 0)
    }

    /// Adds a response to a survey.
    ///
    /// # Errors
    /// An id that another response has.
    pub fn add_nps_response(&self, response: &NpsResponse) -> Result<()> {
        let person = self.person_key(response.person_id.as_deref())?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO nps_responses (company, person, score, responded_at, responded_on, comment, response_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let When { at, on } = response.responded;
        statement.execute((
            response.company.0,
            person,
            response.score,
            at,
            on,
            &response.comment,
            &response.response_id,
        ))?;
        Ok(())
    }

    /// The survey responses of a company, newest first.
    pub fn nps_responses(&self, company: CompanyKey) -> Result<Vec<NpsResponse>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT r.*, p.person_id FROM nps_responses r LEFT JOIN people p ON p.id = r.person
             WHERE r.company = ?1 ORDER BY r.responded_at DESC, r.id DESC",
        )?;
        let responses = statement.query_map([company.0], read_nps_response)?;
        Ok(responses.collect::<Result<_, _>>()?)
    }

    /// The ticket of that id.
    pub fn ticket(&self, ticket_id: &str) -> Result<Option<Ticket>> {
        let mut statement =
            self.connection.prepare_cached("SELECT * FROM tickets WHERE ticket_id = ?1")?;
        Ok(statement.query_row([ticket_id], read_ticket).optional()?)
    }

    /// The tickets of a company, newest first.
    pub fn tickets(&self, company: CompanyKey) -> Result<Vec<Ticket>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM tickets WHERE company = ?1 ORDER BY opened_at DESC, ticket_id",
        )?;
        let tickets = statement.query_map([company.0], read_ticket)?;
        Ok(tickets.collect::<Result<_, _>>()?)
    }

    /// Adds a ticket, or replaces the one of that id.
    pub fn save_ticket(&self, ticket: &Ticket) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO tickets (ticket_id, company, opened_at, opened_on, closed_at, closed_on, priority, status,
                                             subject, satisfaction)
             VALUES (:ticket_id, :company, :opened_at, :opened_on, :closed_at, :closed_on, :priority, :status, :subject,
                     :satisfaction)",
        )?;
        statement.execute(named_params! {
            ":ticket_id": ticket.ticket_id,
            ":company": ticket.company.0,
            ":opened_at": ticket.opened.at,
            ":opened_on": ticket.opened.on,
            ":closed_at": ticket.closed.map(|closed| closed.at),
            ":closed_on": ticket.closed.map(|closed| closed.on),
            ":priority": ticket.priority,
            ":status": ticket.status,
            ":subject": ticket.subject,
            ":satisfaction": ticket.satisfaction,
        })?;
        Ok(())
    }

    /// The invoice of that id.
    pub fn invoice(&self, invoice_id: &str) -> Result<Option<Invoice>> {
        let mut statement =
            self.connection.prepare_cached("SELECT * FROM invoices WHERE invoice_id = ?1")?;
        Ok(statement.query_row([invoice_id], read_invoice).optional()?)
    }

    /// The invoices of a company, the latest due first.
    pub fn invoices(&self, company: CompanyKey) -> Result<Vec<Invoice>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM invoices WHERE company = ?1 ORDER BY due_on DESC, invoice_id",
        )?;
        let invoices = statement.query_map([company.0], read_invoice)?;
        Ok(invoices.collect::<Result<_, _>>()?)
    }

    /// Adds an invoice, or replaces the one of that id.
    pub fn save_invoice(&self, invoice: &Invoice) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO invoices (invoice_id, company, due_on, paid_on, amount, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let Invoice { invoice_id, company, due_on, paid_on, amount, status } = invoice;
        statement.execute((invoice_id, company.0, due_on, paid_on, amount, status))?;
        Ok(())
    }

    /// How many equal contacts there are.
    pub fn equal_touchpoints(&self, touchpoint: &Touchpoint) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) AS count FROM touchpoints
             WHERE company = ?1 AND occurred_at = ?2 AND direction = ?3 AND channel IS ?4 AND kind IS ?5 AND with_whom IS ?6
               AND subject IS ?7",
        )?;
        let Touchpoint { company, occurred, direction, channel, kind, with, subject } = touchpoint;
        count(&mut statement, (company.0, occurred.at, direction, channel, kind, with, subject))
    }

    /// Adds a contact.
    pub fn add_touchpoint(&self, touchpoint: &Touchpoint) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO touchpoints (company, occurred_at, occurred_on, direction, channel, kind, with_whom, subject)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        let Touchpoint { company, occurred, direction, channel, kind, with, subject } = touchpoint;
        statement.execute((
            company.0,
            occurred.at,
            occurred.on,
            direction,
            channel,
            kind,
            with,
            subject,
        ))?;
        Ok(())
    }

    /// The contacts with a company, newest first.
    pub fn touchpoints(&self, company: CompanyKey) -> Result<Vec<Touchpoint>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT * FROM touchpoints WHERE company = ?1 ORDER BY occurred_at DESC, id DESC",
        )?;
        let touchpoints = statement.query_map([company.0], read_touchpoint)?;
        Ok(touchpoints.collect::<Result<_, _>>()?)
    }

    /// How many equal goals there are.
    pub fn equal_goals(&self, goal: &Goal) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) AS count FROM goals WHERE company = ?1 AND event = ?2 AND due_on = ?3 AND name IS ?4",
        )?;
        count(&mut statement, (goal.company.0, &goal.event, goal.due_on, &goal.name))
    }

    /// Adds a goal.
    pub fn add_goal(&self, goal: &Goal) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO goals (company, event, due_on, name) VALUES (?1, ?2, ?3, ?4)",
        )?;
        statement.execute((goal.company.0, &goal.event, goal.due_on, &goal.name))?;
        Ok(())
    }

    /// The goals of a company, the next due first.
    pub fn goals(&self, company: CompanyKey) -> Result<Vec<Goal>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT * FROM goals WHERE company = ?1 ORDER BY due_on, event, id")?;
        let goals = statement.query_map([company.0], |row| {
            Ok(Goal {
                company,
                event: row.get("event")?,
                due_on: row.get("due_on")?,
                name: row.get("name")?,
            })
        })?;
        Ok(goals.collect::<Result<_, _>>()?)
    }

    /// The member of the team of that name.
    pub fn team_member(&self, name: &str) -> Result<Option<TeamMember>> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM team WHERE name = ?1")?;
        let member = statement.query_row([name], |row| {
            Ok(TeamMember {
                name: row.get("name")?,
                role: row.get("role")?,
                email: row.get("email")?,
                slack_id: row.get("slack_id")?,
                manager: row.get("manager")?,
                realtime: row.get("realtime")?,
                digest: row.get("digest")?,
            })
        });
        Ok(member.optional()?)
    }

    /// Adds a member of the team, or replaces the one of that name.
    pub fn save_team_member(&self, member: &TeamMember) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO team (name, role, email, slack_id, manager, realtime, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let TeamMember { name, role, email, slack_id, manager, realtime, digest } = member;
        statement.execute((name, role, email, slack_id, manager, realtime, digest))?;
        Ok(())
    }
}

fn count(
    statement: &mut rusqlite::Statement<'_>,
    parameters: impl rusqlite::Params,
) -> Result<u64> {
    Ok(statement.query_row(parameters, |row| row.get::<_, i64>("count"))? as u64)
}

fn read_person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        person_id: row.get("person_id")?,
        company: row.get::<_, Option<u32>>("company")?.map(CompanyKey),
        name: row.get("name")?,
        email: row.get("email")?,
        role: row.get("role")?,
        created_on: row.get("created_on")?,
    })
}

pub(super) fn read_nps_response(row: &Row<'_>) -> rusqlite::Result<NpsResponse> {
    Ok(NpsResponse {
        company: CompanyKey(row.get("company")?),
        person_id: row.get("person_id")?,
        score: row.get("score")?,
        responded: When { at: row.get("responded_at")?, on: row.get("responded_on")? },
        comment: row.get("comment")?,
        response_id: row.get("response_id")?,
    })
}

pub(super) fn read_touchpoint(row: &Row<'_>) -> rusqlite::Result<Touchpoint> {
    Ok(Touchpoint {
        company: CompanyKey(row.get("company")?),
        occurred: When { at: row.get("occurred_at")?, on: row.get("occurred_on")? },
        direction: row.get("direction")?,
        channel: row.get("channel")?,
        kind: row.get("kind")?,
        with: row.get("with_whom")?,
        subject: row.get("subject")?,
    })
}

pub(super) fn read_ticket(row: &Row<'_>) -> rusqlite::Result<Ticket> {
    let closed: Option<(Instant, Day)> =
        row.get::<_, Option<Instant>>("closed_at")?.zip(row.get::<_, Option<Day>>("closed_on")?);
    Ok(Ticket {
        ticket_id: row.get("ticket_id")?,
        company: CompanyKey(row.get("company")?),
        opened: When { at: row.get("opened_at")?, on: row.get("opened_on")? },
        closed: closed.map(|(at, on)| When { at, on }),
        priority: row.get("priority")?,
        status: row.get("status")?,
        subject: row.get("subject")?,
        satisfaction: row.get("satisfaction")?,
    })
}

pub(super) fn read_invoice(row: &Row<'_>) -> rusqlite::Result<Invoice> {
    Ok(Invoice {
        invoice_id: row.get("invoice_id")?,
        company: CompanyKey(row.get("company")?),
        due_on: row.get("due_on")?,
        paid_on: row.get("paid_on")?,
        amount: row.get("amount")?,
        status: row.get("status")?,
    })
}
