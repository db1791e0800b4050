-- When readers last called the source for each participant: keeps their calls apart while Redis is down. Nothing here is
-- worth keeping, so going down asks nothing.

-- +goose Up
CREATE TABLE dict_rate_limit_source_calls (
    participant TEXT PRIMARY KEY,
    called_at TIMESTAMP WITH TIME ZONE NOT NULL -- the database's clock
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE dict_rate_limit_source_calls;
