"""Backups: dump, verify and restore the database."""
