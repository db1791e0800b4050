from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.apps.api.page.overview import overview_page
from dict_rate_limit.apps.api.page.render import render_overview
from dict_rate_limit.domain.alerts.alert import Severity
from dict_rate_limit.domain.notifications.channel import Language
from dict_rate_limit.domain.notifications.silence import Purpose
from dict_rate_limit.ports.delivery import Backlog
from dict_rate_limit.texts.catalog import CATALOGS
from dict_rate_limit.texts.catalog.en import EN
from dict_rate_limit.texts.catalog.pt import PT
from dict_rate_limit.texts.catalog.schema import DisplayStatus
from samples.page import HEALTHY, HELD_BACK, NOTHING, NOW, acknowledgement_by, alert, silence

if TYPE_CHECKING:
    from dict_rate_limit.domain.alerts.alert import Alert
    from dict_rate_limit.domain.notifications.silence import Silence
    from dict_rate_limit.texts.catalog.schema import Catalog

OPEN = alert("KEYS_CHECK", Severity.WARNING, minutes=3)


def asides(opened: Alert, *silences: Silence, catalog: Catalog = EN) -> tuple[str, ...]:
    view = overview_page(replace(HEALTHY, alerts=(opened,), silences=silences), catalog)
    return view.alerts[0].asides


def test_an_unacknowledged_and_unsilenced_alert_has_no_note() -> None:
    assert asides(OPEN) == ()


@pytest.mark.parametrize(
    ("catalog", "said"), [(PT, "reconhecido por ana até 04:12 UTC"), (EN, "acknowledged by ana until 04:12 UTC")]
)
def test_an_acknowledged_alert_has_its_actor_and_end(catalog: Catalog, said: str) -> None:
    assert asides(replace(OPEN, acknowledgement=acknowledgement_by("ana", minutes=60)), catalog=catalog) == (said,)


def test_an_expired_acknowledgement_is_not_displayed() -> None:
    assert asides(replace(OPEN, acknowledgement=acknowledgement_by("ana", minutes=0))) == ()


@pytest.mark.parametrize(
    ("purpose", "catalog", "said"),
    [
        (Purpose.SILENCE, PT, "silenciado até 04:00 UTC"),
        (Purpose.SILENCE, EN, "silenced until 04:00 UTC"),
        (Purpose.MAINTENANCE, PT, "manutenção até 04:00 UTC: sem notificações"),
        (Purpose.MAINTENANCE, EN, "maintenance until 04:00 UTC: no notifications"),
    ],
)
def test_a_silenced_alert_has_a_note(purpose: Purpose, catalog: Catalog, said: str) -> None:
    assert asides(OPEN, silence("KEYS_*", purpose=purpose), catalog=catalog) == (said,)


def test_of_several_silences_the_last_to_end_is_displayed() -> None:
    assert asides(OPEN, silence(minutes=20), silence(minutes=50), silence(minutes=30)) == ("silenced until 04:02 UTC",)


def test_a_silence_of_other_alerts_or_of_the_future_adds_no_note() -> None:
    assert asides(OPEN, silence("CLAIMS_*"), silence(later=5)) == ()


def test_a_silence_that_ends_another_day_has_its_date() -> None:
    assert asides(OPEN, silence(minutes=1_500)) == ("silenced until 2026-03-02 04:12 UTC",)


def test_active_silences_are_counted_by_purpose_with_the_last_end() -> None:
    silences = (
        silence(minutes=20),
        silence("X", minutes=50),
        silence(later=5),
        silence(purpose=Purpose.MAINTENANCE, minutes=10),
    )

    view = overview_page(replace(HEALTHY, silences=silences), EN)

    assert view.summary[-2:] == ("2 silences until 04:02 UTC", "1 maintenance window until 03:22 UTC")


def test_an_active_silence_is_displayed_before_the_first_reading() -> None:
    assert overview_page(replace(NOTHING, silences=(silence(),)), PT).summary == ("1 silêncio até 04:00 UTC",)


def test_a_silence_changes_no_status() -> None:
    assert overview_page(replace(HEALTHY, silences=(silence(),)), EN).status is DisplayStatus.OK


@pytest.mark.parametrize(
    ("waiting", "minutes", "said"),
    [
        (1, 6, ["1 transition of an alert has not been published yet, for 6 min."]),
        (1_204, 72, ["1,204 transitions of alerts have not been published yet, the oldest for 1 h 12 min."]),
        (3, 5, []),
    ],
)
def test_transitions_pending_for_more_than_five_minutes_are_late(waiting: int, minutes: int, said: list[str]) -> None:
    backlog = Backlog(waiting=waiting, oldest_at=NOW - timedelta(minutes=minutes), dead=0)

    view = overview_page(replace(HEALTHY, backlog=backlog), EN)

    assert [note.text for note in view.notes] == said
    assert view.status is DisplayStatus.OK


def test_dead_lettered_transitions_are_counted() -> None:
    backlog = Backlog(waiting=0, oldest_at=None, dead=1)

    (note,) = overview_page(replace(HEALTHY, backlog=backlog), EN).notes

    assert note.text == "1 transition of an alert was rejected by the broker and dead-lettered."


@pytest.mark.parametrize("language", Language)
def test_without_a_broker_the_footer_names_the_log(language: Language) -> None:
    said = CATALOGS[language].page.no_broker

    pages = [render_overview(model, language).decode() for model in (replace(HEALTHY, broker=False), HEALTHY)]

    assert [said in page for page in pages] == [True, False]


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS)
def test_every_purpose_has_a_translation(catalog: Catalog) -> None:
    assert catalog.page.held_back.keys() == catalog.page.active_silences.keys() == set(Purpose)


def test_the_template_shows_the_notes_of_an_alert() -> None:
    page = render_overview(HELD_BACK, Language.EN).decode()

    assert '<span class="aside">acknowledged by ana.souza' in page
    assert '<span class="aside">maintenance until' in page
