"""The page for people and the document for programs, as they are served."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.world import World
from dict_rate_limit.contract.problems import KINDS
from dict_rate_limit.domain.access import Role
from dict_rate_limit.domain.errors import Outcome, SourceError
from dict_rate_limit.domain.notifications.silence import Matchers, Purpose
from dict_rate_limit.usecases.alerts import AcknowledgeAlert, acknowledge
from dict_rate_limit.usecases.drill import send_drill
from dict_rate_limit.usecases.silences import CreateSilence, create_silence
from samples.domain import NOON, PARTICIPANT, bucket, snapshot
from samples.readings import OTHER, absent_stores, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

LIST = "/api/v1/rate-limit/policies"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client


def seen(answer: httpx.Response) -> str:
    return answer.text.replace("<wbr>", "")


async def test_the_page_shows_every_bucket(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert all(name in seen(answer) for name in ("CLAIMS_READ", "POLICIES_LIST"))


async def test_the_policy_allows_only_our_own_styles_and_pictures(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/")).headers

    policy = headers["Content-Security-Policy"]
    assert {"default-src 'none'", "style-src 'self'", "img-src 'self'", "frame-ancestors 'none'"} <= set(
        policy.split("; ")
    )
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [("", "pt-BR", "pt-BR"), ("", "en-GB", "en"), ("?lang=en", "pt-BR", "en"), ("?lang=pt", "en", "pt-BR")],
)
async def test_the_language_is_that_of_the_reader(
    client: httpx.AsyncClient, query: str, header: str, language: str
) -> None:
    answer = await client.get(f"/{query}", headers={"Accept-Language": header})

    assert answer.headers["Content-Language"] == language
    assert f'lang="{language}"' in answer.text


async def test_the_page_refreshes_itself_unless_stopped(client: httpx.AsyncClient) -> None:
    moving, still = await client.get("/"), await client.get("/?refresh=0")

    assert ('http-equiv="refresh"' in moving.text, 'http-equiv="refresh"' in still.text) == (True, False)


async def test_the_page_shows_the_requested_participant(world: World, client: httpx.AsyncClient) -> None:
    await client.get(f"/?participant={OTHER}")

    assert [name for name, _ in world.source.calls] == [OTHER]


@pytest.mark.parametrize("query", ["participant=00000000", "color=red", "lang=en&lang=pt"])
async def test_the_page_rejects_invalid_parameters(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/?{query}")).status_code == 400


async def test_the_page_shows_open_alerts(world: World, client: httpx.AsyncClient) -> None:
    healthy = await client.get("/?lang=en")
    await recorded(world.stores, snapshot(bucket(0, name="ENTRIES_WRITE")))

    answer = await client.get("/?lang=en")

    assert "ENTRIES_WRITE" in seen(answer)
    assert "ENTRIES_WRITE" not in seen(healthy)


async def test_the_page_shows_acknowledgements_and_silences(world: World, client: httpx.AsyncClient) -> None:
    await recorded(world.stores, snapshot(bucket(0, name="ENTRIES_WRITE")))
    (alert,) = await world.stores.state.open_alerts([PARTICIPANT])
    until = NOON + timedelta(hours=1)
    order = AcknowledgeAlert(alert_id=alert.alert_id, actor="<b>ana</b>", reason="on it", until=until)
    await acknowledge(world.stores.alerts, world.clock, order)
    matchers = Matchers(policy="ENTRIES_*")
    window = CreateSilence(
        purpose=Purpose.MAINTENANCE, matchers=matchers, ends_at=until, actor="rui", reason="a migration"
    )
    await create_silence(world.stores.silences, world.clock, window)

    page = seen(await client.get("/?lang=en"))

    assert "acknowledged by &lt;b&gt;ana&lt;/b&gt; until 13:00 UTC" in page
    assert "maintenance until 13:00 UTC: no notifications" in page
    assert "1 maintenance window until 13:00 UTC" in page


async def test_the_page_shows_late_transitions(world: World, client: httpx.AsyncClient) -> None:
    await recorded(world.stores, snapshot(bucket(0)))
    world.clock.advance(360)

    page = seen(await client.get("/?lang=en"))

    assert "1 transition of an alert has not been published yet, for 6 min." in page


async def test_a_test_alert_never_appears_as_a_problem(world: World, client: httpx.AsyncClient) -> None:
    await send_drill(world.stores.alerts, world.clock, PARTICIPANT, "ana", "before the holidays")

    page = seen(await client.get("/?lang=en"))

    assert "All good" in page
    assert "DRILL" not in page


@pytest.mark.parametrize(("broker", "said"), [(True, False), (False, True)])
async def test_the_page_names_the_log_without_a_broker(world: World, *, broker: bool, said: bool) -> None:
    world.broker = broker
    async with world.client() as client:
        page = seen(await client.get("/?lang=en"))

    assert ("Transitions of alerts go to the log only: no broker is configured." in page) is said


async def test_the_page_works_without_any_server_behind_it(world: World) -> None:
    world.stores = absent_stores(world.clock)
    world.source.error = SourceError(Outcome.UNAVAILABLE, "away")
    async with world.client() as client:
        answer = await client.get("/?lang=en")

    assert answer.status_code == 200
    assert "Open alerts, silences and deliveries unknown: the database did not answer." in answer.text


async def test_every_file_of_the_page_exists_and_can_be_cached(client: httpx.AsyncClient) -> None:
    wanted = set(re.findall(r'(?:href|src)="(static/[^"]+)"', (await client.get("/")).text))

    answers = [await client.get(f"/{address}") for address in sorted(wanted)]

    assert wanted
    assert {answer.status_code for answer in answers} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


async def test_a_known_style_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/static/base.css")

    again = await client.get("/static/base.css", headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Content-Type"] == "text/css; charset=utf-8"
    assert (again.status_code, again.content) == (304, b"")


async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/schema")
    assert answer.headers["Content-Type"].startswith("application/vnd.oai.openapi+json")
    parsed: dict[str, Any] = json.loads(answer.content)
    return parsed


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give path, method and operation of everything the document describes."""
    for path, item in described["paths"].items():
        for method in item.keys() & {"get", "post", "delete", "put", "patch"}:
            yield path, method, item[method]


async def test_the_document_is_openapi_3_1_with_the_bearer_scheme(client: httpx.AsyncClient) -> None:
    described = await document(client)

    assert described["openapi"].startswith("3.1")
    assert described["info"]["version"] == "1.2.3"
    assert described["security"] == [{"bearer": []}]
    assert described["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_response_with_a_body_has_an_example(client: httpx.AsyncClient) -> None:
    described = await document(client)

    missing = [
        (path, method, status)
        for path, method, operation in operations(described)
        for status, response in operation["responses"].items()
        for content in response.get("content", {}).values()
        if not all("value" in example and "id" not in example for example in content.get("examples", {}).values())
        or not content.get("examples")
    ]
    assert missing == []


async def test_the_document_has_the_parameters_of_the_api(client: httpx.AsyncClient) -> None:
    described = await document(client)

    taken = {
        path: [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
        for path, _, operation in operations(described)
        if path.startswith(LIST)
    }
    assert taken == {
        LIST: [("query", name) for name in ("category", "min_utilization", "status", "participant")],
        f"{LIST}/{{policy}}": [("path", "policy"), ("query", "participant")],
    }


async def test_the_example_of_the_list_has_the_fields_of_a_real_one(client: httpx.AsyncClient) -> None:
    responses = (await document(client))["paths"][LIST]["get"]["responses"]
    example = responses["200"]["content"]["application/json"]["examples"]["answer"]["value"]

    real = (await client.get(LIST)).json()

    assert example.keys() == real.keys()
    assert example["policies"][0].keys() == real["policies"][0].keys()


async def test_the_document_has_the_problems_of_the_api(client: httpx.AsyncClient) -> None:
    described = await document(client)

    documented = {
        (content["examples"][kind]["value"]["type"], int(status))
        for _, _, operation in operations(described)
        for status, response in operation["responses"].items()
        for kind, content in (
            (kind, content)
            for media_type, content in response.get("content", {}).items()
            if media_type == "application/problem+json"
            for kind in content["examples"]
        )
    }
    assert documented <= {(kind.value, status.value) for kind, (status, *_) in KINDS.items()}
    assert len(documented) > 6


async def test_the_page_has_the_same_access_rules(world: World) -> None:
    world.anonymous = Role.OPERATOR
    async with world.client() as client:
        assert (await client.post("/")).status_code == 405
