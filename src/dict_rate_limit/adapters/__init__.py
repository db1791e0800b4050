"""The outside world behind the ports; each vendor library has one home here."""
