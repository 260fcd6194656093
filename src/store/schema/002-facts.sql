-- What exports say of customers besides events: contracts, people, surveys, tickets, invoices, contacts, goals, and the team that
-- looks after them. Times that have happened keep their instant (…_at) and their day in the database's zone (…_on).

ALTER TABLE people ADD COLUMN company INTEGER REFERENCES companies (id);
ALTER TABLE people ADD COLUMN name TEXT;
ALTER TABLE people ADD COLUMN email TEXT;
ALTER TABLE people ADD COLUMN role TEXT;
ALTER TABLE people ADD COLUMN created_on TEXT;
CREATE INDEX people_by_company ON people (company) WHERE company IS NOT NULL;

-- When the payment was made that payment_expires_on comes from, where it comes from a file of payments: only a later one changes
-- it.
ALTER TABLE companies ADD COLUMN paid_at TEXT;

CREATE TABLE subscriptions (
    subscription_id  TEXT PRIMARY KEY,
    company          INTEGER NOT NULL REFERENCES companies (id),
    started_on       TEXT NOT NULL,
    plan             TEXT,
    product          TEXT,
    mrr              REAL,
    seats            INTEGER,
    renews_on        TEXT,
    ended_on         TEXT,
    card_expires_on  TEXT,
    term_days        INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_by_company ON subscriptions (company);

-- Churns as files and commands state them, with the day of the return where somebody stated that too.
CREATE TABLE stated_churns (
    company      INTEGER NOT NULL REFERENCES companies (id),
    churned_on   TEXT NOT NULL,
    returned_on  TEXT,
    PRIMARY KEY (company, churned_on)
) STRICT, WITHOUT ROWID;

-- The times during which a company was no customer, from stated churns and from subscriptions together; kept in step with both.
-- companies.churned_on is the last of them while it lasts.
CREATE TABLE customer_breaks (
    company      INTEGER NOT NULL REFERENCES companies (id),
    churned_on   TEXT NOT NULL,
    returned_on  TEXT,
    PRIMARY KEY (company, churned_on)
) STRICT, WITHOUT ROWID;

CREATE TABLE nps_responses (
    id            INTEGER PRIMARY KEY,
    company       INTEGER NOT NULL REFERENCES companies (id),
    person        INTEGER REFERENCES people (id),
    score         INTEGER NOT NULL,
    responded_at  TEXT NOT NULL,
    responded_on  TEXT NOT NULL,
    comment       TEXT,
    response_id   TEXT
) STRICT;
CREATE INDEX nps_responses_by_company ON nps_responses (company, responded_at);
CREATE UNIQUE INDEX nps_responses_by_id ON nps_responses (response_id) WHERE response_id IS NOT NULL;

CREATE TABLE tickets (
    ticket_id     TEXT PRIMARY KEY,
    company       INTEGER NOT NULL REFERENCES companies (id),
    opened_at     TEXT NOT NULL,
    opened_on     TEXT NOT NULL,
    closed_at     TEXT,
    closed_on     TEXT,
    priority      TEXT,
    status        TEXT,
    subject       TEXT,
    satisfaction  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_by_company ON tickets (company, opened_at);

CREATE TABLE invoices (
    invoice_id  TEXT PRIMARY KEY,
    company     INTEGER NOT NULL REFERENCES companies (id),
    due_on      TEXT NOT NULL,
    paid_on     TEXT,
    amount      REAL,
    status      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX invoices_by_company ON invoices (company, due_on);

CREATE TABLE touchpoints (
    id           INTEGER PRIMARY KEY,
    company      INTEGER NOT NULL REFERENCES companies (id),
    occurred_at  TEXT NOT NULL,
    occurred_on  TEXT NOT NULL,
    direction    TEXT NOT NULL,
    channel      TEXT,
    kind         TEXT,
    with_whom    TEXT,
    subject      TEXT
) STRICT;
CREATE INDEX touchpoints_by_company ON touchpoints (company, occurred_at);

CREATE TABLE goals (
    id       INTEGER PRIMARY KEY,
    company  INTEGER NOT NULL REFERENCES companies (id),
    event    TEXT NOT NULL,
    due_on   TEXT NOT NULL,
    name     TEXT
) STRICT;
CREATE INDEX goals_by_company ON goals (company, due_on);

CREATE TABLE team (
    name      TEXT PRIMARY KEY,
    role      TEXT NOT NULL,
    email     TEXT,
    slack_id  TEXT,
    manager   TEXT,
    -- The types of signal that this person is told of at once, with ; between.
    realtime  TEXT NOT NULL DEFAULT 'bad',
    digest    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What the values of a company's own columns are: number, date or text.
CREATE TABLE attribute_types (
    name  TEXT PRIMARY KEY,
    type  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
