"""`alerts` and `audit` on the command line, against the real API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from api.terminal import Terminal, lines, open_terminal
from cli_program import run_command
from dict_rate_limit.apps.cli.exit_codes import Exit
from dict_rate_limit.apps.local.port import free_port
from dict_rate_limit.domain.notifications.channel import ChannelType
from dict_rate_limit.usecases.deliver import MAX_REJECTIONS, deliver_all
from dict_rate_limit.usecases.drill import send_drill
from samples.alerts import HOUR, channel
from samples.domain import FIVE_MINUTES, NOON, PARTICIPANT, bucket, snapshot
from samples.fake_ports import RejectingPublisher
from samples.readings import OTHER, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNKNOWN_ID = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with open_terminal(tmp_path, monkeypatch, capsys) as terminal:
        yield terminal


def test_open_alerts_are_listed_with_id_and_sequence(terminal: Terminal) -> None:
    alert_id = terminal.alert()

    result = terminal.run("alerts", "list")

    assert (result.code, result.err) == (0, "")
    assert lines(result)[0].split() == ["SEVERITY", "STATE", "ALERT"]
    assert [line.split()[-1] for line in lines(result)[1:]] == ["THRESHOLD", alert_id]
    assert lines(result)[1].startswith("WARNING   open for ")


def test_a_list_of_several_participants_names_them(terminal: Terminal) -> None:
    world = terminal.server.world
    terminal.alert()
    terminal.server.do(send_drill(world.stores.alerts, world.clock, OTHER, "rui", "weekly test"))

    everything = terminal.run("alerts", "list", "--state", "all")
    one = terminal.run("alerts", "list", "--state", "all", "--participant", OTHER)

    assert f"CLAIMS_READ THRESHOLD [{PARTICIPANT}]" in everything.out
    assert f"DRILL [{OTHER}]" in everything.out
    assert "DRILL\n" in "\n".join(lines(one))
    assert "sent by rui: weekly test" in one.out


def test_resolved_alerts_are_listed_with_their_duration(terminal: Terminal) -> None:
    terminal.alert()
    terminal.server.do(
        recorded(terminal.server.world.stores, snapshot(bucket(1000), at=NOON + FIVE_MINUTES, category="D"))
    )

    result = terminal.run("alerts", "list", "--state", "all")

    assert "closed after 5 min" in result.out
    assert "closed at once" in result.out


def test_an_exhausted_bucket_is_listed_as_such(terminal: Terminal) -> None:
    terminal.server.do(terminal.server.world.alert(available=0))

    assert "exhausted" in terminal.run("alerts", "list").out


@pytest.mark.parametrize(("state", "said"), [("open", "no open alert\n"), ("all", "no alert\n")])
def test_an_empty_list_is_noted_on_stderr(terminal: Terminal, state: str, said: str) -> None:
    result = terminal.run("alerts", "list", "--state", state)

    assert (result.code, result.out, result.err) == (0, "", said)


def test_the_limit_of_the_list_is_respected(terminal: Terminal) -> None:
    terminal.server.do(recorded(terminal.server.world.stores, snapshot(bucket(200), bucket(200, name="OTHER"))))

    result = terminal.run("alerts", "list", "--limit", "1", "--output", "json")

    assert json.loads(result.out)["total"] == 1


def test_one_alert_has_its_transitions_and_notifications(terminal: Terminal) -> None:
    alert_id = terminal.alert()
    channels = channel("hook", format=ChannelType.WEBHOOK), channel("later", group_wait=HOUR)
    terminal.server.do(terminal.server.world.send_notifications(*channels, within=HOUR))

    result = terminal.run("alerts", "show", alert_id)

    shown = lines(result)
    assert result.code == 0
    assert shown[:2] == [f"alert         {alert_id}", f"about         CLAIMS_READ THRESHOLD, participant {PARTICIPANT}"]
    assert "acknowledged  no" in shown
    assert "1  2026-11-23T12:00:00Z  OPENED      waiting  CLAIMS_READ in warning: 200 of" in shown
    assert "1  hook     DELIVERED  1      2026-11-23T12:00:00Z stored in memory" in shown
    assert "1  later    PENDING    0      due 2026-11-23T13:00:00Z" in shown


def test_one_alert_as_json_is_the_document(terminal: Terminal) -> None:
    alert_id = terminal.alert()

    result = terminal.run("alerts", "show", alert_id, "--output", "json")

    assert json.loads(result.out)["alert_id"] == alert_id


def test_a_test_alert_is_shown_with_its_sender(terminal: Terminal) -> None:
    world = terminal.server.world
    sent = terminal.server.do(send_drill(world.stores.alerts, world.clock, PARTICIPANT, "rui", "weekly test"))

    shown = lines(terminal.run("alerts", "show", str(sent.alert_id)))

    assert f"about     DRILL, participant {PARTICIPANT}" in shown
    assert "sent by   rui: weekly test" in shown


def test_suppressed_and_rejected_deliveries_are_shown(terminal: Terminal) -> None:
    world = terminal.server.world
    alert_id = terminal.alert()
    made = terminal.run("silences", "create", "--reason", "x", "--for", "1h", "--output", "json")
    history = terminal.server.do(world.stores.alerts.alert(UUID(alert_id)))
    assert history is not None
    refusing = RejectingPublisher(history.events[0].event_id)
    for _ in range(MAX_REJECTIONS):
        terminal.server.do(deliver_all(world.stores.outbox, refusing, world.clock, batch=10, within=HOUR / 3600))
        world.clock.advance(60)
    terminal.server.do(world.send_notifications(channel(), within=HOUR))

    shown = lines(terminal.run("alerts", "show", alert_id))

    assert any("dead" in line for line in shown)
    assert f"1  ops      SUPPRESSED  0      silence {json.loads(made.out)['silence_id']}" in shown


def test_an_alert_without_notifications_shows_none(terminal: Terminal) -> None:
    result = terminal.run("alerts", "show", terminal.alert())

    assert "CHANNEL" not in result.out


@pytest.mark.parametrize("alert_id", [UNKNOWN_ID, "../policies", "7", "%00"])
def test_an_invalid_alert_id_ends_with_64(terminal: Terminal, alert_id: str) -> None:
    shown = terminal.run("alerts", "show", alert_id)
    taken = terminal.run("alerts", "acknowledge", alert_id, "--reason", "x", "--for", "1h")

    assert (shown.code, taken.code) == (Exit.USAGE, Exit.USAGE)
    assert "expected" in shown.err


def test_an_alert_is_acknowledged(terminal: Terminal) -> None:
    alert_id = terminal.alert()

    result = terminal.run(
        "alerts", "acknowledge", alert_id, "--reason", "batch paused", "--for", "2h", "--sequence", "1"
    )

    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "CLAIMS_READ THRESHOLD: acknowledged by ana until 2026-11-23T14:00:00Z: batch paused; sequence 2\n"
    )
    assert "acknowledged by ana until 2026-11-23T14:00:00Z:" in terminal.run("alerts", "list").out


def test_an_alert_is_acknowledged_until_a_time(terminal: Terminal) -> None:
    alert_id = terminal.alert()

    result = terminal.run(
        "alerts", "acknowledge", alert_id, "--reason", "x", "--until", "2026-11-23T12:00-03:00", "--output", "json"
    )

    assert result.code == Exit.USAGE  # RFC 3339 wants seconds
    again = terminal.run(
        "alerts", "acknowledge", alert_id, "--reason", "x", "--until", "2026-11-23T12:00:00-03:00", "--output", "json"
    )
    assert json.loads(again.out)["acknowledgement"]["until"] == "2026-11-23T15:00:00Z"


def test_an_acknowledged_alert_ends_with_65_and_a_hint(terminal: Terminal) -> None:
    alert_id = terminal.alert()
    terminal.run("alerts", "acknowledge", alert_id, "--reason", "x", "--for", "1h")

    result = terminal.run("alerts", "acknowledge", alert_id, "--reason", "x", "--for", "1h", actor="rui")

    assert (result.code, result.out) == (Exit.DATA, "")
    assert "ana acknowledged it until 2026-11-23T13:00:00Z; send sequence 2 to replace it" in result.err


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--for", "1h", "--until", "2026-11-23T13:00:00Z"],
        ["--for", "soon"],
        ["--until", "2026-11-23T11:00:00Z"],
        ["--for", "721h"],
    ],
)
def test_an_invalid_end_ends_with_64(terminal: Terminal, options: list[str]) -> None:
    alert_id = terminal.alert()

    result = terminal.run("alerts", "acknowledge", alert_id, "--reason", "x", *options)

    assert (result.code, result.out) == (Exit.USAGE, "")
    assert "expected" in result.err


def test_a_missing_reason_is_rejected_before_any_request(terminal: Terminal) -> None:
    result = terminal.run("alerts", "acknowledge", UNKNOWN_ID, "--for", "1h")

    assert result.code == Exit.USAGE
    assert "--reason" in result.err


@pytest.mark.parametrize("actor", ["eva", "nobody"])
def test_a_missing_role_ends_with_77(terminal: Terminal, actor: str) -> None:
    alert_id = terminal.alert()

    result = terminal.run("alerts", "acknowledge", alert_id, "--reason", "x", "--for", "1h", actor=actor)

    assert result.code == Exit.NOT_ALLOWED


def test_the_token_can_come_from_a_file(terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "token"
    file.write_text("eva\n", encoding="utf-8")

    result = run_command(capsys, "alerts", "list", "--url", terminal.server.url, "--token-file", str(file))

    assert result.code == 0


def test_a_refused_connection_ends_with_69(capsys: pytest.CaptureFixture[str]) -> None:
    result = run_command(capsys, "alerts", "list", "--url", f"http://127.0.0.1:{free_port()}")

    assert result.code == Exit.UNAVAILABLE


def test_the_audit_has_actor_action_and_reason(terminal: Terminal) -> None:
    alert_id = terminal.alert()
    terminal.run("alerts", "acknowledge", alert_id, "--reason", "batch paused", "--for", "2h")

    result = terminal.run("audit", actor="eva")

    assert (result.code, result.err) == (0, "")
    assert lines(result) == [
        "AT                    ACTOR  WHAT AND WHY",
        "2026-11-23T12:00:00Z  ana    ALERT_ACKNOWLEDGED: CLAIMS_READ THRESHOLD until",
        "                             2026-11-23T14:00:00Z",
        f"                             {alert_id}",
        "                             batch paused",
    ]


def test_the_audit_as_json_is_the_document(terminal: Terminal) -> None:
    terminal.run("alerts", "acknowledge", terminal.alert(), "--reason", "x", "--for", "2h")

    result = terminal.run("audit", "--limit", "1", "--output", "json")

    assert [one["actor"] for one in json.loads(result.out)["entries"]] == ["ana"]


def test_an_empty_audit_is_noted_on_stderr(terminal: Terminal) -> None:
    result = terminal.run("audit")

    assert (result.code, result.out, result.err) == (0, "", "no operator action yet\n")
