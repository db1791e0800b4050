-- The history: every bucket of every new reading, in monthly partitions.
--
-- Differences from the table first specified:
--   no IF NOT EXISTS        a foreign table of the same name must fail here, not later
--   participant             budgets are separate
--   primary key             (participant, policy_name, checked_at): the same reading cannot be kept twice, and the
--                           history of one policy is one range of it; (id, checked_at) would cost a third of all
--                           indexes and guard nothing. id stays as a plain column
--   available_tokens        may be negative or above the capacity: DICT admits while the bucket is not empty
--   utilization_pct         may be NULL: unknown when the capacity is 0
--   category                TEXT: the participant's, raw; policy_category is what the policy itself carried
--   refill_tokens, refill_period_sec   of the moment: BACEN changes them, rates need the ones in force
--   received_at             our clock, which leads to the poll; checked_at is DICT's
--   partitions              computed (this month and two ahead) in UTC: literal months would refuse today's rows.
--                           A DEFAULT partition takes what no month takes, so that no reading is ever refused
--   down                    no CASCADE, and refuses while there are rows

-- +goose Up
CREATE TABLE dict_rate_limit_states (
    id BIGSERIAL,
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL,
    available_tokens INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    refill_tokens INTEGER NOT NULL,
    refill_period_sec INTEGER NOT NULL,
    utilization_pct DECIMAL(5, 2),
    category TEXT NOT NULL,
    policy_category TEXT NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    correlation_id TEXT,
    PRIMARY KEY (participant, policy_name, checked_at)
) PARTITION BY RANGE (checked_at);

CREATE TABLE dict_rate_limit_states_default PARTITION OF dict_rate_limit_states DEFAULT;

-- +goose StatementBegin
DO $$
DECLARE
    this_month TIMESTAMP := date_trunc('month', now() AT TIME ZONE 'UTC');
    month TIMESTAMP;
BEGIN
    FOR ahead IN 0..2 LOOP
        month := this_month + make_interval(months => ahead);
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF dict_rate_limit_states FOR VALUES FROM (%L) TO (%L)',
            'dict_rate_limit_states_' || to_char(month, 'YYYY_MM'),
            month AT TIME ZONE 'UTC',
            (month + interval '1 month') AT TIME ZONE 'UTC'
        );
    END LOOP;
END
$$;
-- +goose StatementEnd

CREATE INDEX idx_states_policy_time ON dict_rate_limit_states (policy_name, checked_at DESC);
CREATE INDEX idx_states_utilization ON dict_rate_limit_states (utilization_pct DESC);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_states IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_states)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_states has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_states;
