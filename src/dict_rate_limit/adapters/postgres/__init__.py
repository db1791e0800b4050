"""The history in PostgreSQL: pool, store, migrations. psycopg lives here and nowhere else."""
