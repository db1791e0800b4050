-- Queries of readers.

-- name: latest
-- Each participant's last new reading, and the outcome of its last poll. A policy that was invalid in that reading has an
-- older row and is left out.
SELECT
    known.participant,
    known.last_poll_at,
    known.last_outcome,
    poll.source,
    poll.response_time,
    poll.received_at,
    poll.category,
    poll.correlation_id,
    poll.rejected,
    (
        SELECT json_agg(last ORDER BY place)
        FROM dict_rate_limit_latest AS last
        WHERE last.participant = known.participant AND last.received_at = known.last_good_at
    ) AS policies,
    (
        SELECT json_agg(json_build_array(policy_name, warning_threshold_pct, critical_threshold_pct, enabled))
        FROM dict_rate_limit_policies AS policy
        WHERE policy.participant = known.participant
            AND (NOT enabled OR warning_threshold_pct IS NOT NULL OR critical_threshold_pct IS NOT NULL)
    ) AS policy_rules
FROM dict_rate_limit_participants AS known
LEFT JOIN dict_rate_limit_polls AS poll
    ON poll.participant = known.participant AND poll.received_at = known.last_good_at
WHERE known.participant = ANY (%(participants)s::text[]);

-- name: policy_rules
-- What operators set, where it differs from the global settings.
SELECT json_agg(json_build_array(policy_name, warning_threshold_pct, critical_threshold_pct, enabled)) AS policy_rules
FROM dict_rate_limit_policies
WHERE participant = %(participant)s
    AND (NOT enabled OR warning_threshold_pct IS NOT NULL OR critical_threshold_pct IS NOT NULL);

-- name: open_alerts
-- Open alerts, most severe first, then oldest first.
SELECT json_agg(alert ORDER BY
    array_position(ARRAY['CRITICAL', 'WARNING', 'INFO'], severity),
    opened_at, participant COLLATE "C", policy_name COLLATE "C", kind COLLATE "C"
) AS open_alerts
FROM dict_rate_limit_alerts AS alert
WHERE participant = ANY (%(participants)s::text[]) AND resolved_at IS NULL;

-- name: poll_counts
-- Polls ever recorded, by outcome.
SELECT participant, outcome, polls FROM dict_rate_limit_poll_counts WHERE participant = ANY (%(participants)s::text[]);

-- name: open_alert_counts
-- Open alerts by kind and severity.
SELECT participant, kind, severity, count(*)
FROM dict_rate_limit_alerts
WHERE participant = ANY (%(participants)s::text[]) AND resolved_at IS NULL
GROUP BY participant, kind, severity;

-- name: transition_counts
-- How many transitions there ever were.
SELECT participant, policy_name, kind, transition, transitions AS count
FROM dict_rate_limit_transition_counts
WHERE participant = ANY (%(participants)s::text[]);

-- name: acquire
-- One row is returned to the caller that is admitted. The row's lock makes callers take turns, and each compares with the
-- time of its own turn. A time in the future was written before the server's clock was set back.
INSERT INTO dict_rate_limit_source_calls AS last (participant, called_at)
VALUES (%(participant)s, clock_timestamp())
ON CONFLICT (participant) DO UPDATE SET called_at = clock_timestamp()
WHERE last.called_at <= clock_timestamp() - %(spacing)s::interval OR last.called_at > clock_timestamp()
RETURNING true;
