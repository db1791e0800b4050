-- The outbox: transitions that wait to be told.

-- name: try_lock
-- One reader at a time, in any process; two would break the order. Held by the session, so that marks need not wait for
-- the end of the batch, and gone with it.
SELECT pg_try_advisory_lock(hashtextextended('dict_rate_limit outbox', 0));

-- name: unlock
-- All the session holds, which is this one lock or none.
SELECT pg_advisory_unlock_all();

-- name: unpublished
-- The oldest, in the order they were recorded.
SELECT
    event_id, alert_id, sequence, participant, policy_name, kind, transition, severity, exhausted, category,
    available_tokens, capacity_max, utilization_pct::float8 AS utilization_pct, previous, current, opened_at,
    detected_at, message, message_en
FROM dict_rate_limit_alert_events
WHERE published_at IS NULL
ORDER BY position
LIMIT %(limit)s;

-- name: mark_published
-- Readers have them. The first time counts.
UPDATE dict_rate_limit_alert_events
SET published_at = %(at)s
WHERE event_id = ANY (%(event_ids)s::uuid[]) AND published_at IS NULL;
