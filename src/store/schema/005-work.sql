-- What is to be done: playbooks that somebody has made or changed, tasks with their history, and the tags of companies.

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
    -- The entry of its history by which it was done; null while it is open.
    done      INTEGER REFERENCES task_history (id)
) STRICT;
CREATE INDEX tasks_by_company ON tasks (company, done);
CREATE INDEX tasks_by_signal ON tasks (signal) WHERE signal IS NOT NULL;

CREATE TABLE task_history (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    task    INTEGER NOT NULL REFERENCES tasks (id),
    action  TEXT NOT NULL,
    at      TEXT NOT NULL,
    day     TEXT NOT NULL,
    by      TEXT NOT NULL,
    -- Whose it was from then on; of a task that was done, the person whose it had been, if there was one.
    owner   TEXT,
    note    TEXT
) STRICT;
CREATE INDEX task_history_by_task ON task_history (task, id);

-- A time during which a company had a tag. A row ends once and is never deleted, so that the tags of any day can be told. Two
-- companies that become one may both have had it: then it has two rows.
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
