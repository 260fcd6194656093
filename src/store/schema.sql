-- The schema. Every table is readable with any SQLite client; the views at the end show the packed
-- and the numbered ones with their names and dates.
--
-- Calendar days are TEXT 'YYYY-MM-DD', instants TEXT in RFC 3339 (UTC). Only the two tables that
-- grow with the events count days as INTEGER, days since 1970-01-01, because they are read by
-- ranges of days millions of rows at a time.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE companies (
    id                  INTEGER PRIMARY KEY,
    company_id          TEXT NOT NULL UNIQUE,
    name                TEXT,
    csm                 TEXT,
    -- Who else looks after it, with ; between: told of its signals, too.
    also_csms           TEXT,
    manager             TEXT,
    lifecycle_stage     TEXT,
    segment             TEXT,
    plan                TEXT,
    product             TEXT,
    mrr                 REAL,
    created_on          TEXT,
    crm_created_on      TEXT,
    renewal_on          TEXT,
    renewal_term_days   INTEGER,
    payment_expires_on  TEXT,
    seats               INTEGER,
    seats_used          INTEGER,
    churned_on          TEXT,
    -- 1 while the company is known only because a row of facts named it, and then its id in lower
    -- case, by which it is found when a company of that name arrives.
    is_unlisted         INTEGER NOT NULL DEFAULT 0,
    folded_id           TEXT,
    -- Days of the first and last event of any name, as in day_counts; kept in step by imports.
    first_event_day     INTEGER,
    last_event_day      INTEGER,
    -- When the payment was made that payment_expires_on comes from, where it comes from a file of
    -- payments: only a later one changes it.
    paid_at             TEXT
) STRICT;
CREATE INDEX unlisted_companies ON companies (folded_id) WHERE is_unlisted;
CREATE INDEX companies_by_csm ON companies (csm);

-- Other texts by which facts may name a company, such as an id that it had before it was merged.
CREATE TABLE company_texts (
    text       TEXT PRIMARY KEY,
    company    INTEGER NOT NULL REFERENCES companies (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX company_texts_by_company ON company_texts (company);

-- Columns of a companies file that are not in the table above.
CREATE TABLE company_attributes (
    company  INTEGER NOT NULL REFERENCES companies (id),
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (company, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    id          INTEGER PRIMARY KEY,
    person_id   TEXT NOT NULL UNIQUE,
    company     INTEGER REFERENCES companies (id),
    name        TEXT,
    email       TEXT,
    role        TEXT,
    created_on  TEXT
) STRICT;

-- Where people worked who have moved, until the day before the next entry, or until now. Somebody
-- who has been at one company only has no entry.
CREATE TABLE person_moves (
    id       INTEGER PRIMARY KEY,
    person   INTEGER NOT NULL REFERENCES people (id),
    -- Null for the first company: since ever.
    since    TEXT,
    company  INTEGER NOT NULL REFERENCES companies (id),
    UNIQUE (person, since)
) STRICT;
CREATE INDEX person_moves_by_company ON person_moves (company);

CREATE TABLE event_names (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE
) STRICT;

-- The events themselves: one row for each company and day, because ten million single rows take
-- several times as long to write. `events` is a JSON array, ordered, of
--     [event_names.id, seconds, people.id or null]
-- with the number of copies as a fourth entry where there are several equal events, and
-- event_ids.id as a fifth where the event came with an id of its own. Seconds are counted from
-- 00:00 UTC of `day`, and may be negative where the time zone of the database is ahead. The view
-- event_log unfolds them. What exceeds 131072 entries is in further rows, piece 1, 2 and so on: the
-- memory that a day takes does not grow with its events.
--
-- The ids of this table and the next are made of day, company and event name, so that a day lies
-- together and a file in order of time is appended. They declare no foreign keys: looking up the
-- parents of every row would take as long as writing it. `signals check` verifies them.
CREATE TABLE event_days (
    id       INTEGER PRIMARY KEY,  -- (day * 1000000000 + companies.id) * 1000 + piece
    day      INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000000000000) VIRTUAL,
    company  INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000 % 1000000000) VIRTUAL,
    events   TEXT NOT NULL
) STRICT;

-- How many events of a name a company had on a day: the sum of the copies in event_days, but on days
-- that came as counts (pulled_days), of which the events are not here.
CREATE TABLE day_counts (
    id       INTEGER PRIMARY KEY,  -- (day * 1000000000 + companies.id) * 100000 + event_names.id
    day      INTEGER NOT NULL GENERATED ALWAYS AS (id / 100000000000000) VIRTUAL,
    company  INTEGER NOT NULL GENERATED ALWAYS AS (id / 100000 % 1000000000) VIRTUAL,
    event    INTEGER NOT NULL GENERATED ALWAYS AS (id % 100000) VIRTUAL,
    count    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The databases that hold the events, of which counts are pulled: a JSON object in the shape of
-- domain::source::Source. No password stands in it.
CREATE TABLE sources (
    name        TEXT PRIMARY KEY,
    definition  TEXT NOT NULL CHECK (json_valid(definition))
) STRICT, WITHOUT ROWID;

-- The days that came as counts: pulled from a source, or from files of counts. Such a day has no
-- row in event_days.
CREATE TABLE pulled_days (
    day         INTEGER PRIMARY KEY,
    -- The source, by its name in the configuration; null for files of counts.
    source      TEXT,
    -- What the source counted of the day: events, and companies with at least one of them. Its
    -- day_counts have the events but those that were rejected with their names.
    events      INTEGER NOT NULL,
    companies   INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    -- Whether day_people has who was active on the day.
    has_people  INTEGER NOT NULL
) STRICT;

-- The people who were active at a company on a day that came as counts: a JSON array of people.id,
-- ascending. Nothing tells what they did.
CREATE TABLE day_people (
    id       INTEGER PRIMARY KEY,  -- day * 1000000000 + companies.id
    day      INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000000000) VIRTUAL,
    company  INTEGER NOT NULL GENERATED ALWAYS AS (id % 1000000000) VIRTUAL,
    people   TEXT NOT NULL
) STRICT;

-- The ids of the events that have one, to recognise them when they come again.
CREATE TABLE event_ids (
    id        INTEGER PRIMARY KEY,
    company   INTEGER NOT NULL REFERENCES companies (id),
    event_id  TEXT NOT NULL,
    -- The day of its event, in days since 1970: a later row changes that event, whatever day it claims.
    day       INTEGER NOT NULL,
    UNIQUE (company, event_id)
) STRICT;

CREATE TABLE imports (
    id              INTEGER PRIMARY KEY,
    file            TEXT NOT NULL,
    kind            TEXT NOT NULL,
    started_at      TEXT NOT NULL,
    finished_at     TEXT NOT NULL,
    rows_read       INTEGER NOT NULL,
    rows_new        INTEGER NOT NULL,
    rows_known      INTEGER NOT NULL,
    rows_rejected   INTEGER NOT NULL,
    companies_made  INTEGER NOT NULL,
    first_day       TEXT,
    last_day        TEXT,
    -- When it was undone, or why it cannot be undone any more.
    undone_at       TEXT,
    blocked         TEXT
) STRICT;
CREATE INDEX imports_by_kind ON imports (kind, finished_at);

-- Days from the first to the last day run whose events an import changed, or whose events are
-- different again because an import was undone. A run takes them out once it has run them again.
CREATE TABLE late_days (
    day      TEXT NOT NULL,
    import   INTEGER NOT NULL REFERENCES imports (id),
    is_undo  INTEGER NOT NULL,
    PRIMARY KEY (day, import, is_undo)
) STRICT, WITHOUT ROWID;

-- What it takes to undo imports. Of facts, each row that an import changed: the name of its table, its
-- key, and its columns before and after, as JSON arrays; null where it was not there.
CREATE TABLE import_changes (
    import  INTEGER NOT NULL,
    name    TEXT NOT NULL,
    key     TEXT NOT NULL,
    old     TEXT,
    new     TEXT,
    PRIMARY KEY (import, name, key)
) STRICT, WITHOUT ROWID;

-- Of events, what event_days held under an id, null where there was nothing; company 0 stands for
-- all, on a day on which nobody had events.
CREATE TABLE import_days (
    import  INTEGER NOT NULL,
    id      INTEGER NOT NULL,  -- as in event_days
    events  TEXT,
    PRIMARY KEY (import, id)
) STRICT, WITHOUT ROWID;

-- Of days that came as counts, what each table held: null where there was nothing. Company 0 stands
-- for all, on a day that was new.
CREATE TABLE import_counts (
    import  INTEGER NOT NULL,
    id      INTEGER NOT NULL,  -- as in day_counts
    count   INTEGER,
    PRIMARY KEY (import, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_people (
    import  INTEGER NOT NULL,
    id      INTEGER NOT NULL,  -- as in day_people
    people  TEXT,
    PRIMARY KEY (import, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_pulled_days (
    import      INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    source      TEXT,
    events      INTEGER,
    companies   INTEGER,
    rejected    INTEGER,
    has_people  INTEGER,
    PRIMARY KEY (import, day)
) STRICT, WITHOUT ROWID;

-- The last id that was taken in each table to which events add names.
CREATE TABLE import_marks (
    import   INTEGER NOT NULL,
    name     TEXT NOT NULL,
    last_id  INTEGER NOT NULL,
    PRIMARY KEY (import, name)
) STRICT, WITHOUT ROWID;

-- What --map said of a header, for the next file that has the same one.
CREATE TABLE column_maps (
    header  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    field   TEXT NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (header, kind, field)
) STRICT, WITHOUT ROWID;

-- Every definition that a rule ever had. Signals point at the one that raised them, so that editing
-- or removing a rule cannot change what they say.
CREATE TABLE rule_versions (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    -- A JSON object in the shape of domain::rule::Rule: `logic` with the options of the rule's kind,
    -- and what rules of every kind may have. A new option is a new key, and no new column.
    definition  TEXT NOT NULL CHECK (json_valid(definition)),
    kind        TEXT NOT NULL GENERATED ALWAYS AS (definition ->> '$.logic.kind') STORED,
    event       TEXT GENERATED ALWAYS AS
                    (coalesce(definition ->> '$.logic.event', definition ->> '$.logic.aim.event')) STORED,
    timeframe   INTEGER GENERATED ALWAYS AS (definition ->> '$.logic.timeframe') STORED,
    threshold   INTEGER GENERATED ALWAYS AS (definition ->> '$.logic.threshold') STORED,
    measure     TEXT GENERATED ALWAYS AS (definition ->> '$.logic.measure') STORED,
    max_chance  REAL GENERATED ALWAYS AS (definition ->> '$.logic.max_chance') STORED,
    key         TEXT GENERATED ALWAYS AS (definition ->> '$.logic.key') STORED,
    managers    INTEGER NOT NULL GENERATED ALWAYS AS (definition ->> '$.managers') STORED,
    executives  INTEGER NOT NULL GENERATED ALWAYS AS (definition ->> '$.executives') STORED
) STRICT;

CREATE TABLE rules (
    name        TEXT PRIMARY KEY,
    version     INTEGER NOT NULL REFERENCES rule_versions (id),
    is_enabled  INTEGER NOT NULL DEFAULT 1,
    -- A removed rule keeps its row: its name goes on to mean the same kind of rule.
    is_removed  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id                   INTEGER PRIMARY KEY,
    day                  TEXT NOT NULL,
    started_at           TEXT NOT NULL,
    finished_at          TEXT NOT NULL,
    is_backfill          INTEGER NOT NULL,
    newest_event_on      TEXT,
    companies_evaluated  INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_day ON runs (day);

CREATE TABLE run_steps (
    run           INTEGER NOT NULL REFERENCES runs (id),
    position      INTEGER NOT NULL,
    step          TEXT NOT NULL,
    milliseconds  REAL NOT NULL,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_rules (
    run                      INTEGER NOT NULL REFERENCES runs (id),
    rule                     TEXT NOT NULL,
    evaluated                INTEGER NOT NULL,
    skipped_no_events        INTEGER NOT NULL,
    skipped_not_established  INTEGER NOT NULL,
    skipped_churned          INTEGER NOT NULL,
    raised_bad               INTEGER NOT NULL,
    raised_good              INTEGER NOT NULL,
    raised_info              INTEGER NOT NULL,
    withheld                 INTEGER NOT NULL,
    skipped_not_created      INTEGER NOT NULL DEFAULT 0,
    skipped_where            INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, rule)
) STRICT, WITHOUT ROWID;

-- Bad signals that the run of a day held back because its data looks broken. since: the day on which
-- the signal would have been raised; cause: outage or missing-event.
CREATE TABLE withheld_signals (
    rule     TEXT NOT NULL,
    day      TEXT NOT NULL,
    company  INTEGER NOT NULL REFERENCES companies (id),
    since    TEXT NOT NULL,
    cause    TEXT NOT NULL,
    PRIMARY KEY (rule, day, company)
) STRICT, WITHOUT ROWID;
CREATE INDEX withheld_signals_by_day ON withheld_signals (day);

-- Signals that are raised however many companies turn at once on their day, because somebody
-- accepted them.
CREATE TABLE accepted_signals (
    rule     TEXT NOT NULL,
    day      TEXT NOT NULL,
    company  INTEGER NOT NULL REFERENCES companies (id),
    PRIMARY KEY (rule, day, company)
) STRICT, WITHOUT ROWID;

CREATE TABLE signals (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    company            INTEGER NOT NULL REFERENCES companies (id),
    rule               TEXT NOT NULL,
    rule_version       INTEGER NOT NULL REFERENCES rule_versions (id),
    -- Null for a signal that was raised when somebody set the pulse.
    run                INTEGER REFERENCES runs (id),
    type               TEXT NOT NULL,
    raised_on          TEXT NOT NULL,
    observation_from   TEXT,
    observation_to     TEXT,
    observation_count  INTEGER,
    decision_from      TEXT,
    decision_to        TEXT,
    decision_count     INTEGER,
    change_pct         REAL,
    chance             REAL,
    detail             TEXT NOT NULL,
    -- The acknowledgement that closed it; null while it is open.
    acknowledgement    INTEGER REFERENCES signal_history (id),
    -- The day of that acknowledgement: reports count a million of them without reading each.
    closed_on          TEXT,
    -- Of signals of adoption rules: the event and the goal's name where it is about a goal, the
    -- days of start, deadline and first use.
    goal_event         TEXT,
    goal_name          TEXT,
    started_on         TEXT,
    due_on             TEXT,
    done_on            TEXT,
    -- Of signals of condition rules: the value of the rule's key, and a JSON object of the
    -- attributes that the condition read.
    key_value          TEXT,
    values_read        TEXT,
    -- Of signals of trend rules: what was to be expected, where a baseline or a comparison says so;
    -- the factor by which events come in bursts, and whose weeks it rests on (own, others, none);
    -- how many other customers there were to compare with, and what they did in the decision and
    -- the observation window (null when the company was compared with its own past alone).
    expected           REAL,
    spread             REAL,
    spread_basis       TEXT,
    others             INTEGER,
    others_now         INTEGER,
    others_before      INTEGER,
    -- Whether the latest run found that the rule, as it was, still holds (1, 0; null when not
    -- known), and the first day on which it found so.
    holds              INTEGER,
    holds_since        TEXT,
    -- The last day on which a condition that still holds was told again.
    renewed_on         TEXT,
    -- The day on which it comes back into lists, and to whom it was given; as its history says.
    -- Acknowledging, reopening and renewing a signal end its snooze.
    snoozed_until      TEXT,
    assigned_to        TEXT
) STRICT;
-- Newest first, as signals are listed: then a list needs no sorting, and its first lines no reading
-- of all the others.
CREATE INDEX signals_by_day ON signals (raised_on DESC, id);
-- Each run looks whether the rules of open signals still hold; reports count those that do.
CREATE INDEX signals_open ON signals (rule_version) WHERE acknowledgement IS NULL;
CREATE INDEX signals_open_by_company ON signals (company, type, holds, snoozed_until) WHERE acknowledgement IS NULL;
-- Every list tells how many signals it leaves out because they are snoozed.
CREATE INDEX signals_snoozed ON signals (snoozed_until) WHERE snoozed_until IS NOT NULL;
-- All that the attributes of signals follow from: what is counted of a million is read from here,
-- and not from the table.
CREATE INDEX signals_by_company ON signals (company, type, acknowledgement, closed_on, raised_on, rule_version);

CREATE TABLE signal_history (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    signal   INTEGER NOT NULL REFERENCES signals (id),
    action   TEXT NOT NULL,
    at       TEXT NOT NULL,
    day      TEXT NOT NULL,
    by       TEXT NOT NULL,
    -- Why, or the text of a note; empty where a signal was assigned.
    reason   TEXT NOT NULL,
    outcome  TEXT,
    -- Of a snooze: the day on which the signal comes back.
    until     TEXT,
    -- Of an assignment: to whom.
    assignee  TEXT
) STRICT;
CREATE INDEX signal_history_by_signal ON signal_history (signal, id);
CREATE INDEX signal_history_retracted ON signal_history (id) WHERE outcome = 'retracted';

CREATE TRIGGER signals_are_never_deleted BEFORE DELETE ON signals
BEGIN SELECT RAISE(ABORT, 'signals are never deleted'); END;
CREATE TRIGGER history_is_never_deleted BEFORE DELETE ON signal_history
BEGIN SELECT RAISE(ABORT, 'the history of a signal is append-only'); END;
-- REPLACE deletes without asking the triggers above.
CREATE TRIGGER signals_are_never_replaced BEFORE INSERT ON signals
WHEN EXISTS (SELECT 1 FROM signals WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'signals are never replaced'); END;
CREATE TRIGGER history_is_never_replaced BEFORE INSERT ON signal_history
WHEN EXISTS (SELECT 1 FROM signal_history WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the history of a signal is append-only'); END;
CREATE TRIGGER history_is_never_changed BEFORE UPDATE ON signal_history
BEGIN SELECT RAISE(ABORT, 'the history of a signal is append-only'); END;

CREATE VIEW event_log AS
SELECT company_id, event, person_id, day,
       strftime('%Y-%m-%dT%H:%M:%S', micros / 1000000, 'unixepoch') || printf('.%06dZ', micros % 1000000) AS at,
       copies, event_id
FROM (SELECT c.company_id,
             n.name AS event,
             p.person_id,
             date(d.day * 86400, 'unixepoch') AS day,
             d.day * 86400000000 + CAST(round((e.value ->> 1) * 1000000) AS INTEGER) AS micros,
             coalesce(e.value ->> 3, 1) AS copies,
             i.event_id
      FROM event_days d
      JOIN companies c ON c.id = d.company,
           json_each(d.events) e
      JOIN event_names n ON n.id = e.value ->> 0
      LEFT JOIN people p ON p.id = e.value ->> 2
      LEFT JOIN event_ids i ON i.id = e.value ->> 4);

CREATE VIEW day_count_log AS
SELECT c.company_id,
       n.name AS event,
       date(d.day * 86400, 'unixepoch') AS day,
       d.count
FROM day_counts d
JOIN companies c ON c.id = d.company
JOIN event_names n ON n.id = d.event;

-- What exports say of customers besides events: contracts, people, surveys, tickets, invoices,
-- contacts, goals, and the team that looks after them. Times that have happened keep their instant
-- (…_at) and their day in the database's zone (…_on).

CREATE INDEX people_by_company ON people (company) WHERE company IS NOT NULL;

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
    term_days        INTEGER,
    status           TEXT,
    -- 0 for one that never began and has no effect, as its status says.
    is_begun         INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_by_company ON subscriptions (company);

-- Churns as files and commands state them, with the day of the return where somebody stated that
-- too.
CREATE TABLE stated_churns (
    company      INTEGER NOT NULL REFERENCES companies (id),
    churned_on   TEXT NOT NULL,
    returned_on  TEXT,
    PRIMARY KEY (company, churned_on)
) STRICT, WITHOUT ROWID;

-- The times during which a company was not a customer, from stated churns and from subscriptions
-- together; kept in step with both. companies.churned_on is the last of them while it lasts.
CREATE TABLE customer_breaks (
    company      INTEGER NOT NULL REFERENCES companies (id),
    churned_on   TEXT NOT NULL,
    returned_on  TEXT,
    PRIMARY KEY (company, churned_on)
) STRICT, WITHOUT ROWID;

CREATE TABLE nps_responses (
    id            INTEGER PRIMARY KEY,
    company       INTEGER NOT NULL REFERENCES companies (id),
    person_id     TEXT,
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
    digest    INTEGER NOT NULL DEFAULT 0,
    -- From this day on the person is told nothing.
    left_on   TEXT
) STRICT, WITHOUT ROWID;

-- What the values of a company's own columns are: number, date or text.
CREATE TABLE attribute_types (
    name  TEXT PRIMARY KEY,
    type  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Attributes and segments that users define, and what it takes to tell the state of signals on a
-- past day.

CREATE TABLE metrics (
    name     TEXT PRIMARY KEY,
    -- Counted: which event, what of it (count, people, days-since) and over how many days.
    event    TEXT,
    measure  TEXT,
    days     INTEGER,
    -- Or worked out from other attributes.
    formula  TEXT
) STRICT, WITHOUT ROWID;

-- Conditions over attributes under a name; `condition` is an expression.
CREATE TABLE segments (
    name       TEXT PRIMARY KEY,
    condition  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX signal_history_by_day ON signal_history (day, signal);

-- Adoption and condition rules, what all rules say of companies, playbooks and receivers, and what
-- their signals keep.

-- What adoption and condition rules raised before, whenever that was. Signals of trend rules, of
-- which there are many more, are left out: those that matter to a trend rule are of the last days.
CREATE INDEX signals_by_rule ON signals (rule, company, raised_on) WHERE observation_from IS NULL;

CREATE INDEX run_rules_by_rule ON run_rules (rule);

-- The day of each company's first event of each name, as in day_counts; kept in step by imports.
-- Without it an adoption rule would have to read the whole history every day. Like the tables of
-- events, it declares no foreign keys; `signals check` compares it.
CREATE TABLE first_uses (
    event    INTEGER NOT NULL,  -- event_names.id
    company  INTEGER NOT NULL,  -- companies.id
    day      INTEGER NOT NULL,
    PRIMARY KEY (event, company)
) STRICT, WITHOUT ROWID;

-- The day of each person's first event at each company, as in event_days; kept in step by imports.
-- Otherwise, finding new people would mean reading all events.
CREATE TABLE first_people (
    id       INTEGER PRIMARY KEY,  -- companies.id * 1000000000 + people.id
    company  INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000000000) VIRTUAL,
    person   INTEGER NOT NULL GENERATED ALWAYS AS (id % 1000000000) VIRTUAL,
    day      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What to do: playbooks that somebody has made or changed, tasks with their history, and
-- the tags of companies.

-- The playbooks that ship with the program are not in here until somebody changes them.
CREATE TABLE playbooks (
    name     TEXT PRIMARY KEY,
    purpose  TEXT NOT NULL,
    tag      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE playbook_steps (
    playbook     TEXT NOT NULL REFERENCES playbooks (name),
    position     INTEGER NOT NULL,
    title        TEXT NOT NULL,
    due_in_days  INTEGER NOT NULL,
    -- 'csm', 'manager' or the name of a person.
    owner        TEXT NOT NULL,
    tag          TEXT,
    PRIMARY KEY (playbook, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    company   INTEGER NOT NULL REFERENCES companies (id),
    title     TEXT NOT NULL,
    due_on    TEXT NOT NULL,
    playbook  TEXT,
    signal    INTEGER REFERENCES signals (id),
    -- 'csm' and 'manager' are whoever has that role now; anything else is the name of a person.
    owner     TEXT NOT NULL,
    -- The day on which it was added, as in its history.
    added_on  TEXT NOT NULL,
    -- The entry of its history by which it was done or dropped; null while it is open.
    closed    INTEGER REFERENCES task_history (id)
) STRICT;
CREATE INDEX tasks_by_company ON tasks (company, closed);
CREATE INDEX tasks_by_signal ON tasks (signal) WHERE signal IS NOT NULL;

-- Signals that found the tasks of their playbook open already, and the tasks that they share.
CREATE TABLE task_signals (
    signal  INTEGER NOT NULL REFERENCES signals (id),
    task    INTEGER NOT NULL REFERENCES tasks (id),
    PRIMARY KEY (signal, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_signals_by_task ON task_signals (task);

-- Companies with a churn that has not been there before; their open tasks are dropped once its day
-- has come.
CREATE TABLE companies_churning (
    company  INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE task_history (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    task    INTEGER NOT NULL REFERENCES tasks (id),
    action  TEXT NOT NULL,
    at      TEXT NOT NULL,
    day     TEXT NOT NULL,
    by      TEXT NOT NULL,
    -- Whose it was from then on; of a task that was closed, the person whose it had been, if there
    -- was one.
    owner   TEXT,
    note    TEXT
) STRICT;
CREATE INDEX task_history_by_task ON task_history (task, id);

-- A time during which a company had a tag. A row ends once and is never deleted, so that the tags
-- of any day can be told. Two companies that become one may both have had it: then it has two rows.
CREATE TABLE company_tags (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    company     INTEGER NOT NULL REFERENCES companies (id),
    tag         TEXT NOT NULL,
    added_at    TEXT NOT NULL,
    added_on    TEXT NOT NULL,
    added_by    TEXT NOT NULL,
    removed_at  TEXT,
    removed_on  TEXT,
    removed_by  TEXT,
    CHECK ((removed_at IS NULL) = (removed_on IS NULL) AND (removed_at IS NULL) = (removed_by IS NULL))
) STRICT;
CREATE INDEX company_tags_by_company ON company_tags (company, tag);

CREATE TRIGGER tasks_are_never_deleted BEFORE DELETE ON tasks
BEGIN SELECT RAISE(ABORT, 'tasks are never deleted'); END;
CREATE TRIGGER tasks_are_never_replaced BEFORE INSERT ON tasks
WHEN EXISTS (SELECT 1 FROM tasks WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'tasks are never replaced'); END;
CREATE TRIGGER task_history_is_never_deleted BEFORE DELETE ON task_history
BEGIN SELECT RAISE(ABORT, 'the history of a task is append-only'); END;
CREATE TRIGGER task_history_is_never_replaced BEFORE INSERT ON task_history
WHEN EXISTS (SELECT 1 FROM task_history WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the history of a task is append-only'); END;
CREATE TRIGGER task_history_is_never_changed BEFORE UPDATE ON task_history
BEGIN SELECT RAISE(ABORT, 'the history of a task is append-only'); END;
CREATE TRIGGER company_tags_are_never_deleted BEFORE DELETE ON company_tags
BEGIN SELECT RAISE(ABORT, 'the history of tags is append-only'); END;
CREATE TRIGGER company_tags_are_never_replaced BEFORE INSERT ON company_tags
WHEN EXISTS (SELECT 1 FROM company_tags WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the history of tags is append-only'); END;
CREATE TRIGGER company_tags_end_once BEFORE UPDATE OF tag, added_at, added_on, added_by, removed_at, removed_on, removed_by
ON company_tags
WHEN OLD.removed_at IS NOT NULL OR NEW.tag <> OLD.tag OR NEW.added_at <> OLD.added_at OR NEW.added_on <> OLD.added_on
     OR NEW.added_by <> OLD.added_by
BEGIN SELECT RAISE(ABORT, 'the history of tags is append-only'); END;

-- The pulse, the reasons that people give, and the customers who leave or pay less.

-- What a team has made of the reason codes: its own, and those of the program that it renamed,
-- retired or described anew. A code that nobody changed has no row; shipped_as says under which
-- code a changed one came with the program.
CREATE TABLE reason_codes (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    code         TEXT NOT NULL,
    description  TEXT,
    is_active    INTEGER NOT NULL DEFAULT 1,
    shipped_as   TEXT,
    UNIQUE (kind, code)
) STRICT;
CREATE UNIQUE INDEX reason_codes_by_origin ON reason_codes (kind, shipped_as) WHERE shipped_as IS NOT NULL;

-- Codes that were renamed, with the one that each is called now: files written before still say the
-- former.
CREATE TABLE former_reason_codes (
    kind    TEXT NOT NULL,
    former  TEXT NOT NULL,
    code    TEXT NOT NULL,
    PRIMARY KEY (kind, former)
) STRICT, WITHOUT ROWID;

-- The team's own words for when a level of the pulse applies, where they differ from those of the
-- program.
CREATE TABLE pulse_levels (
    level      INTEGER PRIMARY KEY CHECK (level BETWEEN 1 AND 6),
    guideline  TEXT NOT NULL
) STRICT;

-- Each setting of the pulse. It counts from its day on; of several on a day the last set, and of
-- equal instants the last entered.
CREATE TABLE pulses (
    id       INTEGER PRIMARY KEY,
    company  INTEGER NOT NULL REFERENCES companies (id),
    level    INTEGER NOT NULL CHECK (level BETWEEN 1 AND 6),
    day      TEXT NOT NULL,
    at       TEXT NOT NULL,
    by       TEXT,
    note     TEXT
) STRICT;
CREATE INDEX pulses_by_company ON pulses (company, day);

CREATE TABLE pulse_reasons (
    pulse     INTEGER NOT NULL REFERENCES pulses (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    code      TEXT NOT NULL,
    PRIMARY KEY (pulse, position)
) STRICT, WITHOUT ROWID;

-- Why a customer left or pays less, as commands record it. That a customer left is in stated_churns
-- and customer_breaks; the day of a churn here is that of its break.
CREATE TABLE losses (
    id          INTEGER PRIMARY KEY,
    company     INTEGER NOT NULL REFERENCES companies (id),
    kind        TEXT NOT NULL CHECK (kind IN ('churn', 'downsell')),
    day         TEXT NOT NULL,
    mrr_before  REAL,
    mrr_after   REAL,
    note        TEXT,
    by          TEXT NOT NULL,
    at          TEXT NOT NULL
) STRICT;
CREATE INDEX losses_by_day ON losses (day);
CREATE INDEX losses_by_company ON losses (company, day);
CREATE UNIQUE INDEX losses_one_churn_a_day ON losses (company, day) WHERE kind = 'churn';

CREATE TABLE loss_reasons (
    loss      INTEGER NOT NULL REFERENCES losses (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    code      TEXT NOT NULL,
    PRIMARY KEY (loss, position)
) STRICT, WITHOUT ROWID;

-- Health profiles, and the scores of companies on the days that were run.

-- How a profile scored at some time: its bands, and its measures as a JSON array in the shape of
-- the configuration. Scores point at the one by which they were made, and none is ever changed, so
-- that a changed profile cannot change what a past score says.
CREATE TABLE health_versions (
    id        INTEGER PRIMARY KEY,
    profile   TEXT NOT NULL,
    good      REAL NOT NULL,
    average   REAL NOT NULL,
    measures  TEXT NOT NULL,
    UNIQUE (profile, good, average, measures)
) STRICT;

-- The profiles that somebody has made; the default one comes with the program. where_expr is an
-- expression over attributes, null for all companies.
CREATE TABLE health_profiles (
    name        TEXT PRIMARY KEY,
    where_expr  TEXT,
    priority    INTEGER NOT NULL,
    version     INTEGER NOT NULL REFERENCES health_versions (id)
) STRICT, WITHOUT ROWID;

-- The health of a company on a day that was run. raw_values is a JSON array of what each measure's
-- expression said, in the order of the measures. The rest follows from these and the version, as
-- the view health_measure_log shows, and is not stored again: the table grows by a row for each
-- company every night. The id is made as in event_days, for the same reasons.
CREATE TABLE health_scores (
    id          INTEGER PRIMARY KEY,  -- day * 1000000000 + companies.id
    day         INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000000000) VIRTUAL,
    company     INTEGER NOT NULL GENERATED ALWAYS AS (id % 1000000000) VIRTUAL,
    version     INTEGER NOT NULL REFERENCES health_versions (id),
    score       REAL,  -- null when less than half of the weight is known
    raw_values  TEXT NOT NULL
) STRICT;

-- Each measure of each score. The weights that are known are summed up by company_id and day, so
-- that a condition on both reads the scores of that day alone and unfolds those of that company.
CREATE VIEW health_measure_log AS
WITH valued AS (
    SELECT c.company_id, date(h.day * 86400, 'unixepoch') AS day, v.profile, h.score, m.value AS measure,
           json_extract(h.raw_values, '$[' || m.key || ']') AS raw
    FROM health_scores h
    JOIN companies c ON c.id = h.company
    JOIN health_versions v ON v.id = h.version
    JOIN json_each(v.measures) m
), scaled AS (
    SELECT *,
           CASE
               WHEN measure ->> 'map' IS NOT NULL
                   THEN (SELECT value FROM json_each(measure, '$.map') WHERE key = CAST(raw AS TEXT))
               WHEN typeof(raw) IN ('integer', 'real')
                   THEN max(0.0, min(100.0, (raw - (measure ->> 'from')) * 100.0 / ((measure ->> 'to') - (measure ->> 'from'))))
           END AS scaled
    FROM valued
)
SELECT company_id, day, profile, score, measure ->> 'name' AS measure, measure ->> 'kind' AS kind, measure ->> 'weight' AS weight,
       raw, scaled,
       CASE WHEN score IS NOT NULL THEN
           (measure ->> 'weight') * scaled
           / sum(measure ->> 'weight') FILTER (WHERE scaled IS NOT NULL) OVER (PARTITION BY company_id, day)
       END AS contribution
FROM scaled;

-- Who is to know of which signal, and the messages that carry it to them. Notices are written in
-- the transaction that raises the signal; messages are made by `notify send` and stay until they
-- are delivered or dead.

CREATE TABLE notices (
    id            INTEGER PRIMARY KEY,
    signal        INTEGER NOT NULL REFERENCES signals (id),
    -- team.name; null where there was nobody to tell, so that Slack can still be told.
    person        TEXT,
    why           TEXT NOT NULL,
    told_at       TEXT NOT NULL,
    read_at       TEXT,
    -- When it left this person, because the company went to another CSM.
    withdrawn_at  TEXT,
    -- The message of each channel that carries it: at most one, ever.
    email         INTEGER REFERENCES messages (id),
    slack         INTEGER REFERENCES messages (id),
    UNIQUE (signal, person)
) STRICT;
CREATE INDEX notices_by_person ON notices (person, told_at);
CREATE INDEX notices_to_nobody ON notices (signal) WHERE person IS NULL AND read_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX notices_to_be_read ON notices (signal) WHERE read_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX notices_by_email ON notices (email) WHERE email IS NOT NULL;
CREATE INDEX notices_by_slack ON notices (slack) WHERE slack IS NOT NULL;

CREATE TABLE messages (
    id           INTEGER PRIMARY KEY,
    channel      TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    -- Who gets it; null for Slack.
    person       TEXT,
    -- The same at every try, so that whoever gets a message twice can tell.
    message_id   TEXT NOT NULL UNIQUE,
    made_at      TEXT NOT NULL,
    made_on      TEXT NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next; null once it is delivered or dead.
    next_try_at  TEXT,
    sent_at      TEXT,
    last_error   TEXT
) STRICT;
CREATE INDEX messages_to_be_sent ON messages (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX messages_by_day ON messages (purpose, made_on);
CREATE INDEX dead_messages ON messages (id) WHERE next_try_at IS NULL AND sent_at IS NULL;

-- Who was sent a signal that was retracted afterwards, and is to be told so once by the same channel.
CREATE TABLE retractions (
    id       INTEGER PRIMARY KEY,
    signal   INTEGER NOT NULL REFERENCES signals (id),
    channel  TEXT NOT NULL,
    -- Who got the message; null for Slack.
    person   TEXT,
    -- The message that tells of the retraction; null until it is made.
    message  INTEGER REFERENCES messages (id)
) STRICT;
CREATE INDEX retractions_to_be_told ON retractions (channel) WHERE message IS NULL;
CREATE INDEX retractions_by_message ON retractions (message) WHERE message IS NOT NULL;

-- Companies whose unread notices may have to go to other people. What changes a company writes it
-- down here; whoever ends the transaction sees to it.
CREATE TABLE companies_to_reroute (
    company  INTEGER PRIMARY KEY
) STRICT;

CREATE TRIGGER a_new_csm_gets_the_notices AFTER UPDATE OF csm, also_csms, manager ON companies
WHEN OLD.csm IS NOT NEW.csm OR OLD.also_csms IS NOT NEW.also_csms OR OLD.manager IS NOT NEW.manager
BEGIN INSERT OR IGNORE INTO companies_to_reroute (company) VALUES (NEW.id); END;
CREATE TRIGGER notices_move_with_their_signal AFTER UPDATE OF company ON signals
WHEN OLD.company IS NOT NEW.company
BEGIN INSERT OR IGNORE INTO companies_to_reroute (company) VALUES (NEW.company); END;

-- What there was nobody to tell of is told when somebody comes.
CREATE TRIGGER whoever_joins_the_team_gets_what_nobody_got AFTER INSERT ON team
BEGIN
    INSERT OR IGNORE INTO companies_to_reroute (company)
    SELECT s.company FROM notices n JOIN signals s ON s.id = n.signal
    WHERE n.person IS NULL AND n.read_at IS NULL AND n.withdrawn_at IS NULL;
END;

-- Where a member of the team leaves, comes back or takes another role, others may have to be told.
CREATE TRIGGER notices_follow_the_team AFTER UPDATE OF role, manager, left_on ON team
WHEN OLD.role IS NOT NEW.role OR OLD.manager IS NOT NEW.manager OR OLD.left_on IS NOT NEW.left_on
BEGIN
    INSERT OR IGNORE INTO companies_to_reroute (company)
    SELECT s.company FROM notices n JOIN signals s ON s.id = n.signal
    WHERE (n.person IS NULL OR n.person = NEW.name OR n.person = NEW.manager)
      AND n.read_at IS NULL AND n.withdrawn_at IS NULL;
END;
CREATE TRIGGER notices_leave_who_is_removed AFTER DELETE ON team
BEGIN
    INSERT OR IGNORE INTO companies_to_reroute (company)
    SELECT s.company FROM notices n JOIN signals s ON s.id = n.signal
    WHERE n.person = OLD.name AND n.read_at IS NULL AND n.withdrawn_at IS NULL;
END;

CREATE TRIGGER acknowledging_is_reading AFTER INSERT ON signal_history
WHEN NEW.action = 'acknowledged'
BEGIN UPDATE notices SET read_at = NEW.at WHERE signal = NEW.signal AND read_at IS NULL; END;
