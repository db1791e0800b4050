from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dict_rate_limit.domain.access import Role, Token, digest_of, new_token_line, parse_expiry, parse_tokens
from dict_rate_limit.domain.errors import InvalidValueError

MOMENT = datetime(2027, 1, 31, 21, tzinfo=UTC)


def test_a_created_line_is_parsed() -> None:
    line = new_token_line("grafana", Role.VIEWER, MOMENT, "secret")

    tokens, problems = parse_tokens(line + "\n")

    assert tokens == {digest_of("secret"): Token(name="grafana", role=Role.VIEWER, expires=MOMENT)}
    assert problems == ()


@given(
    st.from_regex(r"\A[A-Za-z0-9._@-]{1,64}\Z"),
    st.sampled_from(Role),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.text(),
)
def test_every_created_line_is_parsed(name: str, role: Role, expires: datetime | None, secret: str) -> None:
    tokens, problems = parse_tokens(new_token_line(name, role, expires, secret))

    assert tokens == {digest_of(secret): Token(name=name, role=role, expires=expires)}
    assert problems == ()


def test_the_line_does_not_contain_the_token() -> None:
    line = new_token_line("me", Role.OPERATOR, None, "secret")

    assert line == f"me:operator:{digest_of('secret')}"
    assert "secret" not in line


def test_empty_lines_and_comments_are_skipped() -> None:
    assert parse_tokens("\n  \n# a comment\n  # another\n") == ({}, ())


@pytest.mark.parametrize(
    "line",
    [
        "secret-pasted-by-mistake",
        "me:viewer",
        "me:viewer:",
        f":viewer:{'0' * 64}",
        f"two words:viewer:{'0' * 64}",
        f"me:admin:{'0' * 64}",
        f"me:VIEWER:{'0' * 64}",
        f"me:viewer:{'0' * 63}",
        f"me:viewer:{'A' * 64}",
        f"me:viewer:{'0' * 64}:tomorrow",
        f"me:viewer:{'0' * 64}:2027-02-30",
        f"me:viewer:{'0' * 64}:2027-01-31T00:00:00",
    ],
)
def test_an_invalid_line_is_reported_by_number_without_its_content(line: str) -> None:
    tokens, problems = parse_tokens(f"# first\n{line}\n")

    assert tokens == {}
    (problem,) = problems
    assert problem.startswith("line 2: ")
    assert "pasted" not in problem


def test_an_invalid_line_does_not_hide_the_valid_ones() -> None:
    good = new_token_line("me", Role.VIEWER, None, "secret")

    tokens, problems = parse_tokens(f"bad\n{good}\n{good}\n")

    assert list(tokens) == [digest_of("secret")]
    assert problems == ("line 1: expected name:role:sha256[:expires]", "line 3: a repeated token")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2027-01-31T18:00:00-03:00", MOMENT),
        ("2027-01-31T21:00:00Z", MOMENT),
    ],
)
def test_an_expiry_is_a_day_or_a_moment(text: str, moment: datetime) -> None:
    assert parse_expiry(text) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "9999-12-31", "2027-01-31T18:00:00", "31/01/2027", "0001-01-01T00:00:00+23:00"]
)
def test_an_invalid_expiry_is_rejected(text: str) -> None:
    with pytest.raises(InvalidValueError, match="expected a date"):
        parse_expiry(text)


def test_a_token_is_valid_until_it_expires() -> None:
    token = Token(name="me", role=Role.VIEWER, expires=MOMENT)

    assert token.valid_at(MOMENT - timedelta(seconds=1))
    assert not token.valid_at(MOMENT)
    assert Token(name="me", role=Role.VIEWER).valid_at(MOMENT)


@pytest.mark.parametrize("name", ["", "a:b", "a b", "a" * 65, "é", "a\n"])
def test_a_name_that_breaks_the_line_is_rejected(name: str) -> None:
    with pytest.raises(InvalidValueError, match="name"):
        new_token_line(name, Role.VIEWER, None, "secret")


def test_an_operator_has_the_permissions_of_a_viewer() -> None:
    assert Role.OPERATOR.covers(Role.VIEWER)
    assert Role.OPERATOR.covers(Role.OPERATOR)
    assert Role.VIEWER.covers(Role.VIEWER)
    assert not Role.VIEWER.covers(Role.OPERATOR)
