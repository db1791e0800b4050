#!/bin/bash
# Run goose on these migrations: DATABASE_URL=... db/migrations/goose.sh up|down|status|...
# The connection goes by the environment: an argument would show its password to everybody who lists processes.
set -eu
export GOOSE_DRIVER="postgres"
export GOOSE_DBSTRING="${DATABASE_URL:?set it to the address of the database}"
exec goose -dir "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)" "$@"
