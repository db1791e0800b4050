from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.apps.api.page.overview import overview_page
from dict_rate_limit.domain.alerts.alert import ANY_POLICY, Kind, Severity
from dict_rate_limit.domain.errors import Outcome
from dict_rate_limit.texts.catalog import CATALOGS
from dict_rate_limit.texts.catalog.en import EN
from dict_rate_limit.texts.catalog.pt import PT
from dict_rate_limit.texts.catalog.schema import Catalog, DisplayStatus
from samples.page import CROWDED, HEALTHY, NOTHING, NOW, PARTICIPANT, STALE, THRESHOLDS, TROUBLE, alert, evaluated

if TYPE_CHECKING:
    from dict_rate_limit.apps.api.page.model import BucketRow, OverviewModel, OverviewPage
    from dict_rate_limit.domain.alerts.state import EvaluatedBucket


def rows(view: OverviewPage) -> list[BucketRow]:
    return [row for group in view.groups for row in group]


def only_row(bucket: EvaluatedBucket, catalog: Catalog = EN, model: OverviewModel = HEALTHY) -> BucketRow:
    view = overview_page(replace(model, buckets=(bucket,)), catalog)
    return rows(view)[0]


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("model", "status", "portuguese", "english"),
    [
        (HEALTHY, DisplayStatus.OK, "Tudo em ordem", "All good"),
        (
            TROUBLE,
            DisplayStatus.EXHAUSTED,
            "2 esgotadas, 1 crítica, 3 em atenção",
            "2 exhausted, 1 critical, 3 in warning",
        ),
        (
            STALE,
            DisplayStatus.CRITICAL,
            "Sem leitura nova há 14 min; antes, 1 em atenção",
            "No new reading for 14 min; before that, 1 in warning",
        ),
        (
            replace(HEALTHY, cache_status="STALE", age_seconds=90),
            DisplayStatus.WARNING,
            "Sem leitura nova há 1 min; antes, tudo em ordem",
            "No new reading for 1 min; before that, all good",
        ),
        (NOTHING, DisplayStatus.UNKNOWN, "Ainda sem leitura", "No reading yet"),
        (
            replace(HEALTHY, alerts=(alert(ANY_POLICY, Severity.WARNING, minutes=1, kind=Kind.RATE_LIMITED),)),
            DisplayStatus.WARNING,
            "1 alerta aberto",
            "1 open alert",
        ),
        (
            replace(HEALTHY, buckets=(evaluated("EVENT_LIST", 0, 0),)),
            DisplayStatus.UNKNOWN,
            "1 sem nível conhecido",
            "1 of unknown level",
        ),
        (
            replace(HEALTHY, alerts=None),
            DisplayStatus.UNKNOWN,
            "Níveis em ordem, alertas desconhecidos",
            "Levels good, alerts unknown",
        ),
        (
            replace(HEALTHY, buckets=(evaluated("KEYS_CHECK", 0, enabled=False),)),
            DisplayStatus.OK,
            "Tudo em ordem",
            "All good",
        ),
    ],
)
def test_the_headline_names_the_worst_problem_first(
    model: OverviewModel, status: DisplayStatus, portuguese: str, english: str
) -> None:
    view = overview_page(model, PT)

    assert (view.status, plain(view.headline)) == (status, portuguese)
    assert plain(overview_page(model, EN).headline) == english


def test_the_summary_counts_policies_and_alerts() -> None:
    view = overview_page(TROUBLE, EN)

    assert view.summary == ("30 policies", "1 of unknown level", "22 OK", "7 open alerts", "1 silence until 04:00 UTC")
    assert overview_page(HEALTHY, EN).summary == ("29 policies", "29 OK", "no open alert")


def test_rows_are_sorted_by_severity_with_disabled_policies_last() -> None:
    statuses = [(row.enabled, row.status) for row in rows(overview_page(TROUBLE, EN))]
    trouble = [DisplayStatus.EXHAUSTED] * 2 + [DisplayStatus.CRITICAL] + [DisplayStatus.WARNING] * 3

    assert statuses[:7] == [(True, status) for status in [*trouble, DisplayStatus.UNKNOWN]]
    assert statuses[-1] == (False, DisplayStatus.CRITICAL)


def test_the_emptiest_bucket_of_a_level_comes_first() -> None:
    buckets = (evaluated("A_FULL", 900), evaluated("B_HALF", 500), evaluated("C_ALSO_HALF", 500))

    view = overview_page(replace(HEALTHY, buckets=buckets), EN)

    assert [row.name for row in rows(view)] == ["B_HALF", "C_ALSO_HALF", "A_FULL"]


@pytest.mark.parametrize(("catalog", "tokens", "share"), [(PT, "8.199", "22,7%"), (EN, "8,199", "22.7%")])
def test_numbers_follow_the_language_of_the_reader(catalog: Catalog, tokens: str, share: str) -> None:
    row = only_row(evaluated("ENTRIES_WRITE", 8_199, 36_000), catalog)

    assert (row.tokens, row.share) == (tokens, share)


def test_a_share_is_rounded_down_below_100_percent() -> None:
    row = only_row(evaluated("ENTRIES_WRITE", 35_999, 36_000))

    assert row.share == "99.9%"


def test_a_bucket_without_capacity_is_unknown() -> None:
    row = only_row(evaluated("EVENT_LIST", 0, 0, 0, 0))

    assert (row.status, row.tokens, row.capacity, row.share, row.fill, row.refill) == (
        DisplayStatus.UNKNOWN,
        "—",
        None,
        "—",
        None,
        "—",
    )
    assert row.notes == ("capacity 0 in the answer: level unknown",)


def test_negative_tokens_are_displayed_raw_on_an_empty_bar() -> None:
    row = only_row(evaluated("CIDS_FILES_WRITE", -15, 200, 40, 86_400))

    assert (row.status, row.tokens, row.share, row.fill) == (DisplayStatus.EXHAUSTED, "\N{MINUS SIGN}15", "0%", 0)
    assert row.notes == ("below zero", "unused, the next token comes in 9 h 36 min to 1 d")


def test_tokens_above_the_capacity_are_displayed_raw_on_a_full_bar() -> None:
    row = only_row(evaluated("ENTRIES_WRITE", 50_000, 30_000))

    assert (row.tokens, row.share, row.fill, row.notes) == ("50,000", "100%", 100, ("above capacity",))


def test_a_stale_reading_has_no_time_of_the_next_token() -> None:
    row = only_row(evaluated("KEYS_CHECK", 0), model=replace(HEALTHY, cache_status="STALE"))

    assert row.notes == ()


def test_an_empty_bucket_without_refill_has_no_time_of_the_next_token() -> None:
    row = only_row(evaluated("KEYS_CHECK", 0, 70, 0, 60))

    assert (row.refill, row.notes) == ("—", ())


def test_equal_bounds_of_the_next_token_appear_once() -> None:
    row = only_row(evaluated("KEYS_CHECK", 0, 10, 1, 60))

    assert row.notes == ("unused, the next token comes in 1 min",)


@pytest.mark.parametrize(
    ("seconds", "refill"),
    [(60, "+1,200/min"), (3_600, "+1,200/h"), (86_400, "+1,200/day"), (90, "+1,200 every 90 s")],
)
def test_the_refill_names_its_period(seconds: int, refill: str) -> None:
    row = only_row(evaluated("ENTRIES_WRITE", 9, refill=1_200, period=seconds))

    assert row.refill == refill


def test_overridden_thresholds_appear_beside_the_policy() -> None:
    own = replace(THRESHOLDS, warning=5_050, critical=2_000)
    buckets = (evaluated("A", 900), evaluated("B", 900), evaluated("C", 900, thresholds=own))

    view = overview_page(replace(HEALTHY, buckets=buckets), EN)

    assert [row.notes for row in rows(view)] == [(), (), ("own thresholds: 50.5% and 20%",)]
    assert view.legend == "A full bar = all tokens. Marks on the bar: warning up to 25%, critical up to 10%."


def test_a_policy_in_alert_has_the_duration_of_its_alert() -> None:
    in_alert = {row.name: row.in_alert for row in rows(overview_page(TROUBLE, EN))}

    assert in_alert["CIDS_FILES_WRITE"] == "alert for 3 h 7 min"
    assert in_alert["FRAUD_MARKERS_READ"] is None


def test_alerts_are_sorted_by_severity_scope_and_age() -> None:
    names = [line.policy_name for line in overview_page(TROUBLE, EN).alerts]

    assert names == [
        "CIDS_FILES_WRITE",
        "CLAIMS_LIST_WITHOUT_ROLE",
        "ENTRIES_READ_PARTICIPANT_ANTISCAN",
        None,
        "POLICIES_LIST",
        "ENTRIES_WRITE",
        "KEYS_CHECK",
    ]


def test_an_alert_has_the_tokens_left_and_its_start() -> None:
    line = overview_page(TROUBLE, PT).alerts[0]

    assert (line.level, line.text, line.open_for, line.since) == (
        "Esgotada",
        "\N{MINUS SIGN}15 de 200 fichas (0%)",
        "há 3 h 7 min",
        "desde 00:05 UTC",
    )


def test_an_alert_of_another_day_has_its_date() -> None:
    line = overview_page(replace(HEALTHY, alerts=(alert("KEYS_CHECK", Severity.WARNING, minutes=1_600),)), EN).alerts[0]

    assert line.since == "since 2026-02-28 00:32 UTC"


def test_an_alert_is_not_exhausted_once_its_bucket_has_tokens() -> None:
    opened = alert("KEYS_CHECK", Severity.CRITICAL, minutes=3, exhausted=True)

    line = overview_page(replace(HEALTHY, buckets=(evaluated("KEYS_CHECK", 5, 70),), alerts=(opened,)), EN).alerts[0]

    assert (line.status, line.text) == (DisplayStatus.CRITICAL, "5 of 70 tokens (7.1%)")


def test_an_alert_of_a_bucket_missing_from_the_reading_stays_on_the_page() -> None:
    opened = alert("KEYS_CHECK", Severity.CRITICAL, minutes=3, exhausted=True)

    line = overview_page(replace(HEALTHY, buckets=(), alerts=(opened,)), EN).alerts[0]

    assert (line.status, line.policy_name, line.text) == (DisplayStatus.EXHAUSTED, "KEYS_CHECK", "")


def test_an_alert_of_a_bucket_without_capacity_names_the_reason() -> None:
    opened = alert("KEYS_CHECK", Severity.WARNING, minutes=3)

    line = overview_page(replace(HEALTHY, buckets=(evaluated("KEYS_CHECK", 5, 0),), alerts=(opened,)), EN).alerts[0]

    assert line.text == "capacity 0 in the answer: level unknown"


def test_a_kind_without_a_translation_is_displayed_by_its_name() -> None:
    opened = alert(ANY_POLICY, Severity.INFO, minutes=3, kind=Kind.CATEGORY_CHANGED)

    line = overview_page(replace(HEALTHY, alerts=(opened,)), EN).alerts[0]

    assert (line.status, line.text) == (DisplayStatus.INFO, "CATEGORY_CHANGED")


@pytest.mark.parametrize(
    ("model", "notes"),
    [
        (HEALTHY, []),
        (replace(HEALTHY, last_outcome=None), []),
        (replace(HEALTHY, last_outcome=Outcome.RATE_LIMITED), ["Last poll: DICT refused the query (429)."]),
        (
            STALE,
            [
                "The levels below are of then; the current ones are unknown. Last poll: DICT did not answer in time.",
            ],
        ),
        (
            NOTHING,
            [
                (
                    "No bucket has been read so far. This page shows the first one as soon as DICT answers. "
                    "Last poll: DICT is not available."
                ),
            ],
        ),
        (replace(HEALTHY, rejected=1), ["1 item of DICT's answer could not be read."]),
        (replace(HEALTHY, rejected=2), ["2 items of DICT's answer could not be read."]),
        (
            replace(HEALTHY, alerts=None, silences=None, backlog=None),
            ["Open alerts, silences and deliveries unknown: the database did not answer."],
        ),
    ],
)
def test_notes_name_the_problems_of_the_whole_reading(model: OverviewModel, notes: list[str]) -> None:
    assert [note.text for note in overview_page(model, EN).notes] == notes


@pytest.mark.parametrize(
    ("age", "text"), [(0.4, "just now"), (-3, "just now"), (12.4, "12 s ago"), (871, "14 min ago"), (None, "none")]
)
def test_the_page_has_the_age_of_the_reading(age: float | None, text: str) -> None:
    assert overview_page(replace(HEALTHY, age_seconds=age), EN).age == text


def test_the_page_has_the_time_of_the_reading_with_its_zone() -> None:
    view = overview_page(replace(HEALTHY, checked_at=NOW - timedelta(days=1)), EN)

    assert view.checked_at == "2026-02-28 03:12:17 UTC"


def test_a_long_category_is_truncated() -> None:
    assert overview_page(replace(HEALTHY, category="x" * 10_000), EN).category == "x" * 40 + "…"


def test_links_preserve_the_chosen_parameters() -> None:
    view = overview_page(CROWDED, EN)

    assert view.participants[1].href == "?participant=00000001&lang=en&refresh=0"
    assert [link.text for link in view.participants if link.current] == [PARTICIPANT]
    assert view.language.href == f"?participant={PARTICIPANT}&lang=pt&refresh=0"


def test_the_refresh_can_be_stopped_and_started() -> None:
    running, stopped = overview_page(HEALTHY, EN).refresh, overview_page(CROWDED, EN).refresh

    assert (running.text, running.href) == ("pause", f"?participant={PARTICIPANT}&lang=en&refresh=0")
    assert (stopped.text, stopped.href) == ("refresh by itself", f"?participant={PARTICIPANT}&lang=en")


@pytest.mark.parametrize("catalog", CATALOGS.values(), ids=CATALOGS)
def test_every_outcome_and_every_status_has_a_translation(catalog: Catalog) -> None:
    assert catalog.page.outcomes.keys() == set(Outcome)
    assert catalog.page.levels.keys() == set(DisplayStatus)
