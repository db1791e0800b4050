"""What every Notifier promises, held against each way there is and a real receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.redaction import MAX_LENGTH
from notifier_harness import TOKEN, WAYS, Behaviour, Way, message

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    Made = Callable[[Behaviour, float], AbstractAsyncContextManager[Way]]

TIMEOUT_SEC = 20.0
FAILURES = [behaviour for behaviour in Behaviour if behaviour is not Behaviour.TAKE]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def made(request: pytest.FixtureRequest) -> Made:
    way: Made = request.param
    return way


async def test_an_accepted_message_is_a_success(made: Made) -> None:
    async with made(Behaviour.TAKE, TIMEOUT_SEC) as way:
        answer = await way.send(message())

        assert answer.ok
        assert len(way.arrived()) == 1


async def test_a_repeat_has_the_same_message_id(made: Made) -> None:
    async with made(Behaviour.TAKE, TIMEOUT_SEC) as way:
        for _ in range(2):
            await way.send(message())

        assert len(way.arrived()) == 2
        assert len(set(way.arrived())) == 1


@pytest.mark.parametrize("behaviour", FAILURES, ids=lambda behaviour: behaviour.name.lower())
async def test_a_failure_has_a_reason_and_no_secrets(made: Made, behaviour: Behaviour) -> None:
    patience = 3.0 if behaviour is Behaviour.HANG else TIMEOUT_SEC
    async with made(behaviour, patience) as way:
        answer = await way.send(message())

        assert not answer.ok
        assert 0 < len(answer.text) <= MAX_LENGTH
        assert answer.text.isprintable()
        hidden = {TOKEN, *(secret.removeprefix("whsec_") for secret in way.channel.secrets)}
        assert not [secret for secret in hidden if secret in answer.text]
        assert way.strayed() == 0


async def test_a_failure_does_not_affect_the_next_message(made: Made) -> None:
    async with made(Behaviour.REFUSE, TIMEOUT_SEC) as bad, made(Behaviour.TAKE, TIMEOUT_SEC) as good:
        refused = await bad.send(message())
        taken = await good.send(message(2))

        assert (refused.ok, taken.ok) == (False, True)
