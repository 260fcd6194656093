-- Adoption and condition rules, what all rules say of companies, playbooks and receivers, and what their signals keep.

ALTER TABLE rule_versions ADD COLUMN where_expr TEXT;
ALTER TABLE rule_versions ADD COLUMN playbook TEXT;
ALTER TABLE rule_versions ADD COLUMN managers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule_versions ADD COLUMN executives INTEGER NOT NULL DEFAULT 0;
-- Of adoption rules; within is null without a deadline.
ALTER TABLE rule_versions ADD COLUMN goals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rule_versions ADD COLUMN within INTEGER;
ALTER TABLE rule_versions ADD COLUMN retroactive INTEGER NOT NULL DEFAULT 0;
-- Of condition rules.
ALTER TABLE rule_versions ADD COLUMN when_expr TEXT;
ALTER TABLE rule_versions ADD COLUMN type TEXT;
ALTER TABLE rule_versions ADD COLUMN cooldown INTEGER;
ALTER TABLE rule_versions ADD COLUMN key TEXT;
ALTER TABLE rule_versions ADD COLUMN for_days INTEGER;

-- Of signals of adoption rules: the event and the goal's name where it is about a goal, the days of start, deadline and first use.
ALTER TABLE signals ADD COLUMN goal_event TEXT;
ALTER TABLE signals ADD COLUMN goal_name TEXT;
ALTER TABLE signals ADD COLUMN started_on TEXT;
ALTER TABLE signals ADD COLUMN due_on TEXT;
ALTER TABLE signals ADD COLUMN done_on TEXT;
-- Of signals of condition rules: the value of the rule's key, and a JSON object of the attributes that the condition read.
ALTER TABLE signals ADD COLUMN key_value TEXT;
ALTER TABLE signals ADD COLUMN values_read TEXT;
-- What adoption and condition rules raised before, whenever that was. Signals of trend rules, of which there are many more, are
-- left out: those that matter to a trend rule are of the last days.
CREATE INDEX signals_by_rule ON signals (rule, company, raised_on) WHERE observation_from IS NULL;

ALTER TABLE run_rules ADD COLUMN skipped_not_created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run_rules ADD COLUMN skipped_where INTEGER NOT NULL DEFAULT 0;
CREATE INDEX run_rules_by_rule ON run_rules (rule);

-- The day of each company's first event of each name, as in day_counts; kept in step by imports. Without it an adoption rule would
-- have to read the whole history every day. Like the tables of events, it declares no foreign keys; `signals check` compares it.
CREATE TABLE first_uses (
    event    INTEGER NOT NULL,  -- event_names.id
    company  INTEGER NOT NULL,  -- companies.id
    day      INTEGER NOT NULL,
    PRIMARY KEY (event, company)
) STRICT, WITHOUT ROWID;
INSERT INTO first_uses (event, company, day) SELECT event, company, min(day) FROM day_counts GROUP BY event, company;
