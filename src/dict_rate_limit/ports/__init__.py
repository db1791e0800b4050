"""What the use cases need from outside, in their own words. Every port has a memory adapter and a real one.

Adapters translate their library's errors into `domain.errors` at the edge; nothing else of a library leaves them.
"""
