-- Who is told of which transition, and each attempt to do so.

-- +goose Up
CREATE TABLE dict_rate_limit_notifications (
    notification_id UUID PRIMARY KEY, -- follows from transition and channel
    event_id UUID NOT NULL REFERENCES dict_rate_limit_alert_events,
    position BIGINT NOT NULL, -- of the transition: the order of telling
    channel TEXT NOT NULL,
    status TEXT NOT NULL, -- PENDING, DELIVERED, SUPPRESSED, DEAD
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, -- that failed
    silence_id UUID, -- what suppressed it
    leased_until TIMESTAMP WITH TIME ZONE, -- somebody sends it until then; NULL = nobody
    UNIQUE (event_id, channel)
);

CREATE INDEX idx_notifications_pending ON dict_rate_limit_notifications (channel, position) WHERE status = 'PENDING';
CREATE INDEX idx_notifications_counts ON dict_rate_limit_notifications (channel, status);

-- The ledger: one row per attempt and notification in it.
CREATE TABLE dict_rate_limit_deliveries (
    notification_id UUID NOT NULL REFERENCES dict_rate_limit_notifications,
    message_id UUID NOT NULL, -- what was sent, perhaps with other notifications; the same for a repeat
    attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY, -- the order of noting
    channel TEXT NOT NULL,
    ok BOOLEAN NOT NULL,
    refused BOOLEAN NOT NULL, -- this very message, for what it is
    answer TEXT NOT NULL, -- what the channel said, without secrets
    status TEXT NOT NULL, -- of the notification after it
    next_try_at TIMESTAMP WITH TIME ZONE, -- NULL unless that is PENDING
    PRIMARY KEY (notification_id, message_id, attempted_at)
);

CREATE INDEX idx_deliveries_last ON dict_rate_limit_deliveries (channel, position);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_notifications IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_notifications)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_notifications has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_deliveries;
DROP TABLE dict_rate_limit_notifications;
