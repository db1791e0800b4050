"""One monitoring cycle over a group of participants: fetch, record, publish. Each participant fails alone."""

from __future__ import annotations

import logging

_log = logging.getLogger(__name__)
