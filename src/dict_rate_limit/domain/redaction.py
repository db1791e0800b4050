"""Secrets, tokens, and numbers of people and companies inside texts, hidden in log lines, spans and error reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

HIDDEN: Final = "(hidden)"
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]*):[^\s]*@")
_BEARER: Final = re.compile(r"(bearer\s+)[A-Za-z0-9._~+/=-]+", re.IGNORECASE)
_OUR_TOKEN: Final = re.compile(r"\bdrl_[A-Za-z0-9_-]{20,}")
_WEBHOOK_SECRET: Final = re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+")
_CPF: Final = re.compile(r"(?<![\w.])\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?![\w])")
_CNPJ: Final = re.compile(
    r"(?<![\w.])[A-Z0-9]{2}\.?[A-Z0-9]{3}\.?[A-Z0-9]{3}/?[A-Z0-9]{4}-?\d{2}(?![\w])", re.IGNORECASE
)
_CPF_WEIGHTS: Final = (tuple(range(10, 1, -1)), tuple(range(11, 1, -1)))
_CNPJ_WEIGHTS: Final = ((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2))


def clean(text: str) -> str:
    """Hide passwords in URLs, bearer tokens, secrets of webhooks, CPF and CNPJ."""
    text = _BEARER.sub(rf"\1{HIDDEN}", _URL_PASSWORD.sub(r"\1:***@", text))
    text = _WEBHOOK_SECRET.sub(HIDDEN, _OUR_TOKEN.sub(HIDDEN, text))
    text = _CNPJ.sub(lambda found: "(cnpj)" if _checks(found.group(), _CNPJ_WEIGHTS) else found.group(), text)
    return _CPF.sub(lambda found: "(cpf)" if _checks(found.group(), _CPF_WEIGHTS) else found.group(), text)


def _checks(text: str, weights: Sequence[Sequence[int]]) -> bool:
    """Check that the last two digits are the check digits of the rest (Receita Federal: modulo 11; letters by ASCII).

    Without them a count or a time of eleven digits would be hidden too.
    """
    values = [ord(char) - ord("0") for char in text.upper() if char.isalnum()]
    for row in weights:
        rest = sum(value * weight for value, weight in zip(values, row, strict=False)) % 11
        if values[len(row)] != (0 if rest < 2 else 11 - rest):  # noqa: PLR2004 -- the rule's own figure
            return False
    return True
