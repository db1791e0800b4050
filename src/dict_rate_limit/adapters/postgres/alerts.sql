-- Alerts and their transitions.

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
