"""The contract of every Notifier, checked with real receivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.redaction import MAX_LENGTH
from notifier_harness import CHANNELS, TOKEN, Behaviour, ChannelHarness, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    OpenChannel = Callable[[Behaviour, float], AbstractAsyncContextManager[ChannelHarness]]

TIMEOUT_SEC = 20.0
FAILURES = [behaviour for behaviour in Behaviour if behaviour is not Behaviour.TAKE]


@pytest.fixture(params=CHANNELS, ids=lambda harness: harness.__name__)
def open_channel(request: pytest.FixtureRequest) -> OpenChannel:
    harness: OpenChannel = request.param
    return harness


async def test_an_accepted_message_is_a_success(open_channel: OpenChannel) -> None:
    async with open_channel(Behaviour.TAKE, TIMEOUT_SEC) as harness:
        answer = await harness.send(message())

        assert answer.ok
        assert len(harness.arrived()) == 1


async def test_a_repeat_has_the_same_message_id(open_channel: OpenChannel) -> None:
    async with open_channel(Behaviour.TAKE, TIMEOUT_SEC) as harness:
        for _ in range(2):
            await harness.send(message())

        assert len(harness.arrived()) == 2
        assert len(set(harness.arrived())) == 1


@pytest.mark.parametrize("behaviour", FAILURES, ids=lambda behaviour: behaviour.name.lower())
async def test_a_failure_has_a_reason_and_no_secrets(open_channel: OpenChannel, behaviour: Behaviour) -> None:
    timeout_sec = 3.0 if behaviour is Behaviour.HANG else TIMEOUT_SEC
    async with open_channel(behaviour, timeout_sec) as harness:
        answer = await harness.send(message())

        assert not answer.ok
        assert 0 < len(answer.text) <= MAX_LENGTH
        assert answer.text.isprintable()
        hidden = {TOKEN, *(secret.removeprefix("whsec_") for secret in harness.channel.secrets)}
        assert not [secret for secret in hidden if secret in answer.text]
        assert harness.strayed() == 0


async def test_a_failure_does_not_affect_the_next_message(open_channel: OpenChannel) -> None:
    async with open_channel(Behaviour.REFUSE, TIMEOUT_SEC) as bad, open_channel(Behaviour.TAKE, TIMEOUT_SEC) as good:
        refused = await bad.send(message())
        taken = await good.send(message(2))

        assert (refused.ok, taken.ok) == (False, True)
