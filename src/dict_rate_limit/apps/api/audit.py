"""The audit log."""

from __future__ import annotations

from typing import Final

import litestar

from dict_rate_limit.apps.api.dependencies import Deps
from dict_rate_limit.apps.api.openapi import responses
from dict_rate_limit.apps.api.parameters import DEFAULT_LIMIT, Limit
from dict_rate_limit.contract.audit import AUDIT_LIST, AuditList, audit_list
from dict_rate_limit.contract.problems import ProblemType


@litestar.get(
    "/audit",
    operation_id="listAudit",
    responses=responses(AuditList, "The operator actions", AUDIT_LIST, ProblemType.STORE_UNAVAILABLE),
    summary="List operator actions, newest first",
    tags=["audit"],
)
async def list_audit(deps: Deps, limit: Limit = DEFAULT_LIMIT) -> AuditList:
    """Return the last operator actions."""
    return audit_list(await deps.stores.audit.newest(limit))


ROUTES: Final = (list_audit,)
