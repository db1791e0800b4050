"""Alerts: the state machine and the conditions that open, change and resolve an alert."""
