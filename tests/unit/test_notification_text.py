from __future__ import annotations

import zoneinfo
from dataclasses import replace
from datetime import timedelta
from itertools import product
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dict_rate_limit.domain.alerts.alert import Kind, Severity, TransitionKind
from dict_rate_limit.domain.buckets.forecast import Outlook, TimeRange
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.texts.notification import BLOCKS, compose, latest, runbook_url
from notification_texts import MINUTE, NIGHT, antiscan_event, samples, warning, worse
from samples.alerts import one_of_each, open_change
from samples.domain import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dict_rate_limit.domain.alerts.alert import AlertEvent

NOON_PLUS_1 = NOON + timedelta(hours=1)
ROOT = Path(__file__).parents[2]
AHEAD = Outlook(
    empty=TimeRange(earliest=240, latest=360),
    usable=TimeRange(earliest=0, latest=0),
    full=TimeRange(earliest=1_410, latest=1_440),
    safe_tokens=2_099,
    refill_per_minute=600,
)


def text_of(event: AlertEvent, language: Language = Language.EN, late: timedelta = timedelta(0)) -> tuple[str, str]:
    return compose([event], language, event.detected_at + late, None)


def ahead(**changes: Any) -> str:  # noqa: ANN401 -- fields of an outlook
    """Return the body about an open alert with another outlook."""
    event = replace(warning()[1], outlook=replace(AHEAD, **changes))
    return text_of(event)[1]


@pytest.fixture
def no_time_zones() -> Iterator[None]:
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=before)
    zoneinfo.ZoneInfo.clear_cache()


def many(count: int) -> list[AlertEvent]:
    """Make that many alerts, with the worst last."""
    named = [open_change(f"POLICY_{number}")[1] for number in range(count)]
    opened = [replace(warning()[1], alert_id=one.alert_id, policy_name=one.policy_name) for one in named]
    return [*opened[:-1], replace(opened[-1], severity=Severity.CRITICAL)]


@pytest.mark.parametrize(
    ("transition", "portuguese", "english"),
    [
        ("OPENED", "ATENÇÃO: CLAIMS_READ [12345678]", "WARNING: CLAIMS_READ [12345678]"),
        ("ESCALATED", "PIOROU, CRÍTICO: CLAIMS_READ [12345678]", "WORSE, CRITICAL: CLAIMS_READ [12345678]"),
        (
            "ACKNOWLEDGED",
            "RECONHECIDO por ana até 10:00: CLAIMS_READ [12345678]",
            "ACKNOWLEDGED by ana until 10:00: CLAIMS_READ [12345678]",
        ),
        (
            "REMINDED",
            "AINDA CRÍTICO há 3 min: CLAIMS_READ [12345678]",
            "STILL CRITICAL for 3 min: CLAIMS_READ [12345678]",
        ),
        ("DEESCALATED", "MELHOROU para ATENÇÃO: CLAIMS_READ [12345678]", "BETTER, now WARNING: CLAIMS_READ [12345678]"),
        (
            "RESOLVED",
            "RESOLVIDO após 5 min: CLAIMS_READ [12345678]",
            "RESOLVED after 5 min: CLAIMS_READ [12345678]",
        ),
    ],
)
def test_the_title_names_the_event(transition: str, portuguese: str, english: str) -> None:
    event = one_of_each()[transition]
    event = replace(event, acknowledgement=event.acknowledgement and replace(event.acknowledgement, until=NOON_PLUS_1))

    titles = [text_of(event, language)[0] for language in Language]

    assert titles == [portuguese, english]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_and_transition_has_a_title_of_one_line_without_gaps(kind: Kind) -> None:
    for transition, language in product(TransitionKind, Language):
        title, body = text_of(replace(warning()[1], kind=kind, transition=transition), language)

        assert not {"{", "}", "\n"} & set(title)
        assert not {"{", "}"} & set(body)


def test_the_body_has_every_fact() -> None:
    _, body = text_of(replace(warning()[1], outlook=AHEAD))

    assert body.splitlines() == [
        "CLAIMS_READ in warning: 3,900 of 18,000 tokens left (21.66%), warning threshold 25%",
        "Since 25 Nov 03:12 (UTC-3).",
        (
            "At the current pace it empties in 4 to 6 min (03:16 to 03:18). "
            "Without use, full in 23 to 24 min (03:35 to 03:36)."
        ),
        "Safe to send now: up to 2,099 tokens, then 600/min.",
        "Runbook: docs/runbooks/alert-threshold.en.md",
    ]


@pytest.mark.parametrize(
    ("empty", "text"),
    [
        (None, "Current use unknown: no forecast of when it empties."),
        (TimeRange(earliest=inf, latest=inf), "At the current pace it does not empty."),
        (
            TimeRange(earliest=240, latest=inf),
            "At the highest possible use it empties in 4 min (03:16); at the lowest it does not.",
        ),
        (
            TimeRange(earliest=59, latest=90_000),
            "At the current pace it empties in 59 s to 1 d 1 h (03:12 to 26 Nov 04:12).",
        ),
        (
            TimeRange(earliest=3_900, latest=7_500),
            "At the current pace it empties in 1 h 5 min to 2 h 5 min (04:17 to 05:17).",
        ),
        (TimeRange(earliest=0.2, latest=0.4), "At the current pace it empties in less than 1 s (03:12)."),
        (TimeRange(earliest=0.2, latest=60), "At the current pace it empties in at most 1 min (03:13)."),
    ],
)
def test_the_body_has_the_time_until_a_bucket_is_empty(empty: TimeRange | None, text: str) -> None:
    assert text in ahead(empty=empty)


def test_the_body_has_the_time_until_an_exhausted_bucket_is_usable() -> None:
    dry = worse(warning()[0], 0, MINUTE)[1]

    title, body = text_of(dry)

    assert title == "WORSE, EXHAUSTED: CLAIMS_READ, DICT refuses calls"
    assert "Without use, DICT accepts calls again in at most 1 min (03:14). Full in 30 min (03:43)." in body


def test_a_refilled_bucket_is_not_called_exhausted() -> None:
    recovering = replace(worse(warning()[0], 0, MINUTE)[1], available_tokens=80)

    title, body = text_of(recovering)

    assert title == "WORSE, CRITICAL: CLAIMS_READ, 0.4% left"
    assert "empties" in body


@pytest.mark.parametrize("changes", [{"usable": None}, {"full": None}])
def test_the_body_omits_unknown_facts(changes: dict[str, Any]) -> None:
    dry = worse(warning()[0], 0, MINUTE)[1]

    _, body = text_of(replace(dry, outlook=replace(AHEAD, **changes)))

    assert "None" not in body


@pytest.mark.parametrize(
    ("refill", "text"),
    [
        (600, "600/min"),
        (2.5, "2.5/min"),
        (10.75, "10/min"),
        (2 / 60, "2/h"),
        (40 / 1440, "1.6/h"),
        (0.5 / 1440, "0.5 a day"),
    ],
)
def test_the_pace_has_a_readable_unit(refill: float, text: str) -> None:
    assert f"tokens, then {text}." in ahead(refill_per_minute=refill)


def test_the_body_warns_when_no_tokens_are_safe() -> None:
    assert "NO ROOM: hold back what can wait; the bucket regains 600/min." in ahead(safe_tokens=0)


def test_the_body_names_the_cost_of_a_404() -> None:
    _, body = text_of(antiscan_event())

    assert "Each 404 costs 3 tokens: at worst 599 look-ups now, then 5,000/min." in body


def test_an_unknown_bucket_has_no_invented_facts() -> None:
    _, body = text_of(replace(warning()[1], outlook=None))

    assert "When it recovers, and what is safe to send until then: unknown." in body


def test_a_resolved_alert_has_its_duration_and_the_safe_tokens() -> None:
    over = next(sample for sample in samples() if sample.name == "Resolved").events[0]

    _, body = text_of(over)

    assert "From 25 Nov 03:12 (UTC-3) to 04:06." in body
    assert "Safe to send now" in body
    assert "empties" not in body


def test_an_acknowledgement_has_local_time_and_its_reason() -> None:
    _, body = text_of(one_of_each()["ACKNOWLEDGED"])

    assert body.startswith(
        "CLAIMS_READ: acknowledged by ana until 23 Nov 10:00 (UTC-3), no reminders until then unless it gets worse: "
        "looking [participant 12345678]\n"
    )


def test_a_participant_without_a_name_is_not_named() -> None:
    _, body = text_of(replace(one_of_each()["ACKNOWLEDGED"], participant="default"))

    assert "participant" not in body


def test_a_late_message_is_marked_and_has_no_forecast() -> None:
    _, body = text_of(replace(warning()[1], outlook=AHEAD), late=timedelta(hours=2))

    assert "LATE: this was at 03:12, 2 h ago. Check the current levels before you act." in body
    assert "Safe to send now" not in body


def test_earlier_transitions_of_an_alert_are_one_line() -> None:
    events = [event for event in one_of_each().values() if event.transition is not TransitionKind.ACKNOWLEDGED]

    title, body = compose(events, Language.EN, events[-1].detected_at, None)

    assert title.startswith("RESOLVED")
    assert "Before: got worse 09:01, reminder 09:03, got better 09:04." in body


def test_an_alert_that_only_began_before_names_no_earlier_transition() -> None:
    events = [one_of_each()["OPENED"], one_of_each()["ESCALATED"]]

    _, body = compose(events, Language.EN, events[-1].detected_at, None)

    assert "Before" not in body


def test_several_alerts_are_counted_and_the_worst_comes_first() -> None:
    title, body = compose(many(3), Language.EN, NIGHT, None)

    assert title == "3 alerts, the worst: CRITICAL: POLICY_2, 21.6% left"
    assert body.count("Runbook:") == 1
    assert body.count("\n\n") == 3


def test_alerts_beyond_the_limit_are_counted() -> None:
    _, body = compose(many(BLOCKS + 5), Language.EN, NIGHT, None)

    assert body.count("tokens left") == BLOCKS
    assert "… and 5 more alerts." in body


def test_resolved_alerts_come_after_open_ones() -> None:
    over, begun = one_of_each()["RESOLVED"], warning()[1]

    order = latest([replace(over, severity=Severity.CRITICAL), begun])

    assert [event.transition for event in order] == [TransitionKind.OPENED, TransitionKind.RESOLVED]


def test_a_category_from_outside_stays_on_one_short_line() -> None:
    hostile = replace(
        warning()[1],
        kind=Kind.CATEGORY_CHANGED,
        transition=TransitionKind.NOTICED,
        previous=None,
        current="D\r\n" + "x" * 999,
    )

    title, _ = text_of(hostile)

    assert title == "WARNING: category in DICT changed from (empty) to D " + "x" * 38


@pytest.mark.parametrize(
    ("kind", "language"), list(product([kind for kind in Kind if kind is not Kind.DRILL], Language))
)
def test_every_linked_runbook_exists(kind: Kind, language: Language) -> None:
    link = runbook_url(kind, language, None)

    assert link is not None
    assert (ROOT / link).is_file()


def test_links_point_to_the_published_runbooks() -> None:
    assert runbook_url(Kind.RATE_LIMITED, Language.PT, "https://wiki.example/dict/") == (
        "https://wiki.example/dict/alert-rate-limited.pt.md"
    )


def test_a_drill_has_no_runbook_and_asks_for_no_action() -> None:
    drill = next(sample for sample in samples() if sample.name == "Drill")

    title, body = drill.text(Language.PT)

    assert title == "TESTE de alerta, nada a fazer"
    assert "Runbook" not in body


@pytest.mark.usefixtures("no_time_zones")
def test_a_machine_without_time_zones_formats_times_in_utc() -> None:
    _, body = text_of(warning()[1])

    assert "Since 25 Nov 03:12 (UTC-3)." in body
