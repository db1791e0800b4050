"""What the process tells of itself: log lines and traces, secrets in neither."""
