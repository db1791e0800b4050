-- Backup and restore.

-- name: calm
-- A backup may be slow, also where the role has timeouts; only waits for locks are short. The other settings fix the text
-- form of values, from which digests are computed.
SELECT set_config(name, '0', false) FROM pg_settings
WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout')
UNION ALL
SELECT set_config(name, setting, false)
FROM (
    VALUES
        ('lock_timeout', '60s'),
        ('TimeZone', 'UTC'),
        ('DateStyle', 'ISO, YMD'),
        ('IntervalStyle', 'iso_8601'),
        ('extra_float_digits', '1'),
        ('bytea_output', 'hex')
) AS fixed (name, setting);

-- name: home
-- The schema of the product's tables, by the search path; NULL without any.
SELECT place.nspname
FROM pg_class AS policies
JOIN pg_namespace AS place ON place.oid = policies.relnamespace
WHERE policies.oid = to_regclass('dict_rate_limit_policies');

-- name: relations
-- The product's relations, and whether each has rows itself. A partition belongs to them whatever its name and schema.
SELECT place.nspname, relation.relname, relation.relkind = 'r'
FROM pg_class AS relation
JOIN pg_namespace AS place ON place.oid = relation.relnamespace
WHERE (
        place.nspname = %(home)s
        AND relation.relkind IN ('r', 'p', 'v', 'm')
        AND (relation.relname = 'goose_db_version' OR relation.relname LIKE 'dict\_rate\_limit\_%%')
    )
    OR relation.oid IN (
        SELECT link.inhrelid
        FROM pg_inherits AS link
        JOIN pg_class AS history ON history.oid = link.inhparent
        JOIN pg_namespace AS home ON home.oid = history.relnamespace
        WHERE home.nspname = %(home)s AND history.relname = 'dict_rate_limit_states'
    )
ORDER BY 1, 2;

-- name: snapshot
-- The snapshot for pg_dump, so that it sees the same rows, and its time: all that was committed before is included.
SELECT pg_export_snapshot(), transaction_timestamp(), current_database();

-- name: search_path
SELECT set_config('search_path', quote_ident(%(home)s), true);

-- name: summary
-- Transitions to be published, without dead-lettered ones (an older schema has no such column), and the time of the newest
-- poll or transition.
SELECT
    (
        SELECT count(*) FROM dict_rate_limit_alert_events AS event
        WHERE published_at IS NULL AND to_jsonb(event) ->> 'dead_at' IS NULL
    ),
    greatest(
        (SELECT max(last_poll_at) FROM dict_rate_limit_participants),
        (SELECT max(detected_at) FROM dict_rate_limit_alert_events)
    );

-- name: after
-- Polls and transitions after a moment; all of them when it is NULL.
SELECT
    (SELECT count(*) FROM dict_rate_limit_polls WHERE received_at > coalesce(%(moment)s, '-infinity'::timestamptz)),
    (
        SELECT count(*) FROM dict_rate_limit_alert_events
        WHERE detected_at > coalesce(%(moment)s, '-infinity'::timestamptz)
    );

-- name: occupants
-- Relations and functions in this database, without those of extensions.
SELECT place.nspname || '.' || thing.name
FROM (
    SELECT 'pg_class'::regclass AS kind, oid, relnamespace AS place, relname AS name
    FROM pg_class
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, pronamespace, proname || '()' FROM pg_proc
) AS thing
JOIN pg_namespace AS place ON place.oid = thing.place
WHERE place.nspname <> 'information_schema'
    AND place.nspname NOT LIKE 'pg\_%'
    AND NOT EXISTS (
        SELECT FROM pg_depend AS owner
        WHERE owner.classid = thing.kind AND owner.objid = thing.oid AND owner.deptype = 'e'
    )
ORDER BY 1;

-- name: users
-- Other sessions of the product: a worker that finds the tables would write at once.
SELECT count(*)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'dict-rate-limit';

-- name: schemas
SELECT nspname FROM pg_namespace;

-- name: leave_gap
-- See SEQUENCE_GAP.
UPDATE dict_rate_limit_alerts SET sequence = sequence + %(gap)s WHERE resolved_at IS NULL;

-- name: collation
-- What a scratch database must share with this one.
SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = current_database();
