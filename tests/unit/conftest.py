from __future__ import annotations

from hypothesis import settings

# Half of the default number of examples: the suite runs before every commit. A busy machine must not fail a test.
settings.register_profile("unit", max_examples=50, deadline=None)
settings.load_profile("unit")
