-- Every poll of the source, good or not, and what is known of each participant between two of them.

-- +goose Up
CREATE TABLE dict_rate_limit_polls (
    participant TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL, -- our clock; names the poll
    source TEXT NOT NULL,
    outcome TEXT NOT NULL,
    advanced BOOLEAN NOT NULL, -- brought something new: its buckets are in dict_rate_limit_states
    response_time TIMESTAMP WITH TIME ZONE, -- DICT's clock, as it came
    checked_at TIMESTAMP WITH TIME ZONE, -- the time its buckets are kept under; NULL for a failure
    category TEXT, -- raw; NULL for a failure
    correlation_id TEXT,
    buckets INTEGER NOT NULL, -- how many could be read
    rejected JSONB, -- [{position, name, reason}] of items that could not; NULL when there were none
    detail TEXT, -- of a failure
    retry_after_sec INTEGER,
    PRIMARY KEY (participant, received_at)
);

-- One row per participant, written with every poll: the next judgement and the metrics read this one row, whatever the
-- length of the history, and the retention of polls takes nothing from it.
CREATE TABLE dict_rate_limit_participants (
    participant TEXT PRIMARY KEY,
    first_polled_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_poll_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_outcome TEXT NOT NULL,
    last_good_at TIMESTAMP WITH TIME ZONE, -- received_at of the last poll that advanced
    checked_at TIMESTAMP WITH TIME ZONE, -- of the same poll
    category TEXT NOT NULL DEFAULT '', -- the last one that was not blank, raw
    rolled_until TIMESTAMP WITH TIME ZONE -- states from here on are not in the hourly roll-up yet; NULL = no states
) WITH (fillfactor = 50); -- room for the next version of the row beside it

-- Polls ever recorded by outcome; counting the history at every scrape would take seconds.
CREATE TABLE dict_rate_limit_poll_counts (
    participant TEXT NOT NULL,
    outcome TEXT NOT NULL,
    polls BIGINT NOT NULL,
    PRIMARY KEY (participant, outcome)
) WITH (fillfactor = 50);

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_polls IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_polls)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_polls has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
    LOCK TABLE dict_rate_limit_participants IN ACCESS EXCLUSIVE MODE;
    IF coalesce(current_setting('dict_rate_limit.allow_data_loss', true), '') <> 'on'
        AND EXISTS (SELECT FROM dict_rate_limit_participants)
    THEN
        RAISE EXCEPTION 'dict_rate_limit_participants has rows that going down would delete'
            USING HINT = 'Set dict_rate_limit.allow_data_loss to on if they may be lost.';
    END IF;
END
$$;
-- +goose StatementEnd
DROP TABLE dict_rate_limit_poll_counts;
DROP TABLE dict_rate_limit_participants;
DROP TABLE dict_rate_limit_polls;
