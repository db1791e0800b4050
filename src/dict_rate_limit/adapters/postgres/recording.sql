-- Recording one poll.

-- name: lock
-- One participant at a time, in any process, until the transaction ends. A separate statement: the next one must take its
-- snapshot after the wait.
SELECT pg_advisory_xact_lock(hashtextextended('dict_rate_limit ' || %(participant)s, 0));

-- name: load
-- All that the next evaluation needs, in one row, also for a participant never polled.
SELECT
    EXISTS (
        SELECT FROM dict_rate_limit_polls WHERE participant = %(participant)s AND received_at = %(received_at)s
    ) AS recorded,
    known.first_polled_at,
    known.last_good_at,
    known.checked_at,
    coalesce(known.category, '') AS category,
    (SELECT json_agg(last) FROM dict_rate_limit_latest AS last WHERE participant = %(participant)s) AS policies,
    (
        SELECT json_agg(json_build_array(policy_name, warning_threshold_pct, critical_threshold_pct, enabled))
        FROM dict_rate_limit_policies
        WHERE participant = %(participant)s
            AND (NOT enabled OR warning_threshold_pct IS NOT NULL OR critical_threshold_pct IS NOT NULL)
    ) AS policy_rules,
    (
        SELECT json_agg(alert) FROM dict_rate_limit_alerts AS alert
        WHERE participant = %(participant)s AND resolved_at IS NULL
    ) AS open_alerts
FROM (SELECT) AS always
LEFT JOIN dict_rate_limit_participants AS known ON known.participant = %(participant)s;

-- name: save_poll
-- The poll, the counts of polls, and the participant's new state.
WITH poll AS (
    INSERT INTO dict_rate_limit_polls (
        participant, received_at, source, outcome, advanced, response_time, checked_at, category, correlation_id,
        buckets, rejected, detail, retry_after_sec
    ) VALUES (
        %(participant)s, %(received_at)s, %(source)s, %(outcome)s, %(advanced)s, %(response_time)s, %(checked_at)s,
        %(category)s, %(correlation_id)s, %(buckets)s, %(rejected)s, %(detail)s, %(retry_after_sec)s
    )
), counted AS (
    INSERT INTO dict_rate_limit_poll_counts AS known (participant, outcome, polls)
    VALUES (%(participant)s, %(outcome)s, 1)
    ON CONFLICT (participant, outcome) DO UPDATE SET polls = known.polls + 1
)
INSERT INTO dict_rate_limit_participants AS known (
    participant, first_polled_at, last_poll_at, last_outcome, last_good_at, checked_at, category, rolled_until
) VALUES (
    %(participant)s, %(received_at)s, %(received_at)s, %(outcome)s, %(new_good_at)s, %(new_checked_at)s,
    %(new_category)s, date_trunc('hour', %(new_checked_at)s::timestamptz, 'UTC')
)
ON CONFLICT (participant) DO UPDATE SET
    first_polled_at = least(known.first_polled_at, excluded.first_polled_at),
    last_outcome = CASE
        WHEN excluded.last_poll_at >= known.last_poll_at THEN excluded.last_outcome ELSE known.last_outcome
    END,
    last_poll_at = greatest(known.last_poll_at, excluded.last_poll_at),
    last_good_at = coalesce(excluded.last_good_at, known.last_good_at),
    checked_at = coalesce(excluded.checked_at, known.checked_at),
    category = CASE WHEN excluded.category <> '' THEN excluded.category ELSE known.category END,
    rolled_until = least(known.rolled_until, excluded.rolled_until);

-- name: save_reading
-- A new reading: policies where something changed, the history, the last state of each policy.
WITH bucket AS MATERIALIZED (
    SELECT * FROM jsonb_populate_recordset(NULL::dict_rate_limit_latest, %(policies)s::jsonb)
), scale AS (
    SELECT CASE WHEN %(category)s::text IN ('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H') THEN %(category)s::text END AS letter
), gone AS (
    DELETE FROM dict_rate_limit_latest
    WHERE participant = %(participant)s AND policy_name = ANY (%(vanished)s::text[])
), policy AS (
    INSERT INTO dict_rate_limit_policies (
        participant, policy_name, category, capacity_max, refill_tokens, refill_period_sec
    )
    SELECT %(participant)s, policy_name, letter, capacity, refill_tokens, refill_period_sec
    FROM bucket, scale
    WHERE NOT EXISTS (
        SELECT FROM dict_rate_limit_policies AS known
        WHERE known.participant = %(participant)s AND known.policy_name = bucket.policy_name
            AND known.category IS NOT DISTINCT FROM letter
            AND (known.capacity_max, known.refill_tokens, known.refill_period_sec)
                = (bucket.capacity, bucket.refill_tokens, bucket.refill_period_sec)
    )
    ON CONFLICT (participant, policy_name) DO UPDATE SET
        category = excluded.category,
        capacity_max = excluded.capacity_max,
        refill_tokens = excluded.refill_tokens,
        refill_period_sec = excluded.refill_period_sec,
        updated_at = CURRENT_TIMESTAMP
), state AS (
    INSERT INTO dict_rate_limit_states (
        participant, policy_name, available_tokens, capacity, refill_tokens, refill_period_sec, utilization_pct,
        category, policy_category, checked_at, received_at, correlation_id
    )
    SELECT
        %(participant)s, policy_name, available_tokens, capacity, refill_tokens, refill_period_sec, utilization_pct,
        %(category)s, policy_category, %(checked_at)s, %(received_at)s, %(correlation_id)s
    FROM jsonb_populate_recordset(NULL::dict_rate_limit_states, %(policies)s::jsonb)
    ON CONFLICT DO NOTHING
)
INSERT INTO dict_rate_limit_latest (
    participant, policy_name, available_tokens, capacity, refill_tokens, refill_period_sec, policy_category, place,
    checked_at, received_at, pace_low, pace_high, pace_seconds, pace_censored, pace_checked_at
)
SELECT
    %(participant)s, policy_name, available_tokens, capacity, refill_tokens, refill_period_sec, policy_category, place,
    %(checked_at)s, %(received_at)s, pace_low, pace_high, pace_seconds, pace_censored, %(checked_at)s
FROM bucket
ON CONFLICT (participant, policy_name) DO UPDATE SET
    available_tokens = excluded.available_tokens,
    capacity = excluded.capacity,
    refill_tokens = excluded.refill_tokens,
    refill_period_sec = excluded.refill_period_sec,
    policy_category = excluded.policy_category,
    place = excluded.place,
    checked_at = excluded.checked_at,
    received_at = excluded.received_at,
    pace_low = excluded.pace_low,
    pace_high = excluded.pace_high,
    pace_seconds = excluded.pace_seconds,
    pace_censored = excluded.pace_censored,
    pace_checked_at = excluded.pace_checked_at;

-- name: save_alerts
-- Alerts in their new form, resolved ones first (a new one may have the key of one that is resolved), their transitions in
-- order, and the counts of transitions. A transition with a known id is the same and stays as it is.
WITH alert AS (
    INSERT INTO dict_rate_limit_alerts (
        alert_id, participant, policy_name, kind, severity, exhausted, sequence, opened_at, updated_at, resolved_at,
        acknowledgement
    )
    SELECT
        alert_id, participant, policy_name, kind, severity, exhausted, sequence, opened_at, updated_at, resolved_at,
        acknowledgement
    FROM jsonb_populate_recordset(NULL::dict_rate_limit_alerts, %(alerts)s::jsonb)
    ORDER BY resolved_at IS NULL
    ON CONFLICT (alert_id) DO UPDATE SET
        severity = excluded.severity,
        exhausted = excluded.exhausted,
        sequence = excluded.sequence,
        updated_at = excluded.updated_at,
        resolved_at = excluded.resolved_at,
        acknowledgement = excluded.acknowledgement
), event AS (
    INSERT INTO dict_rate_limit_alert_events (
        event_id, alert_id, sequence, participant, policy_name, kind, transition, severity, exhausted, category,
        available_tokens, capacity_max, utilization_pct, previous, current, opened_at, detected_at, message, message_en,
        outlook, acknowledgement
    )
    SELECT
        event_id, alert_id, sequence, participant, policy_name, kind, transition, severity, exhausted, category,
        available_tokens, capacity_max, utilization_pct, previous, current, opened_at, detected_at, message, message_en,
        outlook, acknowledgement
    FROM jsonb_populate_recordset(NULL::dict_rate_limit_alert_events, %(events)s::jsonb) WITH ORDINALITY
    ORDER BY ordinality
    ON CONFLICT (event_id) DO NOTHING
    RETURNING participant, policy_name, kind, transition
)
INSERT INTO dict_rate_limit_transition_counts AS known (participant, policy_name, kind, transition, transitions)
SELECT participant, policy_name, kind, transition, count(*)
FROM event
GROUP BY participant, policy_name, kind, transition
ON CONFLICT (participant, policy_name, kind, transition) DO UPDATE
    SET transitions = known.transitions + excluded.transitions;
