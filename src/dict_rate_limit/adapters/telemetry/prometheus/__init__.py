"""Metrics: what the process counted, and what the store holds, at the moment of the scrape."""
