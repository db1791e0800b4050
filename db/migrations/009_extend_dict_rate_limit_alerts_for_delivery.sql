-- What people did about alerts, and what became of each transition on its way out. The previous release runs beside this:
-- it leaves these columns alone, and what it records is routed by this one.

-- +goose Up
ALTER TABLE dict_rate_limit_alerts
    ADD COLUMN acknowledgement JSONB; -- {actor, reason, at, until}; NULL when nobody has taken the alert up

ALTER TABLE dict_rate_limit_alert_events
    ADD COLUMN outlook JSONB, -- what comes next for the bucket, as of the reading; NULL where nothing can be said
    ADD COLUMN acknowledgement JSONB, -- on ACKNOWLEDGED alone
    ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0, -- by the broker, for what it is; outages do not count
    ADD COLUMN refusal TEXT, -- what the broker said last
    ADD COLUMN next_try_at TIMESTAMP WITH TIME ZONE, -- until then its policy rests; NULL = not refused, or no more
    ADD COLUMN dead_at TIMESTAMP WITH TIME ZONE, -- given up on
    ADD COLUMN routed_at TIMESTAMP WITH TIME ZONE DEFAULT now(); -- since when it is settled who is told

-- What is there already counts as routed: nobody is to be told of old history. The default gave it a time without
-- writing a row.
ALTER TABLE dict_rate_limit_alert_events ALTER COLUMN routed_at DROP DEFAULT;

CREATE INDEX idx_alert_events_waiting ON dict_rate_limit_alert_events (policy_name, position)
    WHERE published_at IS NULL AND dead_at IS NULL;
CREATE INDEX idx_alert_events_unrouted ON dict_rate_limit_alert_events (position) WHERE routed_at IS NULL;
CREATE INDEX idx_alert_events_dead ON dict_rate_limit_alert_events (position) WHERE dead_at IS NOT NULL;

-- One row for each policy that ever had a transition. Whoever holds its lock tells the policy's transitions. The
-- transitions themselves are not locked: routing marks them too, and must not wait for the broker.
CREATE TABLE dict_rate_limit_outbox_keys (
    policy_name VARCHAR(100) PRIMARY KEY
);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_alerts, dict_rate_limit_alert_events IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND (
            EXISTS (SELECT FROM dict_rate_limit_alerts WHERE acknowledgement IS NOT NULL)
            OR EXISTS (
                SELECT FROM dict_rate_limit_alert_events
                WHERE outlook IS NOT NULL OR acknowledgement IS NOT NULL OR refusals > 0 OR routed_at IS NULL
            )
        )
    THEN
        RAISE EXCEPTION 'dict_rate_limit_alert_events has rows with columns that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_outbox_keys;
DROP INDEX idx_alert_events_waiting;
DROP INDEX idx_alert_events_unrouted;
DROP INDEX idx_alert_events_dead;
ALTER TABLE dict_rate_limit_alert_events
    DROP COLUMN outlook,
    DROP COLUMN acknowledgement,
    DROP COLUMN refusals,
    DROP COLUMN refusal,
    DROP COLUMN next_try_at,
    DROP COLUMN dead_at,
    DROP COLUMN routed_at;
ALTER TABLE dict_rate_limit_alerts DROP COLUMN acknowledgement;
