-- Notifications of transitions and their attempts.

-- name: try_lock_routing
-- One router at a time, in any process, until its transaction ends. A separate statement: the next one must see what the
-- last router stored.
SELECT pg_try_advisory_xact_lock(hashtextextended('dict_rate_limit routing', 0));

-- name: unrouted
-- Transitions that are not routed, in the order they were recorded.
SELECT to_jsonb(event) AS event
FROM dict_rate_limit_alert_events AS event
WHERE routed_at IS NULL
ORDER BY position
LIMIT %(limit)s;

-- name: notified
-- Channels that have a notification of an earlier transition of these alerts.
SELECT event.alert_id, array_agg(DISTINCT notification.channel) AS channels
FROM dict_rate_limit_alert_events AS event
JOIN dict_rate_limit_notifications AS notification ON notification.event_id = event.event_id
WHERE event.alert_id = ANY (%(alert_ids)s::uuid[]) AND notification.status <> 'SUPPRESSED'
GROUP BY event.alert_id;

-- name: add
-- New notifications. One with a known id is the same and stays as it is.
INSERT INTO dict_rate_limit_notifications (
    notification_id, event_id, position, channel, status, created_at, next_try_at, attempts, silence_id
)
SELECT
    new.notification_id, new.event_id, event.position, new.channel, new.status, new.created_at, new.next_try_at,
    new.attempts, new.silence_id
FROM jsonb_populate_recordset(NULL::dict_rate_limit_notifications, %(notifications)s::jsonb) AS new
JOIN dict_rate_limit_alert_events AS event ON event.event_id = new.event_id
ON CONFLICT DO NOTHING;

-- name: mark_routed
-- Rows are locked in the order in which outbox.mark locks them: another order could deadlock.
WITH locked AS MATERIALIZED (
    SELECT event_id
    FROM dict_rate_limit_alert_events
    WHERE event_id = ANY (%(event_ids)s::uuid[])
    ORDER BY position
    FOR NO KEY UPDATE
)
UPDATE dict_rate_limit_alert_events AS event
SET routed_at = now()
FROM locked
WHERE event.event_id = locked.event_id;

-- name: try_lock_channel
-- One claim of a channel at a time. A separate statement: the next one must see what the last claim leased.
SELECT pg_try_advisory_xact_lock(hashtextextended('dict_rate_limit channel ' || %(channel)s, 0));

-- name: claim
-- The pending ones, oldest first, if the oldest is due; none behind a leased one.
WITH waiting AS (
    SELECT notification_id, position, next_try_at, coalesce(leased_until > %(now)s, false) AS leased
    FROM dict_rate_limit_notifications
    WHERE channel = %(channel)s AND status = 'PENDING'
    ORDER BY position
    LIMIT %(limit)s
), queue AS (
    SELECT
        notification_id,
        first_value(next_try_at) OVER oldest_first <= %(now)s AS due,
        bool_or(leased) OVER oldest_first AS behind_leased
    FROM waiting
    WINDOW oldest_first AS (ORDER BY position)
), taken AS (
    UPDATE dict_rate_limit_notifications AS notification
    SET leased_until = %(now)s + %(lease)s::interval
    FROM queue
    WHERE notification.notification_id = queue.notification_id
        AND queue.due AND NOT queue.behind_leased
        AND notification.status = 'PENDING'
    RETURNING notification.*
)
SELECT to_jsonb(taken) AS notification, to_jsonb(event) AS event
FROM taken
JOIN dict_rate_limit_alert_events AS event ON event.event_id = taken.event_id
ORDER BY taken.position;

-- name: record_attempt
-- One attempt in the ledger, and the new status of its notifications. An attempt recorded before changes nothing. A
-- delivered notification stays so, and a dead one changes to delivered only.
WITH tried AS (
    INSERT INTO dict_rate_limit_deliveries (
        message_id, attempted_at, notification_id, channel, ok, refused, answer, status, next_try_at
    )
    SELECT
        %(message_id)s, %(at)s, notification_id, %(channel)s, %(ok)s, %(refused)s, %(answer)s, %(status)s,
        %(next_try_at)s
    FROM unnest(%(notification_ids)s::uuid[]) WITH ORDINALITY AS attempted (notification_id, place)
    ORDER BY place
    ON CONFLICT DO NOTHING
    RETURNING notification_id
)
UPDATE dict_rate_limit_notifications AS notification
SET status = %(status)s,
    next_try_at = coalesce(%(next_try_at)s, next_try_at),
    attempts = attempts + (NOT %(ok)s)::integer,
    leased_until = NULL
FROM tried
WHERE notification.notification_id = tried.notification_id
    AND (notification.status = 'PENDING' OR (notification.status <> 'DELIVERED' AND %(status)s = 'DELIVERED'));

-- name: end_lease
-- After a failure the sender stops: the other leases of its channel end, so that nothing overtakes what failed.
UPDATE dict_rate_limit_notifications
SET leased_until = NULL
WHERE channel = %(channel)s AND status = 'PENDING' AND leased_until IS NOT NULL;

-- name: discard_orphans
-- Leased ones stay: their sender records the result.
UPDATE dict_rate_limit_notifications
SET status = 'DEAD'
WHERE status = 'PENDING' AND channel <> ALL (%(channels)s::text[]) AND created_at < %(created_before)s
    AND (leased_until IS NULL OR leased_until <= %(now)s);

-- name: of_alert
-- Every notification of an alert, by transition, then channel.
SELECT to_jsonb(notification) AS notification, to_jsonb(event) AS event
FROM dict_rate_limit_alert_events AS event
JOIN dict_rate_limit_notifications AS notification ON notification.event_id = event.event_id
WHERE event.alert_id = %(alert_id)s
ORDER BY event.sequence, notification.channel COLLATE "C";

-- name: attempts_of_alert
-- Every attempt at a notification of an alert, in the order they were recorded.
SELECT attempt.*
FROM dict_rate_limit_alert_events AS event
JOIN dict_rate_limit_notifications AS notification ON notification.event_id = event.event_id
JOIN dict_rate_limit_deliveries AS attempt ON attempt.notification_id = notification.notification_id
WHERE event.alert_id = %(alert_id)s
ORDER BY attempt.position;

-- name: last_attempts
-- The last attempt of each channel. One index probe for each channel, however long the ledger.
WITH RECURSIVE last AS (
    (SELECT channel, position FROM dict_rate_limit_deliveries ORDER BY channel DESC, position DESC LIMIT 1)
    UNION ALL
    SELECT before.channel, before.position
    FROM last, LATERAL (
        SELECT channel, position
        FROM dict_rate_limit_deliveries
        WHERE channel < last.channel
        ORDER BY channel DESC, position DESC
        LIMIT 1
    ) AS before
)
SELECT attempt.* FROM last JOIN dict_rate_limit_deliveries AS attempt USING (channel, position);

-- name: counts
-- Notifications ever created, by channel and status.
SELECT channel, status, count(*) FROM dict_rate_limit_notifications GROUP BY channel, status;

-- name: oldest_pending
-- When each channel's oldest pending notification was created.
SELECT channel, min(created_at) FROM dict_rate_limit_notifications WHERE status = 'PENDING' GROUP BY channel;
