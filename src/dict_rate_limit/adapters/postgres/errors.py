"""The one place where psycopg's errors become ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from dict_rate_limit.domain.errors import SchemaError, StoreError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRONG_SCHEMA = (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what psycopg raises inside as a StoreError; anything else passes.

    Raises:
        StoreUnavailableError: not reachable, restarting, overloaded, a lock or an answer did not come in time.
        SchemaError: a table or column is not there.
        StoreError: the database refused.
    """
    try:
        yield
    except PoolTimeout as error:
        message = f"PostgreSQL: no connection in time ({error})"
        raise StoreUnavailableError(message) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, PoolClosed) as error:
        raise StoreUnavailableError(_text(error)) from error
    except _WRONG_SCHEMA as error:
        message = f"{_text(error)}; do all migrations stand? `dict-rate-limit migrate status` tells"
        raise SchemaError(message) from error
    except psycopg.Error as error:
        raise StoreError(_text(error)) from error


def _text(error: psycopg.Error) -> str:
    """Say what happened on one line, without the values of the row: details may hold them."""
    first = error.diag.message_primary or str(error).strip() or type(error).__name__
    return "PostgreSQL: " + " ".join(first.split())
