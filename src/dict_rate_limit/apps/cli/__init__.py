"""The command line. Data goes to stdout, words go to stderr; exits.py has the exit codes."""
