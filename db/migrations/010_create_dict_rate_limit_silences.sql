-- Silences and maintenance windows. They are kept for ever: who silenced what, and why, is asked later.

-- +goose Up
CREATE TABLE dict_rate_limit_silences (
    silence_id UUID PRIMARY KEY,
    purpose TEXT NOT NULL, -- SILENCE, MAINTENANCE
    policy TEXT NOT NULL, -- this and the next three: globs that all have to match
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    participant TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    recurrence JSONB, -- {days, start, end, time_zone}: within these hours only; NULL = all the time
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE, -- by hand, before its time
    ended_by TEXT,
    CHECK (starts_at < ends_at),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);

CREATE INDEX idx_silences_ends ON dict_rate_limit_silences (ends_at);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_silences IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_silences)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_silences has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_silences;
