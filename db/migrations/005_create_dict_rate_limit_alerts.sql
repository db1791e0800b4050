-- Alerts and their transitions. The transitions are the outbox: each stays unpublished until readers have it.

-- +goose Up
CREATE TABLE dict_rate_limit_alerts (
    alert_id UUID PRIMARY KEY,
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL, -- '*' where no policy is concerned: NULL would escape the unique index
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    exhausted BOOLEAN NOT NULL,
    sequence INTEGER NOT NULL CHECK (sequence >= 1), -- of its last transition
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE
);

CREATE UNIQUE INDEX idx_alerts_open ON dict_rate_limit_alerts (participant, policy_name, kind) WHERE resolved_at IS NULL;
CREATE INDEX idx_alerts_opened ON dict_rate_limit_alerts (participant, opened_at DESC);

CREATE TABLE dict_rate_limit_alert_events (
    event_id UUID PRIMARY KEY,
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of telling
    alert_id UUID NOT NULL REFERENCES dict_rate_limit_alerts,
    sequence INTEGER NOT NULL,
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL,
    kind TEXT NOT NULL,
    transition TEXT NOT NULL,
    severity TEXT NOT NULL,
    exhausted BOOLEAN NOT NULL,
    category TEXT NOT NULL, -- raw
    available_tokens INTEGER,
    capacity_max INTEGER,
    utilization_pct DECIMAL(5, 2),
    previous TEXT,
    current TEXT,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    detected_at TIMESTAMP WITH TIME ZONE NOT NULL,
    message TEXT NOT NULL, -- Portuguese
    message_en TEXT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    UNIQUE (alert_id, sequence)
);

CREATE INDEX idx_alert_events_unpublished ON dict_rate_limit_alert_events (position) WHERE published_at IS NULL;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_alerts IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_alerts)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_alerts has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_alert_events;
DROP TABLE dict_rate_limit_alerts;
