-- How fast each bucket was used between its last two readings, and how often each kind of transition happened: what
-- metrics and the page tell, without looking through a history. The previous release runs beside this: it leaves the pace
-- as it was, which belongs to the reading named by pace_checked_at, and does not count.

-- +goose Up
ALTER TABLE dict_rate_limit_latest
    ADD COLUMN pace_low BIGINT, -- tokens taken, at least; all of them NULL where nothing can be said
    ADD COLUMN pace_high BIGINT, -- at most
    ADD COLUMN pace_seconds DOUBLE PRECISION,
    ADD COLUMN pace_censored BOOLEAN, -- it may have been full in between
    ADD COLUMN pace_checked_at TIMESTAMP WITH TIME ZONE; -- of the reading the pace ends with

CREATE TABLE dict_rate_limit_transition_counts (
    participant TEXT NOT NULL,
    policy_name VARCHAR(100) NOT NULL,
    kind TEXT NOT NULL,
    transition TEXT NOT NULL,
    transitions BIGINT NOT NULL,
    PRIMARY KEY (participant, policy_name, kind, transition)
) WITH (fillfactor = 50);

INSERT INTO dict_rate_limit_transition_counts (participant, policy_name, kind, transition, transitions)
SELECT participant, policy_name, kind, transition, count(*)
FROM dict_rate_limit_alert_events
GROUP BY participant, policy_name, kind, transition;

-- +goose Down
-- What is dropped here is made anew from the history by the next way up, or by the next reading.
DROP TABLE dict_rate_limit_transition_counts;
ALTER TABLE dict_rate_limit_latest
    DROP COLUMN pace_low,
    DROP COLUMN pace_high,
    DROP COLUMN pace_seconds,
    DROP COLUMN pace_censored,
    DROP COLUMN pace_checked_at;
