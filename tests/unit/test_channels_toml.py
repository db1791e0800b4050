from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.channels_file import parse_channels
from dict_rate_limit.domain.alerts.alert import Severity
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType, Language, Routes

if TYPE_CHECKING:
    from dict_rate_limit.adapters.notify.channels_file import ParsedChannels

NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def table(lines: str, name: str = "ops") -> ParsedChannels:
    return parse_channels(f"[channels.{name}]\n{lines}\n")


def problems(lines: str) -> tuple[str, ...]:
    parsed = table(lines)
    assert parsed.channels == ()
    assert parsed.invalid == frozenset({"ops"})
    return parsed.problems


def test_a_url_is_enough() -> None:
    assert table('url = "slack://a/b/c"') == parse_channels('channels.ops.url = "slack://a/b/c"')
    assert table('url = "slack://a/b/c"').channels == (
        Channel(name="ops", format=ChannelType.TEXT, url="slack://a/b/c"),
    )


def test_reads_every_key() -> None:
    parsed = table(
        'url = "slack://a/b/c"\nformat = "text"\nlanguage = "en"\nseverity = "WARNING"\npolicies = ["ENTRIES_*"]\n'
        'participants = ["12345678"]\nkinds = ["THRESHOLD", "RATE_*"]\ngroup_wait = "1m30s"\ngroup = false'
    )

    assert parsed.problems == ()
    assert parsed.channels == (
        Channel(
            name="ops",
            format=ChannelType.TEXT,
            url="slack://a/b/c",
            language=Language.EN,
            routes=Routes(
                severity=Severity.WARNING,
                policies=("ENTRIES_*",),
                participants=("12345678",),
                kinds=("THRESHOLD", "RATE_*"),
            ),
            group_wait=timedelta(seconds=90),
            send_individually=True,
        ),
    )


def test_a_webhook_may_have_two_secrets_while_one_is_replaced() -> None:
    parsed = table(f'format = "webhook"\nurl = "https://siem.example/dict"\nsecrets = ["{NEW}", "{OLD}"]')

    assert parsed.channels[0].secrets == (NEW, OLD)


def test_alertmanager_needs_an_address_only() -> None:
    parsed = table('format = "alertmanager"\nurl = "http://am.example:9093/hook"')

    assert parsed.channels[0].format is ChannelType.ALERTMANAGER


@pytest.mark.parametrize(("group", "send_individually"), [("", True), ("\ngroup = true", False)])
def test_pagerduty_gets_alerts_individually_by_default(group: str, *, send_individually: bool) -> None:
    assert table(f'url = "pagerduty://a@b"{group}').channels[0].send_individually is send_individually


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('colour = "red"', "colour: unknown, expected url, format, language"),
        ('format = "xml"', "format: 'xml', expected text or webhook or alertmanager"),
        ('language = "de"', "language: 'de', expected pt or en"),
        ('severity = "LOUD"', "severity: 'LOUD', expected INFO or WARNING or CRITICAL"),
        ("severity = 3", "severity: 3, expected INFO"),
        ('policies = "ENTRIES_*"', "policies: 'ENTRIES_*', expected a list of globs"),
        ("policies = []", "policies: [], expected a list of globs"),
        ('policies = ["ENTRIES_[A"]', "policies: ['ENTRIES_[A'], expected a list of globs"),
        ("participants = [12345678]", "participants: [12345678], expected a list of globs"),
        ('kinds = ["TRESHOLD"]', "kinds: ['TRESHOLD'], expected a list of THRESHOLD, "),
        ('group_wait = "2h"', "group_wait: '2h', expected a duration from 0s to 1h"),
        ('group_wait = "soon"', "group_wait: 'soon', expected a duration"),
        ("group_wait = 10", "group_wait: 10, expected a duration"),
        ('group = "no"', "group: 'no', expected true or false"),
        ('secrets = ["hunter2"]', "secrets: (hidden), expected a list of whsec_"),
        ('secrets = ["whsec_c2hvcnQ="]', "secrets: (hidden), expected a list of whsec_"),
        ('secrets = ["whsec_***"]', "secrets: (hidden), expected a list of whsec_"),
        ("secrets = []", "secrets: (hidden), expected a list of whsec_"),
        (f'language = "{NEW}"', "language: (hidden), expected pt or en"),
        ('severity = "slack://a/b"', "severity: (hidden), expected INFO"),
        (f'severity = "{"x" * 500}"', f"severity: '{'x' * 59}…, expected INFO"),
    ],
)
def test_an_invalid_value_is_reported_with_the_expectation_and_without_secrets(line: str, expected: str) -> None:
    (problem,) = problems(f'url = "slack://a/b/c"\n{line}')

    assert problem.startswith(f"channels.ops: {expected}")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "url: missing, expected the URL of a service"),
        ("url = 5", "url: (hidden), expected the URL of a service"),
        ('url = "hooks.slack.com/t0ken"', "url: (hidden), expected the URL of a service"),
        ('url = "json://[half/t0ken"', "url: (hidden), expected the URL of a service"),
        ('url = "json://host/\\nt0ken"', "url: (hidden), expected the URL of a service"),
        ('format = "webhook"\nurl = "https://siem.example"', "secrets: missing, expected a list of whsec_"),
        (
            f'format = "webhook"\nurl = "slack://t0ken"\nsecrets = ["{NEW}"]',
            "url: (hidden), expected http:// or https:// with a host for the format webhook",
        ),
        ('format = "alertmanager"\nurl = "https:///t0ken"', "url: (hidden), expected http:// or https:// with a host"),
        (
            f'format = "alertmanager"\nurl = "https://am.example"\nsecrets = ["{NEW}"]',
            "secrets: (hidden), expected none: no webhook",
        ),
        (f'url = "slack://t0ken"\nsecrets = ["{NEW}"]', "secrets: (hidden), expected none: no webhook"),
    ],
)
def test_conflicting_keys_are_reported_without_secrets(lines: str, expected: str) -> None:
    (problem,) = problems(lines)

    assert problem.startswith(f"channels.ops: {expected}")
    assert "t0ken" not in problem


def test_all_problems_of_all_channels_are_reported() -> None:
    parsed = parse_channels(
        '[channels.a]\nlanguage = "de"\ngroup = 1\n[channels.b]\nurl = "slack://a/b/c"\n[channels.c]\nurl = 1\n'
    )

    assert [problem.split(",")[0] for problem in parsed.problems] == [
        "channels.a: language: 'de'",
        "channels.a: group: 1",
        "channels.a: url: missing",
        "channels.c: url: (hidden)",
    ]


def test_an_invalid_channel_does_not_remove_the_others() -> None:
    parsed = parse_channels('[channels.bad]\nurl = 1\n[channels.good]\nurl = "slack://a/b/c"\n')

    assert [channel.name for channel in parsed.channels] == ["good"]
    assert parsed.invalid == frozenset({"bad"})


def test_a_name_that_is_no_valid_label_value_is_rejected() -> None:
    parsed = table('url = "slack://a/b/c"', name='"Ops Team"')

    assert parsed.problems == (
        "channels.Ops Team: expected a name of 1 to 63 of a-z, 0-9 and -, that begins with a letter or digit",
    )


def test_a_channel_that_is_no_table_is_rejected() -> None:
    parsed = parse_channels('[channels]\nops = "slack://t0ken"\n')

    assert parsed.problems == ("channels.ops: expected a table",)


def test_unknown_tables_are_reported_and_the_channels_remain() -> None:
    parsed = parse_channels('[chanels.a]\nurl = "slack://a"\n[channels.b]\nurl = "slack://a/b/c"\n')

    assert parsed.problems == ("chanels: unknown, expected tables [channels.<name>] only",)
    assert [channel.name for channel in parsed.channels] == ["b"]


def test_a_file_without_channels_has_none_and_no_problem() -> None:
    parsed = parse_channels("# none yet\n")

    assert (parsed.channels, parsed.problems, parsed.invalid) == ((), (), frozenset())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[channels.ops\n", "not TOML: "),
        ('[channels.ops]\nurl = "slack://t0ken\n', "not TOML: "),
        ("channels = 5\n", "channels: expected tables [channels.<name>]"),
    ],
)
def test_a_syntax_error_is_reported_with_its_position(text: str, expected: str) -> None:
    parsed = parse_channels(text)

    (problem,) = parsed.problems
    assert problem.startswith(expected)
    assert "t0ken" not in problem
    assert parsed.invalid is None
