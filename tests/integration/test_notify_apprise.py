from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from apprise.plugins import pagerduty

from dict_rate_limit.adapters.notify import apprise_subprocess
from dict_rate_limit.adapters.notify.apprise_notifier import (
    MAX_CONCURRENT,
    AppriseNotifier,
    check_urls,
    notify_type,
    url_for,
)
from dict_rate_limit.adapters.notify.channels_file import check_channels, parse_channels
from dict_rate_limit.domain.alerts.alert import Kind, Severity
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType
from http_receiver import answer, http_receiver
from notifier_harness import message
from processes import have_ended
from samples.alerts import one_of_each, open_change
from smtp_receiver import smtp_receiver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from dict_rate_limit.domain.alerts.alert import AlertEvent
    from dict_rate_limit.ports.notifications import Message
    from http_receiver import HttpReceiver

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # a library of Apprise's

HANGING = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as running:
        yield running


def channel(url: str) -> Channel:
    return Channel(name="ops", format=ChannelType.TEXT, url=url)


def about(*events: AlertEvent) -> Message:
    return replace(message(), events=events)


async def program(act: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- a request
    """Ask the program what it would be asked, within this process."""
    request = {"act": act, "title": "título", "body": "um\ndois", "type": "warning", **fields}
    return await asyncio.to_thread(apprise_subprocess.handle, json.loads(json.dumps(request)))


async def test_a_text_arrives_unchanged(receiver: HttpReceiver) -> None:
    output = await AppriseNotifier().send(channel(receiver.url("/x").replace("http", "json")), message())

    (request,) = receiver.requests
    assert output.ok
    assert request.json["title"] == message().title
    assert request.json["message"] == f"{message().body}\n\nref 3f2a91bd"
    assert request.json["type"] == "failure"


async def test_a_mail_has_title_and_text() -> None:
    async with smtp_receiver() as receiver:
        output = await AppriseNotifier().send(channel(receiver.url()), message())

        (mail,) = receiver.mails
        plain = mail.get_body(("plain",))
        assert output.ok
        assert (mail["Subject"], mail["To"]) == (message().title, "ops@example.com")
        assert plain is not None
        assert message().body.splitlines()[0] in plain.get_content()


async def test_a_proxy_of_the_environment_is_not_used(receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    output = await AppriseNotifier().send(channel(receiver.url().replace("http", "json")), message())

    assert output.ok


async def test_the_program_reports_the_reason_of_a_rejection(receiver: HttpReceiver) -> None:
    receiver.answers = lambda _: answer("400 Bad Request", b"chat not found")

    output = await program("send", url=receiver.url().replace("http", "json"))

    assert output["ok"] is False
    assert "error=400" in output["text"]
    assert "chat not found" in output["text"]


async def test_a_url_cannot_enable_redirects(receiver: HttpReceiver) -> None:
    async with http_receiver() as elsewhere:
        receiver.answers = lambda _: answer("307 Moved", b"", f"Location: {elsewhere.url()}")

        output = await program("send", url=receiver.url("/?redirect=yes").replace("http", "json"))

        assert output["ok"] is False
        assert elsewhere.requests == []


async def test_the_program_names_an_unsupported_url() -> None:
    output = await program("send", url="slack://half")

    assert output == {
        "ok": False,
        "text": (
            "Apprise rejects this URL: An invalid Slack (second) Token (None) was specified. "
            "Could not load Slack URL: slack://half"
        ),
    }


async def test_the_program_checks_urls() -> None:
    urls = ["json://host.example/", "slack://half", "nosuch://a"]

    output = await program("check", urls=urls)

    assert [problem is None for problem in output["problems"]] == [True, False, False]


async def test_the_program_accepts_every_url_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    channels = [one for block in blocks for one in parse_channels(block).channels if one.format is ChannelType.TEXT]

    output = await program("check", urls=[url_for(one, message()) for one in channels])

    assert len(channels) >= 6
    assert output["problems"] == [None] * len(channels)


@pytest.mark.parametrize(
    ("url", "between"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "\n"),
        ("workflows://teams.example:443/flow/sign", "\n\n"),
    ],
)
async def test_line_breaks_survive_and_no_foreign_picture_is_shown(
    monkeypatch: pytest.MonkeyPatch, url: str, between: str
) -> None:
    posted: list[str] = []

    def request(*_: object, data: str = "", **__: object) -> requests.Response:
        posted.append(data)
        taken = requests.Response()
        taken.status_code, taken._content = 200, b"ok"
        return taken

    monkeypatch.setattr(requests.Session, "request", request)

    output = await program("send", url=url, body="um\ndois")

    assert output["ok"]
    assert json.dumps(f"um{between}dois")[1:-1] in posted[0]
    assert "github" not in posted[0]


@pytest.mark.parametrize(
    ("transition", "action", "severity"),
    [("OPENED", "trigger", "warning"), ("ESCALATED", "trigger", "critical"), ("RESOLVED", "resolve", None)],
)
async def test_pagerduty_has_one_incident_for_each_alert(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch, transition: str, action: str, severity: str | None
) -> None:
    monkeypatch.setitem(pagerduty.PAGERDUTY_API_LOOKUP, "us", receiver.url())
    receiver.answers = lambda _: answer("202 Accepted")
    about_alert = about(one_of_each()[transition])

    output = await program(
        "send", url=url_for(channel("pagerduty://key@api"), about_alert), type=notify_type(about_alert)
    )

    body = receiver.requests[0].json
    assert output["ok"]
    assert (body["event_action"], body.get("payload", {}).get("severity")) == (action, severity)
    assert body["dedup_key"] == str(about_alert.events[0].alert_id)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("slack://a/b/c", "slack://a/b/c?overflow=split"),
        ("slack://a/b/c/#ops?", "slack://a/b/c/#ops?overflow=split"),
        ("slack://a/b/c?footer=no", "slack://a/b/c?footer=no&overflow=split"),
        ("twilio://a:b@1/2?Overflow=truncate", "twilio://a:b@1/2?Overflow=truncate"),
        ("PagerDuty://a@b?action=trigger&dedup=x", "PagerDuty://a@b?action=trigger&dedup=x&overflow=truncate"),
    ],
)
def test_defaults_are_added_to_a_url(url: str, wanted: str) -> None:
    assert url_for(channel(url), message()) == wanted


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ([open_change(severity=Severity.INFO)[1]], "info"),
        ([open_change()[1]], "warning"),
        ([one_of_each()["ESCALATED"]], "failure"),
        ([one_of_each()["ACKNOWLEDGED"]], "info"),
        ([one_of_each()["RESOLVED"]], "success"),
        ([open_change("KEYS_CHECK")[1], one_of_each()["ESCALATED"]], "failure"),
        ([one_of_each()["RESOLVED"], open_change("KEYS_CHECK")[1]], "warning"),
        ([open_change(kind=Kind.DRILL, severity=Severity.INFO)[1]], "info"),
    ],
)
def test_the_worst_open_alert_sets_the_colour(events: list[AlertEvent], wanted: str) -> None:
    assert notify_type(about(*events)) == wanted


async def test_a_hanging_program_is_a_failed_delivery() -> None:
    notifier = AppriseNotifier(command=(sys.executable, "-c", "import time; time.sleep(600)"), timeout_sec=0.5)

    output = await notifier.send(channel("json://host.example"), message())

    assert (output.ok, output.text) == (False, "not sent within 0.5 s")


async def test_a_cancelled_program_is_killed_with_its_children(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    notifier = AppriseNotifier(command=(sys.executable, "-c", HANGING, str(pipe)))
    send = asyncio.create_task(notifier.send(channel("json://host.example"), message()))
    pids = await asyncio.to_thread(pipe.read_text)

    send.cancel()
    await asyncio.wait([send])

    assert have_ended({int(pid) for pid in pids.split()}, within_sec=10)


@pytest.mark.parametrize(
    "command",
    [
        ("/no/such/program",),
        (sys.executable, "-c", "print('Traceback: s3cr3t')"),
        (sys.executable, "-c", "print('[]')"),
        (sys.executable, "-c", "print('{}')"),
        (sys.executable, "-c", "raise SystemExit(1)"),
    ],
)
async def test_a_failing_program_is_a_failed_delivery(command: Sequence[str]) -> None:
    output = await AppriseNotifier(command=command).send(channel("json://s3cr3t"), message())

    assert not output.ok
    assert output.text.startswith("Apprise subprocess failed: ")
    assert "s3cr3t" not in output.text
    assert list(check_urls(["json://s3cr3t"], command)) == ["Apprise subprocess failed"]


class Counting(AppriseNotifier):
    """Counts how many programs run at once; each ends when `over` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.running = 0
        self.full = asyncio.Event()
        self.over = asyncio.Event()

    async def _run(self, _: bytes) -> bytes:
        self.running += 1
        assert self.running <= MAX_CONCURRENT
        if self.running == MAX_CONCURRENT:
            self.full.set()
        await self.over.wait()
        self.running -= 1
        return b'{"ok": true, "text": "accepted"}'


async def test_concurrent_programs_are_limited() -> None:
    notifier = Counting()
    sends = [asyncio.create_task(notifier.send(channel("json://host"), message())) for _ in range(MAX_CONCURRENT + 3)]
    await notifier.full.wait()

    notifier.over.set()
    answers = await asyncio.gather(*sends)

    assert all(output.ok for output in answers)


def test_every_problem_of_a_file_is_reported_with_those_of_urls(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(
        '[channels.a]\nurl = "slack://s3cr3t"\n[channels.b]\nurl = "json://host"\n[channels.c]\nurl = "json://host"\n'
        'language = "de"\n'
    )

    _, problems = check_channels(path)

    assert [problem.split(",")[0] for problem in problems] == [
        "channels.c: language: 'de'",
        "channels.a: url: (hidden)",
    ]
    assert "expected one that Apprise accepts: An invalid Slack (second) Token" in problems[1]
    assert "s3cr3t" not in "".join(problems)


def test_a_file_without_text_channels_needs_no_program(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_text('[channels.am]\nformat = "alertmanager"\nurl = "https://am.example"\n')

    assert list(check_channels(path)[1]) == []


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file or directory"), (b"\xff", "not UTF-8")])
def test_an_unreadable_file_has_only_that_problem(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "channels.toml"
    if content is not None:
        path.write_bytes(content)

    assert list(check_channels(path)[1]) == [f"cannot be read: {reason}"]
