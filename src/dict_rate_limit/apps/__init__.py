"""The programs: api, worker, cli, and all of them embedded on one machine."""
