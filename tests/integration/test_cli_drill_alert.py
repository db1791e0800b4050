"""`drill alert` on the command line, against the real API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from msgspec import structs

from api.terminal import Terminal, lines, open_terminal
from dict_rate_limit.adapters.memory.notifications import MemoryNotifier
from dict_rate_limit.adapters.memory.publisher import MemoryPublisher
from dict_rate_limit.apps.cli.client import ApiClient, ApiResponse, Document
from dict_rate_limit.apps.cli.drill import DrillTimeout, follow, report
from dict_rate_limit.apps.cli.exit_codes import CommandError, Exit
from dict_rate_limit.contract.drills import Drill
from dict_rate_limit.contract.paths import DRILLS
from dict_rate_limit.domain.notifications.channel import ChannelType
from dict_rate_limit.domain.notifications.routing import MAX_REJECTIONS, DeliveryResult
from dict_rate_limit.usecases.deliver import MAX_REJECTIONS as BROKER_REFUSALS
from dict_rate_limit.usecases.deliver import deliver_all
from dict_rate_limit.usecases.notify import send_notifications
from samples.alerts import HOUR, channel
from samples.domain import NOON
from samples.fake_ports import RejectingPublisher, notifications
from samples.readings import OTHER, FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOOK = channel("hook", format=ChannelType.WEBHOOK)
NULL_ID = UUID(int=0)
BUSY = DeliveryResult(ok=False, text="503")
SENDING = ("drill", "alert", "--reason", "weekly test")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with open_terminal(tmp_path, monkeypatch, capsys) as terminal:
        yield terminal


class Worker:
    """Does what a worker does, whenever the command pauses."""

    def __init__(self, terminal: Terminal, *steps: Callable[[Terminal], None]) -> None:
        self._terminal = terminal
        self._steps = list(steps)
        self.clock = FakeClock()

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if self._steps:
            self._steps.pop(0)(self._terminal)

    def timeout(self, seconds: float = 60) -> DrillTimeout:
        return DrillTimeout(wait=HOUR * seconds / 3600, clock=self.clock, sleep=self.sleep)


def publish(terminal: Terminal) -> None:
    world = terminal.server.world
    terminal.server.do(deliver_all(world.stores.outbox, MemoryPublisher(), world.clock, batch=10, within=HOUR))


def notify_all(terminal: Terminal) -> None:
    terminal.server.do(terminal.server.world.send_notifications(HOOK, within=HOUR))


def notify_one_channel(terminal: Terminal, answer: DeliveryResult = BUSY) -> None:
    world = terminal.server.world
    parts = notifications(world.stores, world.clock, HOOK, notifier=MemoryNotifier([answer]))
    terminal.server.do(send_notifications(parts, within=HOUR))


def sent(terminal: Terminal) -> tuple[ApiClient, ApiResponse[Drill]]:
    """Send a test alert, as the command does."""
    api = ApiClient(url=terminal.server.url, token="ana")  # noqa: S106 -- of a test
    return api, api.post(DRILLS, Drill, {"reason": "weekly test"})


def test_the_command_waits_until_every_channel_accepts(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    api, first = sent(terminal)

    last = follow(api, first, Worker(terminal, publish, notify_all).timeout(), live=True)

    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert last.document.good
    assert shown == [
        "STEP           STATE      TRIES  WHAT",
        f"stored         done              {last.document.alert_id}",
        "published      done              2 of 2 transitions",
        "routed         done              1 channel",
        "hook OPENED    DELIVERED  1      2026-11-23T12:00:00Z stored in memory",
        "hook RESOLVED  DELIVERED  1      2026-11-23T12:00:00Z stored in memory",
    ]


def test_a_delivered_test_alert_ends_with_0(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    api, first = sent(terminal)
    last = follow(api, first, Worker(terminal, publish, notify_all).timeout(), live=False)

    assert report(last.document, HOUR) is Exit.OK
    assert capsys.readouterr().err == "the test alert arrived: every channel accepted it\n"


def test_without_channels_the_output_has_a_note(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    api, first = sent(terminal)

    def notify_none(terminal: Terminal) -> None:
        terminal.server.do(terminal.server.world.send_notifications(within=HOUR))

    last = follow(api, first, Worker(terminal, publish, notify_none).timeout(), live=True)

    assert report(last.document, HOUR) is Exit.OK
    written = capsys.readouterr()
    assert "no channel is configured" in written.out
    assert written.err == "the test alert arrived: no channel is configured\n"


def test_a_late_delivery_ends_with_69(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    api, first = sent(terminal)

    last = follow(api, first, Worker(terminal, publish, notify_one_channel).timeout(2), live=True)

    written = capsys.readouterr()
    assert report(last.document, HOUR / 1800) is Exit.UNAVAILABLE
    assert "hook OPENED    PENDING  1      2026-11-23T12:00:00Z 503; due" in written.out
    assert capsys.readouterr().err == "the test alert has not arrived everywhere within 2 s\n"


def test_a_dropped_notification_ends_with_69_immediately(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(terminal: Terminal) -> None:
        for _ in range(MAX_REJECTIONS):
            notify_one_channel(terminal, DeliveryResult(ok=False, text="400", refused=True))
            terminal.server.world.clock.advance(3600)
        notify_all(terminal)

    api, first = sent(terminal)
    worker = Worker(terminal, publish, refuse)

    last = follow(api, first, worker.timeout(3600), live=True)

    assert worker.clock.now() < NOON + HOUR / 60
    assert report(last.document, HOUR) is Exit.UNAVAILABLE
    written = capsys.readouterr()
    assert f"hook OPENED    DEAD       {MAX_REJECTIONS}" in written.out
    assert written.err == "the test alert was dead-lettered\n"


def test_a_dead_lettered_transition_is_shown(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    api, first = sent(terminal)
    world = terminal.server.world
    history = terminal.server.do(world.stores.alerts.alert(first.document.alert_id))
    assert history is not None
    refusing = RejectingPublisher(history.events[0].event_id)

    def refuse(terminal: Terminal) -> None:
        for _ in range(BROKER_REFUSALS):
            terminal.server.do(deliver_all(world.stores.outbox, refusing, world.clock, batch=10, within=HOUR / 3600))
            world.clock.advance(3600)

    last = follow(api, first, Worker(terminal, refuse, notify_all).timeout(), live=True)

    written = capsys.readouterr().out
    assert report(last.document, HOUR) is Exit.UNAVAILABLE
    assert "published      dead              1 of 2 transitions" in written


def test_a_channel_with_earlier_pending_messages_has_a_note(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.alert()
    notify_one_channel(terminal)
    api, first = sent(terminal)

    follow(api, first, Worker(terminal, publish, notify_all).timeout(2), live=True)

    assert "hook OPENED    PENDING  0      waits behind others: 2026-11-23T12:00:00Z 503" in capsys.readouterr().out


def test_a_channel_without_attempts_has_its_due_time(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.alert()
    notify_all(terminal)
    api, first = sent(terminal)

    def notify_one_channel_once(terminal: Terminal) -> None:
        notify_one_channel(terminal)

    follow(api, first, Worker(terminal, publish, notify_one_channel_once).timeout(2), live=True)

    shown = capsys.readouterr().out.splitlines()
    assert "hook OPENED    PENDING  1      2026-11-23T12:00:00Z 503; due" in "".join(shown)
    assert shown[-1].startswith("hook RESOLVED  PENDING  0      waits behind others: 2026-11-23T12:00:00Z 503")


def test_the_command_survives_an_outage_of_the_api(terminal: Terminal) -> None:
    api, first = sent(terminal)
    away = ApiClient(url="http://127.0.0.1:1", token="ana")  # noqa: S106 -- of a test
    apis = [away, away]

    class Wavering(ApiClient):
        def get(self, path: str, document: type[Document], **parameters: str | int | None) -> ApiResponse[Document]:
            return (apis.pop(0) if apis else api).get(path, document, **parameters)

    wavering = Wavering(url=api.url)
    last = follow(wavering, first, Worker(terminal, publish, notify_all).timeout(), live=False)

    assert (last.document.good, apis) == (True, [])


def test_an_unavailable_api_ends_with_69(terminal: Terminal) -> None:
    _, first = sent(terminal)
    away = ApiClient(url="http://127.0.0.1:1", token="ana")  # noqa: S106 -- of a test

    with pytest.raises(CommandError, match="no answer") as error:
        follow(away, first, Worker(terminal).timeout(2), live=False)

    assert error.value.code is Exit.UNAVAILABLE


def test_an_unknown_test_alert_ends_the_command(terminal: Terminal) -> None:
    api, first = sent(terminal)
    worker = Worker(terminal)
    gone = ApiResponse(text="", document=structs.replace(first.document, alert_id=NULL_ID))

    with pytest.raises(CommandError, match="404"):
        follow(api, gone, worker.timeout(), live=False)

    assert worker.clock.now() == NOON


def test_the_command_follows_its_test_alert(terminal: Terminal) -> None:
    result = terminal.run(*SENDING, "--wait", "10ms")

    assert result.code == Exit.UNAVAILABLE
    assert lines(result)[2].split() == ["published", "waiting", "0", "of", "2", "transitions"]
    assert result.err == "the test alert has not arrived everywhere within 0 s\n"


def test_json_is_the_last_document(terminal: Terminal) -> None:
    result = terminal.run(*SENDING, "--wait", "10ms", "--participant", OTHER, "--output", "json")

    document = json.loads(result.out)
    assert (document["participant"], document["done"], document["actor"]) == (OTHER, False, "ana")


def test_on_a_terminal_each_table_replaces_the_last(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    result = terminal.run(*SENDING, "--wait", "10ms")

    assert "\x1b[" in result.out
    assert "stored" in result.out


@pytest.mark.parametrize("wait", ["soon", "0s", "-1s", "25h", ""])
def test_an_invalid_timeout_is_rejected_before_sending(terminal: Terminal, wait: str) -> None:
    result = terminal.run(*SENDING, f"--wait={wait}")

    assert (result.code, result.out) == (Exit.USAGE, "")
    assert "expected a duration such as 60s or 2m" in result.err
    assert terminal.server.do(terminal.server.world.stores.audit.newest(10)) == []


@pytest.mark.parametrize(
    ("options", "actor", "code"),
    [
        (["--participant", "00000000"], "ana", Exit.USAGE),
        ([], "eva", Exit.NOT_ALLOWED),
    ],
)
def test_a_rejected_test_alert_sends_nothing(terminal: Terminal, options: list[str], actor: str, code: Exit) -> None:
    result = terminal.run(*SENDING, *options, actor=actor)

    assert (result.code, result.out) == (code, "")
    assert terminal.server.do(terminal.server.world.stores.audit.newest(10)) == []
