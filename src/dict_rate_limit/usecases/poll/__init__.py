"""One monitoring cycle: fetch, record, cache."""
