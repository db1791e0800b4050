"""The API with operators, each with a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.world import World
from dict_rate_limit.domain.access import Role, new_token_line
from dict_rate_limit.usecases.notify import send_notifications
from samples.domain import PARTICIPANT, bucket, snapshot
from samples.fake_ports import notifications
from samples.readings import recorded

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    import httpx

    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.notifications.channel import Channel

ROOT = "/api/v1/rate-limit"
ALERTS, SILENCES, DRILLS, AUDIT = (f"{ROOT}/{name}" for name in ("alerts", "silences", "drills", "audit"))


class ActionsWorld(World):
    """Two operators, ana and rui, and a viewer, eva. The token of each is the name."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        roles = {"ana": Role.OPERATOR, "rui": Role.OPERATOR, "eva": Role.VIEWER}
        self.tokens_path = folder / "tokens"
        self.tokens_path.write_text("\n".join(new_token_line(name, role, None, name) for name, role in roles.items()))
        self.anonymous = None

    async def alert(self, available: int = 200) -> Alert:
        """Open an alert of a bucket of 1000."""
        await recorded(self.stores, snapshot(bucket(available), at=self.clock.now()))
        (alert,) = await self.stores.state.open_alerts([PARTICIPANT])
        return alert

    async def send_notifications(self, *channels: Channel, within: timedelta) -> None:
        """Notify the channels of every transition."""
        await send_notifications(notifications(self.stores, self.clock, *channels), within)


async def get(client: httpx.AsyncClient, path: str, actor: str = "eva") -> httpx.Response:
    return await client.get(path, headers={"Authorization": f"Bearer {actor}"})


async def post(client: httpx.AsyncClient, path: str, body: object, actor: str = "ana") -> httpx.Response:
    return await client.post(path, json=body, headers={"Authorization": f"Bearer {actor}"})


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Return status, type and parameter of a problem document."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return answer.status_code, document["type"], document.get("parameter")
