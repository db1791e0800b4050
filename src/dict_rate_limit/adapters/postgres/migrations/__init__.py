"""Schema migrations in goose's format."""
