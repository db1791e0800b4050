"""A worker killed in the middle of each activity, on real Temporal, PostgreSQL and Bridge."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest
import pytest_asyncio
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

import killable_worker
from dict_rate_limit.adapters.clock import SystemClock
from dict_rate_limit.domain.alerts.evaluation import evaluate_poll
from dict_rate_limit.domain.alerts.state import ParticipantState
from dict_rate_limit.domain.buckets.reading import Snapshot
from dict_rate_limit.domain.codec import decode_poll
from dict_rate_limit.simulator.main import Simulation, simulated_bridge
from dict_rate_limit.texts.alert_lines import alert_events
from killable_worker import RULES, Point, WorkerConfig
from samples.worker import eventually, pause
from temporal_namespace import new_namespace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dict_rate_limit.adapters.temporal import TemporalAddress
    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.domain.alerts.state import Evaluation

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PARTICIPANTS = ["12345678", "87654321"]
SCHEDULES = ("monitor-rate-limits-1", "sweep-transitions")
SIMULATION = Simulation(participants=PARTICIPANTS, scenario="lively", speed=10)
POINTS = [point for point in Point if point is not Point.NOWHERE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One database, one namespace, one simulated DICT, and workers that start and stop."""

    config: WorkerConfig
    address: TemporalAddress

    @asynccontextmanager
    async def worker(self, point: Point) -> AsyncIterator[asyncio.subprocess.Process]:
        text = json.dumps(asdict(self.config) | {"point": point.value})
        process = await asyncio.create_subprocess_exec(sys.executable, killable_worker.__file__, text)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it has ended without a signal, as expected
                process.kill()
            await process.wait()

    async def rows(self, query: str) -> list[dict[str, object]]:
        async with await psycopg.AsyncConnection.connect(self.config.database_url, row_factory=dict_row) as database:
            return await (await database.execute(query)).fetchall()

    async def has_polls(self, number: int) -> bool:
        return len(await self.rows("SELECT FROM dict_rate_limit_polls")) >= number

    async def has_transitions(self) -> bool:
        return bool(await self.rows("SELECT FROM dict_rate_limit_alert_events LIMIT 1"))

    def answers(self) -> list[Snapshot]:
        """Return the answers of the source, also those to a killed worker."""
        polls = [decode_poll(line) for line in Path(self.config.journal).read_text().splitlines()]
        return [poll for poll in polls if isinstance(poll, Snapshot)]

    def published(self) -> set[str]:
        lines = Path(self.config.published).read_text().splitlines()
        return {json.loads(line)["core_event"]["metadata"]["event_id"] for line in lines}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Data after the successor of a killed worker has ended too."""

    experiment: Experiment
    killed_by: int
    successor_exit_code: int


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def ended(
    temporal_address: str, postgres_server: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[Point, Ended]]:
    """Run all cases concurrently, because they mostly wait."""
    async with AsyncExitStack() as stack:
        names = {point: f"killed_{point.name.lower()}" for point in POINTS}
        experiments = {}
        for point, name in names.items():
            url = await stack.enter_async_context(database(postgres_server, name, migrated_template))
            bridge = await stack.enter_async_context(simulated_bridge(SIMULATION, SystemClock()))
            address = await new_namespace(temporal_address)
            experiments[point] = Experiment(
                address=address, config=config(address, url, bridge, tmp_path_factory.mktemp(name))
            )
        results = await asyncio.gather(*(run_and_kill(point, experiment) for point, experiment in experiments.items()))
        yield dict(zip(POINTS, results, strict=True))


@asynccontextmanager
async def database(server: str, name: str, template: str) -> AsyncIterator[str]:
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as admin:
        await admin.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        await admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def config(address: TemporalAddress, database_url: str, bridge: str, folder: Path) -> WorkerConfig:
    return WorkerConfig(
        temporal=address.host,
        namespace=address.namespace,
        database_url=database_url,
        bridge=bridge,
        participants=PARTICIPANTS,
        journal=str(folder / "journal"),
        published=str(folder / "published"),
        point=Point.NOWHERE,
    )


async def run_and_kill(point: Point, experiment: Experiment) -> Ended:
    async with asyncio.timeout(60), experiment.worker(point) as victim:
        code = await victim.wait()
    before = len(await experiment.rows("SELECT FROM dict_rate_limit_polls"))
    async with experiment.worker(Point.NOWHERE) as successor:
        await eventually(lambda: experiment.has_polls(before + 6))
        # On a busy machine six polls may all fall before the first alert of the scenario.
        await eventually(experiment.has_transitions)
        await pause(experiment.address, *SCHEDULES)
        successor.send_signal(signal.SIGTERM)
        return Ended(experiment=experiment, killed_by=-code, successor_exit_code=await successor.wait())


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name.lower())
async def test_the_worker_is_killed_and_the_next_one_completes(ended: dict[Point, Ended], point: Point) -> None:
    end = ended[point]

    assert (end.killed_by, end.successor_exit_code) == (signal.SIGKILL, 0)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name.lower())
async def test_every_transition_equals_a_replay_of_the_polls(ended: dict[Point, Ended], point: Point) -> None:
    experiment = ended[point].experiment

    events = [event for evaluation in await replayed(experiment) for event in alert_events(evaluation.changes)]

    assert events
    assert await stored_events(experiment) == sorted(facts(event) for event in events)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name.lower())
async def test_every_new_reading_is_stored_once(ended: dict[Point, Ended], point: Point) -> None:
    experiment = ended[point].experiment

    readings = [buckets_of(evaluation) for evaluation in await replayed(experiment)]

    states = await experiment.rows("SELECT FROM dict_rate_limit_states")
    assert len(states) == sum(len(buckets) for buckets in readings)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name.lower())
async def test_every_transition_is_published(ended: dict[Point, Ended], point: Point) -> None:
    experiment = ended[point].experiment

    stored = await experiment.rows("SELECT event_id, published_at FROM dict_rate_limit_alert_events")

    assert experiment.published() == {str(row["event_id"]) for row in stored}
    assert all(row["published_at"] for row in stored)


@pytest.mark.parametrize("point", [Point.EVALUATED, Point.RECORDED], ids=lambda point: point.name.lower())
async def test_no_fetched_reading_is_lost(ended: dict[Point, Ended], point: Point) -> None:
    experiment = ended[point].experiment

    polls = await experiment.rows("SELECT participant, received_at FROM dict_rate_limit_polls")

    answered = {(snapshot.participant, snapshot.received_at) for snapshot in experiment.answers()}
    assert {(row["participant"], row["received_at"]) for row in polls} == answered


async def replayed(experiment: Experiment) -> list[Evaluation]:
    """Evaluate the recorded polls again, from the answers of the source."""
    answers: dict[tuple[object, object], Snapshot] = {
        (snapshot.participant, snapshot.received_at): snapshot for snapshot in experiment.answers()
    }
    polls = await experiment.rows("SELECT participant, received_at FROM dict_rate_limit_polls ORDER BY received_at")
    states = {participant: ParticipantState(participant=participant) for participant in PARTICIPANTS}
    evaluations = []
    for row in polls:
        snapshot = answers[row["participant"], row["received_at"]]
        states[snapshot.participant], evaluation = evaluate_poll(states[snapshot.participant], snapshot, RULES)
        evaluations.append(evaluation)
    return evaluations


async def stored_events(experiment: Experiment) -> list[tuple[object, ...]]:
    rows = await experiment.rows(
        "SELECT event_id, alert_id, sequence, policy_name, kind, transition, severity, available_tokens, detected_at"
        " FROM dict_rate_limit_alert_events"
    )
    return sorted((str(row.pop("event_id")), str(row.pop("alert_id")), *row.values()) for row in rows)


def facts(event: AlertEvent) -> tuple[object, ...]:
    return (
        str(event.event_id),
        str(event.alert_id),
        event.sequence,
        event.policy_name,
        event.kind.value,
        event.transition.value,
        event.severity.value,
        event.available_tokens,
        event.detected_at,
    )


def buckets_of(evaluation: Evaluation) -> tuple[object, ...]:
    return evaluation.poll.buckets if evaluation.is_new_reading and isinstance(evaluation.poll, Snapshot) else ()
