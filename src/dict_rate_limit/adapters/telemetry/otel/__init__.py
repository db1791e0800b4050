"""Traces by OpenTelemetry: the one home of its libraries. Not imported while tracing is off."""
