"""`explain` on the command line, against the real API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from api.terminal import Terminal, lines, open_terminal
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.domain.alerts.state import PolicyOverride
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.domain.notifications.channel import ChannelType
from samples.alerts import HOUR, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, failure, snapshot
from samples.readings import OTHER, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with open_terminal(tmp_path, monkeypatch, capsys) as terminal:
        yield terminal


def test_a_policy_in_alert_is_explained(terminal: Terminal) -> None:
    alert_id = terminal.alert()
    terminal.server.do(recorded(terminal.server.world.stores, snapshot(bucket(260), at=NOON + FIVE_MINUTES)))
    terminal.server.do(
        terminal.server.world.send_notifications(channel("hook", format=ChannelType.WEBHOOK), within=HOUR)
    )
    terminal.run("alerts", "acknowledge", alert_id, "--reason", "batch paused", "--for", "2h")
    terminal.server.world.clock.advance(2 * FIVE_MINUTES.total_seconds())

    result = terminal.run("explain", "CLAIMS_READ", actor="eva")

    assert (result.code, result.err) == (0, "")
    assert lines(result) == [
        f"policy      CLAIMS_READ, participant {PARTICIPANT}",
        "read        2026-11-23T12:05:00Z, 5 min ago",
        "level       OK: 260 of 1,000 tokens left (26.0 %)",
        "alert       WARNING: steps down above 270 tokens",
        "thresholds  WARNING at 25 %, CRITICAL at 10 %",
        "",
        "open alert    CLAIMS_READ THRESHOLD, since 2026-11-23T12:00:00Z, sequence 2",
        f"              {alert_id}",
        "severity      WARNING",
        "acknowledged  ana until 2026-11-23T14:00:00Z: batch paused",
        "silenced      no",
        "reminder      2026-11-23T14:00:00Z, unless it changes before",
        "notified      hook: OPENED DELIVERED 2026-11-23T12:00:00Z stored in memory",
    ]


def test_a_quiet_policy_has_the_tokens_that_open_an_alert(terminal: Terminal) -> None:
    terminal.server.do(recorded(terminal.server.world.stores, snapshot(bucket(700))))

    result = terminal.run("explain", "CLAIMS_READ")

    assert "alert       none: opens at 250 tokens or fewer" in lines(result)
    assert "open alert" not in result.out


def test_silences_of_an_alert_are_listed(terminal: Terminal) -> None:
    terminal.alert()
    made = terminal.run("silences", "create", "--reason", "a release", "--for", "1h", "--output", "json")
    silence_id = json.loads(made.out)["silence_id"]
    terminal.server.do(terminal.server.world.send_notifications(channel("hook"), within=HOUR))

    shown = lines(terminal.run("explain", "CLAIMS_READ"))

    assert f"silenced      by {silence_id}" in shown
    assert "notified      hook: OPENED SUPPRESSED" in shown
    assert "active  until 2026-11-23T13:00:00Z  SILENCE: everything" in shown


def test_an_alert_without_notifications_has_a_note(terminal: Terminal) -> None:
    terminal.alert()

    assert "notified      no channel yet" in lines(terminal.run("explain", "CLAIMS_READ"))


def test_the_policys_own_alert_comes_before_those_of_the_participant(terminal: Terminal) -> None:
    blind = failure(Outcome.RATE_LIMITED, at=NOON + 3 * FIVE_MINUTES)
    terminal.server.do(recorded(terminal.server.world.stores, snapshot(bucket(200)), blind))

    shown = [line for line in lines(terminal.run("explain", "CLAIMS_READ")) if line.startswith("open alert")]

    assert ["THRESHOLD" in shown[0], *("SOURCE_" in line or "RATE_" in line for line in shown[1:])] == [True] * 3


def test_a_disabled_policy_and_an_exhausted_bucket_have_a_note(terminal: Terminal) -> None:
    stores = terminal.server.world.stores
    stores.database.set_policy_override(PARTICIPANT, "CLAIMS_READ", PolicyOverride(enabled=False))  # type: ignore[attr-defined]
    terminal.server.do(recorded(stores, snapshot(bucket(0))))

    shown = lines(terminal.run("explain", "CLAIMS_READ"))

    assert "level       CRITICAL: 0 of 1,000 tokens left (0.0 %), exhausted" in shown
    assert "thresholds  WARNING at 25 %, CRITICAL at 10 %; alerts are off for this policy" in shown


def test_an_unknown_capacity_omits_figures(terminal: Terminal) -> None:
    polls = snapshot(bucket(200)), snapshot(bucket(0, capacity=0), at=NOON + FIVE_MINUTES)
    terminal.server.do(
        recorded(
            terminal.server.world.stores,
            *polls,
        )
    )

    shown = lines(terminal.run("explain", "CLAIMS_READ"))

    assert "level       UNKNOWN: 0 of 0 tokens left" in shown
    assert "alert       WARNING: stays while the capacity is unknown" in shown


def test_a_quiet_policy_of_unknown_capacity_has_no_opening_figure(terminal: Terminal) -> None:
    terminal.server.do(recorded(terminal.server.world.stores, snapshot(bucket(0, capacity=0))))

    assert "alert       none" in lines(terminal.run("explain", "CLAIMS_READ"))


def test_json_is_the_document(terminal: Terminal) -> None:
    terminal.alert()

    result = terminal.run("explain", "CLAIMS_READ", "--participant", PARTICIPANT, "--output", "json")

    assert json.loads(result.out)["warns_at_tokens"] == 250


@pytest.mark.parametrize(
    "arguments",
    [["NOPE"], ["claims_read"], ["a/b"], ["CLAIMS_READ", "--participant", OTHER], ["X", "--participant", "x"]],
)
def test_an_unknown_policy_ends_with_64(terminal: Terminal, arguments: list[str]) -> None:
    terminal.alert()

    result = terminal.run("explain", *arguments)

    assert (result.code, result.out) == (Exit.USAGE, "")
    assert "expected" in result.err
