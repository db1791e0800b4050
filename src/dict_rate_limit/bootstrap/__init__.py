"""Composition root: builds adapters and use cases from the settings."""
