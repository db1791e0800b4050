-- The outbox: transitions to be published.

-- name: due
-- Policies with transitions to publish, the longest waiting first, without those whose oldest transition was rejected and
-- is not due. One index probe for each policy, however long the backlog. Stores policies never seen before.
WITH RECURSIVE head AS (
    (
        SELECT policy_name, position, next_try_at
        FROM dict_rate_limit_alert_events
        WHERE published_at IS NULL AND dead_at IS NULL
        ORDER BY policy_name, position
        LIMIT 1
    )
    UNION ALL
    SELECT after.policy_name, after.position, after.next_try_at
    FROM head, LATERAL (
        SELECT policy_name, position, next_try_at
        FROM dict_rate_limit_alert_events
        WHERE published_at IS NULL AND dead_at IS NULL AND policy_name > head.policy_name
        ORDER BY policy_name, position
        LIMIT 1
    ) AS after
), unseen AS (
    INSERT INTO dict_rate_limit_outbox_keys (policy_name)
    SELECT policy_name
    FROM head
    WHERE NOT EXISTS (SELECT FROM dict_rate_limit_outbox_keys AS seen WHERE seen.policy_name = head.policy_name)
    ON CONFLICT DO NOTHING
)
SELECT policy_name
FROM head
WHERE next_try_at IS NULL OR next_try_at <= %(now)s
ORDER BY position;

-- name: set_timeout
-- The transaction waits for the broker, which may be slow. A process that hangs is disconnected in the end.
SELECT set_config('idle_in_transaction_session_timeout', '2min', true);

-- name: claim
-- The publisher that locks a policy's row publishes its transitions; others claim the next policies. LIMIT leaves some for
-- them. A separate statement: the next one must see what the last publisher stored.
SELECT key.policy_name
FROM unnest(%(policies)s::text[]) WITH ORDINALITY AS due (policy_name, place)
JOIN dict_rate_limit_outbox_keys AS key ON key.policy_name = due.policy_name
ORDER BY due.place
LIMIT %(limit)s
FOR UPDATE OF key SKIP LOCKED;

-- name: waiting
-- The oldest transitions of these policies, in the order they were recorded. Each policy is read from its oldest in the
-- index, so that a long backlog costs no more than a short one, whatever the planner's statistics.
SELECT to_jsonb(event) AS event, event.refusals, event.next_try_at
FROM (
    SELECT next.event_id
    FROM unnest(%(policies)s::text[]) AS claimed (policy_name), LATERAL (
        SELECT event_id, position
        FROM dict_rate_limit_alert_events
        WHERE policy_name = claimed.policy_name AND published_at IS NULL AND dead_at IS NULL
        ORDER BY position
        LIMIT %(limit)s
    ) AS next
    ORDER BY next.position
    LIMIT %(limit)s
) AS oldest
JOIN dict_rate_limit_alert_events AS event ON event.event_id = oldest.event_id
ORDER BY event.position;

-- name: mark
-- The results. The first time of publishing stays. Rows are locked in the order in which routing locks them: another
-- order could deadlock.
WITH mark AS MATERIALIZED (
    SELECT event_id, published_at, refusal, next_try_at, dead_at
    FROM jsonb_populate_recordset(NULL::dict_rate_limit_alert_events, %(marks)s::jsonb)
), locked AS MATERIALIZED (
    SELECT event.event_id
    FROM dict_rate_limit_alert_events AS event
    WHERE event.event_id IN (SELECT event_id FROM mark)
    ORDER BY event.position
    FOR NO KEY UPDATE
)
UPDATE dict_rate_limit_alert_events AS event
SET published_at = coalesce(event.published_at, mark.published_at),
    refusals = event.refusals + (mark.refusal IS NOT NULL)::integer,
    refusal = coalesce(mark.refusal, event.refusal),
    next_try_at = mark.next_try_at,
    dead_at = mark.dead_at
FROM mark
JOIN locked ON locked.event_id = mark.event_id
WHERE event.event_id = mark.event_id;

-- name: backlog
-- The transitions to be published, and the dead-lettered ones.
SELECT
    count(*) AS waiting,
    min(detected_at) AS oldest_at,
    (SELECT count(*) FROM dict_rate_limit_alert_events WHERE dead_at IS NOT NULL) AS dead
FROM dict_rate_limit_alert_events
WHERE published_at IS NULL AND dead_at IS NULL;
