"""The catalogue of texts, one per language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.text import require_every
from dict_rate_limit.texts.catalog.en import EN
from dict_rate_limit.texts.catalog.pt import PT
from dict_rate_limit.texts.catalog.schema import Catalog

CATALOGS: Final[Mapping[Language, Catalog]] = {catalog.language: catalog for catalog in (PT, EN)}
require_every(Language, CATALOGS)
