-- The audit log.

-- name: add
-- A new entry.
INSERT INTO dict_rate_limit_audit (at, actor, act, subject_id, detail, reason)
VALUES (%(at)s, %(actor)s, %(act)s, %(subject_id)s, %(detail)s, %(reason)s);

-- name: newest
-- The last entries, newest first.
SELECT at, actor, act, subject_id, detail, reason FROM dict_rate_limit_audit ORDER BY position DESC LIMIT %(limit)s;
