"""Metrics of Prometheus: what the process has counted, and the stored state at the scrape."""
