"""`silences` on the command line, against the real API."""

from __future__ import annotations

import json
from datetime import time
from typing import TYPE_CHECKING

import pytest

from api.terminal import Terminal, lines, open_terminal
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.domain.notifications.silence import Recurrence, Weekday
from samples.domain import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNKNOWN_ID = "00000000-0000-0000-0000-000000000000"
HOUR = ("--reason", "a release", "--for", "1h")
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with open_terminal(tmp_path, monkeypatch, capsys) as terminal:
        yield terminal


def made(terminal: Terminal, *options: str) -> str:
    """Make a silence of an hour; return its id."""
    result = terminal.run("silences", "create", *HOUR, *options, "--output", "json")
    assert result.code == 0, result.err
    silence_id: str = json.loads(result.out)["silence_id"]
    return silence_id


def test_a_silence_is_created_and_shown(terminal: Terminal) -> None:
    result = terminal.run("silences", "create", *HOUR, "--policy", "CLAIMS_*", "--severity", "WARNING")

    (silence,) = terminal.server.do(terminal.server.world.stores.silences.current(NOON))
    assert (result.code, result.err) == (0, "")
    assert lines(result) == [
        "STATE   WHEN                        SILENCE",
        "active  until 2026-11-23T13:00:00Z  SILENCE: policy=CLAIMS_*, severity=WARNING",
        f"                                    {silence.silence_id}",
        "                                    ana: a release",
    ]


def test_every_option_reaches_the_silence(terminal: Terminal) -> None:
    terminal.run(
        *("silences", "create", "--purpose", "maintenance", "--reason", "batch"),
        *("--policy", "CLAIMS_*", "--kind", "THRESHOLD", "--severity", "WARNING", "--participant", "1234*"),
        *("--from", "2026-11-24T00:00:00Z", "--until", "2026-11-30T00:00:00-03:00"),
        *("--days", "mon, FRI", "--hours", "22:00-02:00", "--time-zone", "America/Sao_Paulo"),
    )

    (silence,) = terminal.server.do(terminal.server.world.stores.silences.current(NOON))
    matchers = silence.matchers
    assert (silence.purpose.value, silence.actor, silence.reason) == ("MAINTENANCE", "ana", "batch")
    assert (matchers.policy, matchers.kind, matchers.severity, matchers.participant) == (
        "CLAIMS_*",
        "THRESHOLD",
        "WARNING",
        "1234*",
    )
    assert [silence.starts_at.isoformat(), silence.ends_at.isoformat()] == [
        "2026-11-24T00:00:00+00:00",
        "2026-11-30T00:00:00-03:00",
    ]
    assert silence.recurrence == Recurrence(
        days=(Weekday.MON, Weekday.FRI),
        start=time(22),
        end=time(2),
        time_zone="America/Sao_Paulo",
    )


def test_a_recurring_window_is_shown_with_its_hours(terminal: Terminal) -> None:
    result = terminal.run(
        *("silences", "create", "--reason", "batch", "--from", "2026-11-24T00:00:00Z", "--for", "720h"),
        *("--days", "SAT", "--hours", "22:00-02:00", "--time-zone", "America/Sao_Paulo"),
    )

    assert "SAT 22:00-02:00" in result.out
    assert "America/Sao_Paulo" in result.out
    assert "SILENCE: everything" in result.out


def test_silences_are_listed_as_active_pending_or_ended(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dict_rate_limit.apps.cli.silences.SystemClock", lambda: terminal.server.world.clock)
    made(terminal)
    made(terminal, "--from", "2026-11-24T00:00:00Z")
    over = made(terminal)
    terminal.run("silences", "end", over, "--reason", "done", actor="rui")

    listed = terminal.run("silences", "list")
    ended = terminal.run("silences", "list", "--ended")

    assert [line.split()[0] for line in lines(listed)[1:] if line.startswith(("active", "waits"))] == [
        "active",
        "waits",
    ]
    assert "from 2026-11-24T00:00:00Z" in listed.out
    assert lines(ended)[1].startswith("over   ended 2026-11-23T12:00:00Z by rui")


def test_an_empty_list_is_noted_on_stderr(terminal: Terminal) -> None:
    result = terminal.run("silences", "list")

    assert (result.code, result.out, result.err) == (0, "", "no silence\n")


def test_a_list_as_json_is_the_document_even_when_empty(terminal: Terminal) -> None:
    result = terminal.run("silences", "list", "--output", "json")

    assert (json.loads(result.out), result.err) == ({"silences": [], "total": 0}, "")


def test_a_silence_is_ended_once(terminal: Terminal) -> None:
    silence_id = made(terminal)

    first = terminal.run("silences", "end", silence_id, "--reason", "done")
    second = terminal.run("silences", "end", silence_id, "--reason", "done")

    assert (first.code, second.code) == (0, Exit.USAGE)
    assert "ended 2026-11-23T12:00:00Z by ana" in first.out
    assert f"silence: {silence_id}, expected one that has not ended" in second.err


@pytest.mark.parametrize("silence_id", [UNKNOWN_ID, "7", "a/b"])
def test_an_unknown_silence_ends_with_64(terminal: Terminal, silence_id: str) -> None:
    assert terminal.run("silences", "end", silence_id, "--reason", "x").code == Exit.USAGE


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reason", "x"], "expected exactly one of ends_at and for"),
        (["--reason", "x", "--until", "2026-11-23T11:00:00Z"], "expected a time to come"),
        (["--reason", "x", "--until", LATER], "expected within 366 days"),
        ([*HOUR, "--policy", "[A-Z]"], "expected a glob"),
        ([*HOUR, "--kind", "TRESHOLD"], "expected a glob that matches one of"),
        ([*HOUR, "--days", "MON"], "--days, --hours and --time-zone: give all three, or none"),
        ([*HOUR, "--days", "MON", "--hours", "9-18", "--time-zone", "UTC"], "expected HH:MM"),
        ([*HOUR, "--days", "MON", "--hours", "09:00", "--time-zone", "UTC"], "expected HH:MM"),
        ([*HOUR, "--days", "MON", "--hours", "09:00-18:00", "--time-zone", "Mars"], "expected an IANA name"),
        ([*HOUR, "--purpose", "holiday"], "--purpose"),
        (["--for", "1h"], "--reason"),
    ],
)
def test_an_invalid_silence_ends_with_64(terminal: Terminal, options: list[str], said: str) -> None:
    result = terminal.run("silences", "create", *options)

    assert (result.code, result.out) == (Exit.USAGE, "")
    assert said in result.err


def test_a_missing_role_ends_with_77(terminal: Terminal) -> None:
    assert terminal.run("silences", "create", *HOUR, actor="eva").code == Exit.NOT_ALLOWED
