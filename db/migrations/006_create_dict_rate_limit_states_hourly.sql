-- States rolled up by the hour (UTC), so that a chart over 13 months reads 9,500 rows a policy and not 114,000.

-- +goose Up
CREATE TABLE dict_rate_limit_states_hourly (
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL,
    hour TIMESTAMP WITH TIME ZONE NOT NULL, -- its beginning
    samples INTEGER NOT NULL CHECK (samples >= 1),
    available_min INTEGER NOT NULL,
    available_avg DOUBLE PRECISION NOT NULL,
    available_max INTEGER NOT NULL,
    capacity_min INTEGER NOT NULL,
    capacity_max INTEGER NOT NULL,
    utilization_min DECIMAL(5, 2), -- NULL when no sample had a capacity
    utilization_avg DECIMAL(5, 2),
    utilization_max DECIMAL(5, 2),
    PRIMARY KEY (participant, policy_name, hour)
);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_states_hourly IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_states_hourly)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_states_hourly has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_states_hourly;
