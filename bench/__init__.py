"""Measures the product against its targets: `python -m bench`. docs/benchmarks.md explains each figure."""
