-- Queries of the benchmark: the generated history, and queries of charts.

-- name: fill
-- One month, a row per policy every five minutes, in the order in which polls would have written it.
INSERT INTO dict_rate_limit_states (
    participant, policy_name, available_tokens, capacity, refill_tokens, refill_period_sec, utilization_pct, category,
    policy_category, checked_at, received_at, correlation_id
)
SELECT
    %(participant)s, name, tokens, capacity, refill, period, round(100 - 100.0 * tokens / capacity, 2), 'C', 'C', at,
    at + interval '40 ms', 'c' || extract(epoch FROM at)::bigint
FROM generate_series(%(since)s, %(until)s - interval '1 microsecond', interval '5 minutes') AS at,
    unnest(%(names)s::text[], %(capacities)s::integer[], %(refills)s::integer[], %(periods)s::integer[])
        WITH ORDINALITY AS policy (name, capacity, refill, period, place),
    LATERAL (
        SELECT (capacity * (0.6 + 0.38 * sin(extract(epoch FROM at)::float8 / 7000 + place)))::integer AS tokens
    ) AS level
ORDER BY at, place;

-- name: from_the_beginning
-- Nothing of the history counts as rolled up.
UPDATE dict_rate_limit_participants SET rolled_until = %(since)s WHERE participant = %(participant)s;

-- name: one_day
-- 24 hours of one policy.
SELECT checked_at, available_tokens, capacity, utilization_pct
FROM dict_rate_limit_states
WHERE participant = %(participant)s AND policy_name = %(policy)s
    AND checked_at >= %(since)s AND checked_at < %(until)s
ORDER BY checked_at;

-- name: chart
-- The whole history of one policy in at most 500 points, from the roll-up.
SELECT
    date_bin(%(width)s, hour, %(since)s) AS at,
    min(available_min), sum(available_avg * samples) / sum(samples), max(available_max), min(capacity_min),
    max(utilization_max)
FROM dict_rate_limit_states_hourly
WHERE participant = %(participant)s AND policy_name = %(policy)s AND hour >= %(since)s AND hour < %(until)s
GROUP BY at
ORDER BY at;

-- name: chart_raw
-- The same from the raw readings, for comparison.
SELECT
    date_bin(%(width)s, checked_at, %(since)s) AS at,
    min(available_tokens), avg(available_tokens), max(available_tokens), min(capacity), max(utilization_pct)
FROM dict_rate_limit_states
WHERE participant = %(participant)s AND policy_name = %(policy)s
    AND checked_at >= %(since)s AND checked_at < %(until)s
GROUP BY at
ORDER BY at;

-- name: round_trip
-- The cheapest query.
SELECT 1;

-- name: create_commit_table
CREATE TABLE bench_marks (at TIMESTAMP WITH TIME ZONE NOT NULL);

-- name: one_row
-- The smallest transaction.
INSERT INTO bench_marks VALUES (clock_timestamp());
