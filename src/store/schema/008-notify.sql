-- Who is to know of which signal, and the messages that carry it to them. Notices are written in the transaction that raises the
-- signal; messages are made by `notify send` and stay until they are delivered or dead.

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

-- Companies whose unread notices may have to go to other people. What changes a company writes it down here; whoever ends the
-- transaction sees to it.
CREATE TABLE companies_to_reroute (
    company  INTEGER PRIMARY KEY
) STRICT;

CREATE TRIGGER a_new_csm_gets_the_notices AFTER UPDATE OF csm, manager ON companies
WHEN OLD.csm IS NOT NEW.csm OR OLD.manager IS NOT NEW.manager
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

CREATE TRIGGER acknowledging_is_reading AFTER INSERT ON signal_history
WHEN NEW.action = 'acknowledged'
BEGIN UPDATE notices SET read_at = NEW.at WHERE signal = NEW.signal AND read_at IS NULL; END;
