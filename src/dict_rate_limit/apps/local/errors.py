"""What may go wrong with the parts of this machine."""

from __future__ import annotations

from dict_rate_limit.domain.errors import DictRateLimitError


class EmbeddedError(DictRateLimitError):
    """A part cannot be had here, or was lost; one line that says why, and what to do where we know it."""
