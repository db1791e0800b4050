"""Measures the product against its bars: `python -m bench`; docs/benchmarks.md says what each figure means."""
