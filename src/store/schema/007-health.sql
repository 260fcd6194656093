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

-- Each measure of each score. The weights that are known are summed up by company_id and day, so that a condition on both reads the
-- scores of that day alone and unfolds those of that company.
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
