"""Temporal: names, definitions, activities, schedules. Definitions are deterministic."""
