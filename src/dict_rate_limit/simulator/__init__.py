"""A faithful fake DICT for people, tests and benches."""
