from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, Severity
from dict_rate_limit.domain.errors import InvalidValueError
from dict_rate_limit.domain.notifications.channel import Channel, ChannelType, Routes
from samples.alerts import channel, open_change

WARNING = open_change()[1]


@pytest.mark.parametrize(
    ("routes", "wanted"),
    [
        (Routes(), True),
        (Routes(severity=Severity.WARNING), True),
        (Routes(severity=Severity.CRITICAL), False),
        (Routes(policies=("CLAIMS_*",)), True),
        (Routes(policies=("ENTRIES_*", "CLAIMS_READ")), True),
        (Routes(policies=("ENTRIES_*",)), False),
        (Routes(policies=("claims_*",)), False),
        (Routes(participants=("12345678",)), True),
        (Routes(participants=("8765????",)), False),
        (Routes(kinds=("THRESHOLD",)), True),
        (Routes(kinds=("RATE_*", "DRILL")), False),
    ],
)
def test_a_channel_matches_when_all_its_routes_match(routes: Routes, *, wanted: bool) -> None:
    assert channel(routes=routes).matches(WARNING) is wanted


def test_an_alert_of_the_whole_participant_matches_every_policy() -> None:
    blind = open_change(ANY_POLICY, Kind.SOURCE_UNREACHABLE)[1]

    assert channel(routes=Routes(policies=("ENTRIES_*",))).matches(blind)


def test_a_drill_matches_every_channel() -> None:
    drill = replace(WARNING, kind=Kind.DRILL)

    assert channel(routes=Routes(severity=Severity.CRITICAL, participants=("nobody",))).matches(drill)


@pytest.mark.parametrize(
    ("routes", "text"),
    [
        ({"policies": ()}, "policies: '', expected globs"),
        ({"policies": ("ENTRIES_[A-Z]",)}, "policies: 'ENTRIES_[A-Z]', expected globs"),
        ({"participants": ("*", "12 34")}, "participants: '12 34', expected globs"),
        ({"kinds": ("THRESHOLD", "TRESHOLD")}, "kinds: 'TRESHOLD', expected THRESHOLD, "),
    ],
)
def test_routes_that_can_match_nothing_are_rejected(routes: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Routes(**routes)

    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["", "Ops", "-ops", "ops slack", "o" * 64])
def test_a_name_that_is_no_valid_label_value_is_rejected(name: str) -> None:
    with pytest.raises(InvalidValueError, match="expected 1 to 63"):
        channel(name)


@pytest.mark.parametrize("wait", [timedelta(seconds=-1), timedelta(hours=1, seconds=1)])
def test_an_invalid_group_wait_is_rejected(wait: timedelta) -> None:
    with pytest.raises(InvalidValueError, match="group_wait"):
        channel(group_wait=wait)


def test_the_text_form_has_no_secret() -> None:
    one = Channel(name="siem", format=ChannelType.WEBHOOK, url="https://siem.example/s3cr3t", secrets=("whsec_s3cr3t",))

    assert repr(one) == "Channel(name='siem', format='webhook')"


@pytest.mark.parametrize(
    ("one", "grouped"),
    [
        (channel(), True),
        (replace(channel(), send_individually=True), False),
        (channel(format=ChannelType.WEBHOOK), False),
        (channel(format=ChannelType.ALERTMANAGER), False),
    ],
)
def test_only_text_channels_group_by_default(one: Channel, *, grouped: bool) -> None:
    assert one.grouped is grouped
