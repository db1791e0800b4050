-- The last state of each policy that is there, written in the transaction that adds it to dict_rate_limit_states:
-- finding it in the history would take ten seconds after a year. A policy that vanishes loses its row.

-- +goose Up
CREATE TABLE dict_rate_limit_latest (
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL,
    available_tokens INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    refill_tokens INTEGER NOT NULL,
    refill_period_sec INTEGER NOT NULL,
    policy_category TEXT NOT NULL,
    place INTEGER NOT NULL, -- in the answer, from 0
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, -- older than the participant's last_good_at: unreadable since
    PRIMARY KEY (participant, policy_name)
) WITH (fillfactor = 50); -- room for the next version of each row beside it

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_latest IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_latest)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_latest has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_latest;
