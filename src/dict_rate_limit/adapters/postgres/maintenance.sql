-- Housekeeping of the history.

-- name: partitions
-- Months of the history with their bounds, without the DEFAULT partition.
SELECT
    place.nspname AS schema,
    month.relname AS name,
    substring(pg_get_expr(month.relpartbound, month.oid) FROM 'FROM \(''(.+?)''\)')::timestamptz AS lower,
    substring(pg_get_expr(month.relpartbound, month.oid) FROM 'TO \(''(.+?)''\)')::timestamptz AS upper
FROM pg_inherits AS link
JOIN pg_class AS month ON month.oid = link.inhrelid
JOIN pg_namespace AS place ON place.oid = month.relnamespace
WHERE link.inhparent = 'dict_rate_limit_states'::regclass
    AND pg_get_expr(month.relpartbound, month.oid) <> 'DEFAULT'
ORDER BY upper;

-- name: set_timeouts
-- Housekeeping may be slow, but readers and writers must not wait long for its locks.
SELECT set_config('lock_timeout', '5s', true), set_config('statement_timeout', '15min', true);

-- name: lock_history
-- Writers wait here, before PostgreSQL chooses the partition of their rows. Readers go on.
LOCK TABLE ONLY dict_rate_limit_states IN SHARE ROW EXCLUSIVE MODE;

-- name: lock_default
-- Readers of DEFAULT wait from here on: its rows are moved.
LOCK TABLE dict_rate_limit_states_default IN ACCESS EXCLUSIVE MODE;

-- name: drop_old_states
-- Rows that belong to no month.
DELETE FROM dict_rate_limit_states_default WHERE checked_at < %(before)s;

-- name: drop_old_hours
DELETE FROM dict_rate_limit_states_hourly AS old
USING dict_rate_limit_participants AS known
WHERE old.participant = known.participant AND old.hour < %(before)s;

-- name: drop_old_polls
-- The poll of the last good reading stays: readers still use it.
DELETE FROM dict_rate_limit_polls AS old
USING dict_rate_limit_participants AS known
WHERE old.participant = known.participant
    AND old.received_at < %(before)s
    AND old.received_at IS DISTINCT FROM known.last_good_at;

-- name: not_rolled_up
-- Participants with full hours that are not rolled up, or that got a late state.
SELECT participant FROM dict_rate_limit_participants WHERE rolled_until < %(until)s ORDER BY participant;

-- name: lock_rolled_until
-- Waits for a poll that is being recorded; the next statement sees its states.
SELECT rolled_until FROM dict_rate_limit_participants WHERE participant = %(participant)s FOR UPDATE;

-- name: roll_up
-- Whole hours from `since` on, computed again from the history. Written in the order in which charts read them: a policy's
-- months are then in a sixth of the blocks.
INSERT INTO dict_rate_limit_states_hourly AS known (
    participant, policy_name, hour, samples, available_min, available_avg, available_max, capacity_min, capacity_max,
    utilization_min, utilization_avg, utilization_max
)
SELECT
    participant, policy_name, date_trunc('hour', checked_at, 'UTC') AS hour, count(*), min(available_tokens),
    avg(available_tokens), max(available_tokens), min(capacity), max(capacity), min(utilization_pct),
    avg(utilization_pct), max(utilization_pct)
FROM dict_rate_limit_states
WHERE participant = %(participant)s AND checked_at >= %(since)s AND checked_at < %(until)s
GROUP BY participant, policy_name, hour
ORDER BY participant, policy_name, hour
ON CONFLICT (participant, policy_name, hour) DO UPDATE SET
    samples = excluded.samples,
    available_min = excluded.available_min,
    available_avg = excluded.available_avg,
    available_max = excluded.available_max,
    capacity_min = excluded.capacity_min,
    capacity_max = excluded.capacity_max,
    utilization_min = excluded.utilization_min,
    utilization_avg = excluded.utilization_avg,
    utilization_max = excluded.utilization_max;

-- name: note_rolled_until
UPDATE dict_rate_limit_participants SET rolled_until = %(until)s WHERE participant = %(participant)s;
