-- The policies every participant is held to, with the limits last seen and what operators set for them.
--
-- Differences from the table first specified:
--   no IF NOT EXISTS        a foreign table of the same name must fail here, not later
--   participant             budgets are separate: one row per participant and policy, in place of UNIQUE (policy_name)
--   checks >= 0, not > 0    DICT's own examples carry zeros in all numbers
--   category                the participant's, A to H; NULL when DICT says anything else (states keep the raw text)
--   thresholds              no default: NULL means the global setting; both within 0 to 100 and in order
--   NOT NULL                on enabled, created_at, updated_at: nobody could tell what NULL means there
--   down                    no CASCADE, and refuses while there are rows

-- +goose Up
CREATE TABLE dict_rate_limit_policies (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL,
    category VARCHAR(1) CHECK (category IN ('A', 'B', 'C', 'D', 'E', 'F', 'G', 'H')),
    capacity_max INTEGER NOT NULL CHECK (capacity_max >= 0),
    refill_tokens INTEGER NOT NULL CHECK (refill_tokens >= 0),
    refill_period_sec INTEGER NOT NULL CHECK (refill_period_sec >= 0),
    warning_threshold_pct DECIMAL(5, 2) CHECK (warning_threshold_pct BETWEEN 0 AND 100),
    critical_threshold_pct DECIMAL(5, 2) CHECK (critical_threshold_pct BETWEEN 0 AND 100),
    enabled BOOLEAN NOT NULL DEFAULT true,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (participant, policy_name),
    CHECK (critical_threshold_pct <= warning_threshold_pct)
);

CREATE INDEX idx_policies_category ON dict_rate_limit_policies (category);
CREATE INDEX idx_policies_enabled ON dict_rate_limit_policies (enabled);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_policies IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_policies)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_policies has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_policies;
