-- The pulse, the reasons that people give, and the customers who leave or pay less.

-- What a team has made of the reason codes: its own, and those of the program that it renamed, retired or described anew. A code
-- that nobody changed has no row; shipped_as says under which code a changed one came with the program.
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

-- Codes that were renamed, with the one that each is called now: files written before still say the former.
CREATE TABLE former_reason_codes (
    kind    TEXT NOT NULL,
    former  TEXT NOT NULL,
    code    TEXT NOT NULL,
    PRIMARY KEY (kind, former)
) STRICT, WITHOUT ROWID;

-- The team's own words for when a level of the pulse applies, where they differ from those of the program.
CREATE TABLE pulse_levels (
    level      INTEGER PRIMARY KEY CHECK (level BETWEEN 1 AND 6),
    guideline  TEXT NOT NULL
) STRICT;

-- Each setting of the pulse. It counts from its day on; of several on a day the last set, and of equal instants the last entered.
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

-- Why a customer left or pays less, as commands record it. That a customer left is in stated_churns and customer_breaks; the day of
-- a churn here is that of its break.
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
