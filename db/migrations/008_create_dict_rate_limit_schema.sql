-- What code this schema still serves. A migration that older code cannot live with raises oldest_code to its own number;
-- code that knows no migration of that number refuses to run. All other migrations leave it alone, so that the program
-- can go back a version without the schema.

-- +goose Up
CREATE TABLE dict_rate_limit_schema (
    single BOOLEAN PRIMARY KEY DEFAULT true CHECK (single), -- one row
    oldest_code INTEGER NOT NULL
);
INSERT INTO dict_rate_limit_schema (oldest_code) VALUES (1);

-- +goose Down
DROP TABLE dict_rate_limit_schema;
