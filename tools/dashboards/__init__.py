"""Generates the JSON of the Grafana dashboards."""
