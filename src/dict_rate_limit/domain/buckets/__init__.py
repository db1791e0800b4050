"""Token buckets: one reading of them, their level, their consumption and their forecast."""
