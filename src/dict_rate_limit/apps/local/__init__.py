"""The servers of a whole installation, on one machine, from Python packages alone."""
