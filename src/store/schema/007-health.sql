-- Health profiles, and the scores of companies on the days that were run.

-- How a profile scored at some time: its bands, and its measures as a JSON array in the shape of the configuration. Scores point at
-- the one by which they were made, and none is ever changed, so that a changed profile cannot change what a past score says.
CREATE TABLE health_versions (
    id        INTEGER PRIMARY KEY,
    profile   TEXT NOT NULL,
    good      REAL NOT NULL,
    average   REAL NOT NULL,
    measures  TEXT NOT NULL,
    UNIQUE (profile, good, average, measures)
) STRICT;

-- The profiles that somebody has made; the default one comes with the program. where_expr is an expression over attributes, null for
-- all companies.
CREATE TABLE health_profiles (
    name        TEXT PRIMARY KEY,
    where_expr  TEXT,
    priority    INTEGER NOT NULL,
    version     INTEGER NOT NULL REFERENCES health_versions (id)
) STRICT, WITHOUT ROWID;

-- The health of a company on a day that was run. raw_values is a JSON array of what each measure's expression said, in the order of
-- the measures. The rest follows from these and the version, as the view health_measure_log shows, and is not stored again: the
-- table grows by a row for each company every night. The id is made as in event_days, for the same reasons.
CREATE TABLE health_scores (
    id          INTEGER PRIMARY KEY,  -- day * 1000000000 + companies.id
    day         INTEGER NOT NULL GENERATED ALWAYS AS (id / 1000000000) VIRTUAL,
    company     INTEGER NOT NULL GENERATED ALWAYS AS (id % 1000000000) VIRTUAL,
    version     INTEGER NOT NULL REFERENCES health_versions (id),
    score       REAL,  -- null when less than half of the weight is known
    raw_values  TEXT NOT NULL
) STRICT;

-- Each measure of each score. Only what is asked for is worked out, so a condition on day and company_id is quick on health_scores.
CREATE VIEW health_measure_log AS
WITH measured AS (
    SELECT h.id, h.day, h.company, h.version, h.score, m.key AS position, m.value ->> 'name' AS measure,
           m.value ->> 'kind' AS kind, m.value ->> 'weight' AS weight, v.profile,
           json_extract(h.raw_values, '$[' || m.key || ']') AS raw,
           CASE
               WHEN m.value ->> 'map' IS NOT NULL
                   THEN (SELECT s.value FROM json_each(m.value, '$.map') s
                         WHERE s.key = CAST(json_extract(h.raw_values, '$[' || m.key || ']') AS TEXT))
               WHEN typeof(json_extract(h.raw_values, '$[' || m.key || ']')) IN ('integer', 'real')
                   THEN max(0.0, min(100.0, (json_extract(h.raw_values, '$[' || m.key || ']') - (m.value ->> 'from')) * 100.0
                                            / ((m.value ->> 'to') - (m.value ->> 'from'))))
           END AS scaled
    FROM health_scores h
    JOIN health_versions v ON v.id = h.version
    JOIN json_each(v.measures) m
)
SELECT c.company_id, date(m.day * 86400, 'unixepoch') AS day, m.profile, m.score, m.measure, m.kind, m.weight, m.raw, m.scaled,
       CASE WHEN m.score IS NOT NULL AND m.scaled IS NOT NULL
           THEN m.weight * m.scaled / sum(m.weight) FILTER (WHERE m.scaled IS NOT NULL) OVER (PARTITION BY m.id)
       END AS contribution
FROM measured m
JOIN companies c ON c.id = m.company
ORDER BY m.id, m.position;
