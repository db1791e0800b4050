"""Paths of the servers' programs. They are found in the records of installed packages, without an import."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from dict_rate_limit.apps.local.process import EmbeddedError


def binary(package: str, ending: str, instead: str) -> Path:
    """Return the path of the package's file with this ending. `instead` is the setting of an external server.

    Raises:
        EmbeddedError: the package or the file is missing.
    """
    try:
        files = distribution(package).files or ()
    except PackageNotFoundError as error:
        raise EmbeddedError(missing(package, instead)) from error
    for file in files:
        path = Path(str(file.locate()))
        if str(file).endswith(ending) and path.exists():
            return path.resolve()
    raise EmbeddedError(missing(package, instead))


def missing(package: str, instead: str) -> str:
    """Return the error text with the remedy."""
    return f"{package} is not installed: run `make up`, or pip install 'dict-rate-limit[embedded]', or set {instead}"
