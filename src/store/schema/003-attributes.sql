-- Attributes and segments that users define, and what it takes to tell the state of signals on a past day.

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
