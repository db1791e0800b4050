"""Notification channels: their file, their notifiers, and guarded HTTP."""
