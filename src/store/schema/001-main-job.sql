-- The tables of the main job. Every table is readable with any SQLite client; the views at the end show the packed and the
-- numbered ones with their names and dates.
--
-- Calendar days are TEXT 'YYYY-MM-DD', instants TEXT in RFC 3339 (UTC). Only the two tables that grow with the events
-- count days as INTEGER, days since 1970-01-01, because they are read by ranges of days millions of rows at a time.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE companies (
    id                  INTEGER PRIMARY KEY,
    company_id          TEXT NOT NULL UNIQUE,
    name                TEXT,
    csm                 TEXT,
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
    -- 1 while the company is known only because a row of facts named it, and then its id in lower case, by which it is found
    -- when a company of that name arrives.
    is_unlisted         INTEGER NOT NULL DEFAULT 0,
    folded_id           TEXT,
    -- Days of the first and last event of any name, as in day_counts; kept in step by imports.
    first_event_day     INTEGER,
    last_event_day      INTEGER
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
    id         INTEGER PRIMARY KEY,
    person_id  TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE event_names (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE
) STRICT;

-- The events themselves: one row for each company and day, because ten million single rows take several times as long to
-- write. `events` is a JSON array, ordered, of
--     [event_names.id, seconds, people.id or null]
-- with the number of copies as a fourth entry where there are several equal events, and event_ids.id as a fifth where the event
-- came with an id of its own. Seconds are counted from 00:00 UTC of `day`, and may be negative where the time zone of the
-- database is ahead. The view event_log unfolds them.
--
-- The ids of this table and the next are made of day, company and event name, so that a day lies together and a file in order
-- of time is appended. They declare no foreign keys: looking up the parents of every row would take as long as writing it.
-- `signals check` verifies them.
CREATE TABLE event_days (
    id       INTEGER PRIMARY KEY,  -- day * 1000000000 + companies.id
    day      INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000000000) VIRTUAL,
    company  INTEGER NOT NULL GENERATED ALWAYS AS (id % 1000000000) VIRTUAL,
    events   TEXT NOT NULL
) STRICT;

-- How many events of a name a company had on a day: always the sum of the copies in event_days.
CREATE TABLE day_counts (
    id       INTEGER PRIMARY KEY,  -- (day * 1000000000 + companies.id) * 100000 + event_names.id
    day      INTEGER NOT NULL GENERATED ALWAYS AS (id / 100000000000000) VIRTUAL,
    company  INTEGER NOT NULL GENERATED ALWAYS AS (id / 100000 % 1000000000) VIRTUAL,
    event    INTEGER NOT NULL GENERATED ALWAYS AS (id % 100000) VIRTUAL,
    count    INTEGER NOT NULL
) STRICT;

-- The ids of the events that have one, to recognise them whatever day they claim when they come again.
CREATE TABLE event_ids (
    id        INTEGER PRIMARY KEY,
    company   INTEGER NOT NULL REFERENCES companies (id),
    event_id  TEXT NOT NULL,
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
    last_day        TEXT
) STRICT;
CREATE INDEX imports_by_kind ON imports (kind, finished_at);

-- What --map said of a header, for the next file that has the same one.
CREATE TABLE column_maps (
    header  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    field   TEXT NOT NULL,
    source  TEXT NOT NULL,
    PRIMARY KEY (header, kind, field)
) STRICT, WITHOUT ROWID;

-- Every definition that a rule ever had. Signals point at the one that raised them, so that editing or removing a rule
-- cannot change what they say.
CREATE TABLE rule_versions (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    event       TEXT,
    timeframe   INTEGER,
    threshold   INTEGER,
    direction   TEXT,
    inverse     INTEGER NOT NULL DEFAULT 0,
    min_events  INTEGER,
    max_chance  REAL
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
    is_outage                INTEGER NOT NULL,
    PRIMARY KEY (run, rule)
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
    acknowledgement    INTEGER REFERENCES signal_history (id)
) STRICT;
-- Newest first, as signals are listed: then a list needs no sorting, and its first lines no reading of all the others.
CREATE INDEX signals_by_day ON signals (raised_on DESC, id);
-- All that the attributes of signals follow from: what is counted of a million is read from here, and not from the table.
CREATE INDEX signals_by_company ON signals (company, type, acknowledgement, raised_on, rule_version);

CREATE TABLE signal_history (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    signal   INTEGER NOT NULL REFERENCES signals (id),
    action   TEXT NOT NULL,
    at       TEXT NOT NULL,
    day      TEXT NOT NULL,
    by       TEXT NOT NULL,
    reason   TEXT NOT NULL,
    outcome  TEXT
) STRICT;
CREATE INDEX signal_history_by_signal ON signal_history (signal, id);

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
