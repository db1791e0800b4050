-- Who did what and why: one row for each act of a person, kept for ever.

-- +goose Up
CREATE TABLE dict_rate_limit_audit (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    subject_id UUID NOT NULL, -- the alert or silence
    detail TEXT NOT NULL, -- what was done to it, in one line
    reason TEXT NOT NULL
);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_audit IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_audit)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_audit has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_audit;
