-- What people see and do.

-- name: alert
-- One alert.
SELECT to_jsonb(alert) AS alert FROM dict_rate_limit_alerts AS alert WHERE alert_id = %(alert_id)s;

-- name: transitions
-- All transitions of an alert, in order.
SELECT to_jsonb(event) AS event, event_id, published_at, dead_at, routed_at
FROM dict_rate_limit_alert_events AS event
WHERE alert_id = %(alert_id)s
ORDER BY sequence;

-- name: alerts
-- Alerts, the last opened first. Each participant is read from its newest in the index.
SELECT to_jsonb(alert) AS alert
FROM unnest(%(participants)s::text[]) AS asked (participant), LATERAL (
    SELECT *
    FROM dict_rate_limit_alerts
    WHERE participant = asked.participant
    ORDER BY opened_at DESC, policy_name COLLATE "C", kind COLLATE "C"
    LIMIT %(limit)s
) AS alert
ORDER BY opened_at DESC, alert.participant COLLATE "C", policy_name COLLATE "C", kind COLLATE "C"
LIMIT %(limit)s;

-- name: open_alerts
-- The open ones of them.
SELECT to_jsonb(alert) AS alert
FROM dict_rate_limit_alerts AS alert
WHERE participant = ANY (%(participants)s::text[]) AND resolved_at IS NULL
ORDER BY opened_at DESC, participant COLLATE "C", policy_name COLLATE "C", kind COLLATE "C"
LIMIT %(limit)s;

-- name: add_silence
INSERT INTO dict_rate_limit_silences (
    silence_id, purpose, policy, kind, severity, participant, starts_at, ends_at, recurrence, actor, reason, created_at,
    ended_at, ended_by
) VALUES (
    %(silence_id)s, %(purpose)s, %(policy)s, %(kind)s, %(severity)s, %(participant)s, %(starts_at)s, %(ends_at)s,
    %(recurrence)s::jsonb, %(actor)s, %(reason)s, %(created_at)s, %(ended_at)s, %(ended_by)s
);

-- name: end_silence
-- Of two people at once the first ends it; nothing comes back for the second, nor for one that is over.
UPDATE dict_rate_limit_silences
SET ended_at = %(at)s, ended_by = %(actor)s
WHERE silence_id = %(silence_id)s AND ended_at IS NULL AND ends_at > %(at)s
RETURNING *;

-- name: silences
-- Those that hold or will, the next to end first.
SELECT *
FROM dict_rate_limit_silences
WHERE ends_at > %(now)s AND (ended_at IS NULL OR ended_at > %(now)s)
ORDER BY least(ends_at, ended_at), created_at, silence_id;

-- name: ended_silences
-- The others, newest first.
SELECT *
FROM dict_rate_limit_silences
WHERE ends_at <= %(now)s OR ended_at <= %(now)s
ORDER BY created_at DESC, silence_id;

-- name: add_to_audit
INSERT INTO dict_rate_limit_audit (at, actor, act, subject_id, detail, reason)
VALUES (%(at)s, %(actor)s, %(act)s, %(subject_id)s, %(detail)s, %(reason)s);

-- name: audit
-- The last acts, newest first.
SELECT at, actor, act, subject_id, detail, reason FROM dict_rate_limit_audit ORDER BY position DESC LIMIT %(limit)s;
