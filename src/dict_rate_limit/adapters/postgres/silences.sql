-- Silences and maintenance windows.

-- name: add
-- A new silence.
INSERT INTO dict_rate_limit_silences (
    silence_id, purpose, policy, kind, severity, participant, starts_at, ends_at, recurrence, actor, reason, created_at,
    ended_at, ended_by
) VALUES (
    %(silence_id)s, %(purpose)s, %(policy)s, %(kind)s, %(severity)s, %(participant)s, %(starts_at)s, %(ends_at)s,
    %(recurrence)s::jsonb, %(actor)s, %(reason)s, %(created_at)s, %(ended_at)s, %(ended_by)s
);

-- name: end
-- Of two operators at once the first ends it. No row comes back for the second, nor for a silence that is over.
UPDATE dict_rate_limit_silences
SET ended_at = %(at)s, ended_by = %(actor)s
WHERE silence_id = %(silence_id)s AND ended_at IS NULL AND ends_at > %(at)s
RETURNING *;

-- name: silence
-- One of them, ended or not.
SELECT * FROM dict_rate_limit_silences WHERE silence_id = %(silence_id)s;

-- name: current
-- Active and future ones, the next to end first. LIMIT NULL means no limit.
SELECT *
FROM dict_rate_limit_silences
WHERE ends_at > %(now)s AND (ended_at IS NULL OR ended_at > %(now)s)
ORDER BY least(ends_at, ended_at), created_at, silence_id
LIMIT %(limit)s;

-- name: ended
-- The others, newest first.
SELECT *
FROM dict_rate_limit_silences
WHERE ends_at <= %(now)s OR ended_at <= %(now)s
ORDER BY created_at DESC, silence_id
LIMIT %(limit)s;
