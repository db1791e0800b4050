"""Writes Grafana's dashboards: what is shown is code, its JSON is made of it."""
