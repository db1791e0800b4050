from __future__ import annotations

import logging
import os
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.adapters.notify.channels_file import ChannelsFile
from log_lines import line, log_lines
from samples.fake_ports import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dict_rate_limit.domain.notifications.channel import Channel

A_SECOND = timedelta(seconds=1)
TWO = '[channels.a]\nurl = "slack://a/b/c"\n[channels.b]\nurl = "slack://d/e/f"\n'
B_IS_BAD = '[channels.a]\nurl = "slack://new/b/c"\n[channels.b]\nurl = "slack://d/e/f"\nlanguage = "de"\n'


class Followed:
    """A file and the channels read from it."""

    def __init__(self, path: Path, content: str | bytes | None = TWO) -> None:
        self.path = path
        self.clock = FakeClock()
        if content is not None:
            self.write(content)
        self.file = ChannelsFile(path, self.clock)

    def write(self, content: str | bytes) -> None:
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def now(self) -> dict[str, str]:
        return {channel.name: channel.url for channel in self.file.channels()}

    def later(self) -> dict[str, str]:
        self.clock.move(A_SECOND)
        return self.now()


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path / "channels.toml")


def test_without_a_path_there_are_no_channels() -> None:
    assert ChannelsFile(None, FakeClock()).channels() == ()


def test_the_channels_are_parsed(followed: Followed) -> None:
    assert followed.now() == {"a": "slack://a/b/c", "b": "slack://d/e/f"}


def test_a_change_is_seen_after_a_second_and_not_before(followed: Followed) -> None:
    followed.now()
    followed.write('[channels.c]\nurl = "slack://g"\n')

    before, after = followed.now(), followed.later()

    assert (set(before), set(after)) == ({"a", "b"}, {"c"})


def test_an_unchanged_file_is_not_parsed_again(followed: Followed) -> None:
    before = followed.file.channels()

    followed.clock.move(A_SECOND)

    assert followed.file.channels()[0] is before[0]


def test_a_replaced_file_is_detected(followed: Followed, tmp_path: Path) -> None:
    followed.now()
    other = tmp_path / "other"
    other.write_text(TWO.replace("/b/", "/x/"))
    stat = followed.path.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(followed.path)

    assert followed.later()["a"] == "slack://a/x/c"


def test_a_channel_that_becomes_invalid_stays_and_the_others_change(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    followed.now()
    followed.write(B_IS_BAD)

    assert followed.later() == {"a": "slack://new/b/c", "b": "slack://d/e/f"}
    assert log_lines(caplog) == ["channels_file.rejected problem=channels.b: language: 'de', expected pt or en"]


def test_a_channel_that_was_never_valid_is_absent(tmp_path: Path) -> None:
    assert set(Followed(tmp_path / "channels.toml", B_IS_BAD).now()) == {"a"}


def test_a_removed_channel_is_absent(followed: Followed) -> None:
    followed.now()
    followed.write('[channels.b]\nurl = "slack://d/e/f"\n')

    assert set(followed.later()) == {"b"}


@pytest.mark.parametrize("content", ["[channels.a", b"\xff\xfe", "channels = 1"])
def test_the_last_valid_channels_stay_while_the_file_is_unreadable(followed: Followed, content: str | bytes) -> None:
    before = followed.now()
    followed.write(content)

    assert followed.later() == before


def test_the_last_valid_channels_stay_while_the_file_is_missing(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    before = followed.now()
    followed.path.unlink()

    assert followed.later() == before
    assert followed.later() == before
    assert log_lines(caplog) == ["channels_file.rejected problem=cannot be read: No such file or directory"]


def test_a_restored_file_is_parsed(followed: Followed) -> None:
    followed.now()
    content = followed.path.read_bytes()
    followed.path.unlink()
    followed.later()
    followed.write(content.replace(b"/b/", b"/x/"))

    assert followed.later()["a"] == "slack://a/x/c"


def test_a_problem_is_logged_once_and_again_when_it_returns(
    followed: Followed, caplog: pytest.LogCaptureFixture
) -> None:
    for content in (B_IS_BAD, B_IS_BAD + "# a comment\n", TWO, B_IS_BAD):
        followed.write(content)
        followed.later()

    assert len(log_lines(caplog)) == 2


def test_invalid_channels_are_named(tmp_path: Path) -> None:
    assert Followed(tmp_path / "channels.toml", B_IS_BAD).file.names() == {"a", "b"}


def test_an_absent_file_has_unknown_channel_names(tmp_path: Path) -> None:
    assert Followed(tmp_path / "channels.toml", None).file.names() is None


@pytest.mark.parametrize("content", ["[channels.a", b"\xff\xfe"])
def test_an_unreadable_file_has_unknown_channel_names(tmp_path: Path, content: str | bytes) -> None:
    followed = Followed(tmp_path / "channels.toml", content)

    unknown = followed.file.names()
    followed.write(TWO)
    followed.later()

    assert unknown is None
    assert followed.file.names() == {"a", "b"}


def test_a_removed_file_has_unknown_channel_names(followed: Followed) -> None:
    followed.now()
    followed.path.unlink()
    followed.later()

    assert followed.file.names() is None


class LogCapture(logging.Handler):
    """Stores log lines and signals the first one."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.any = Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(line(record))
        self.any.set()


@pytest.fixture
def log() -> Iterator[LogCapture]:
    handler, logger = LogCapture(), logging.getLogger("dict_rate_limit")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_new_channels_are_checked_in_the_background(tmp_path: Path, log: LogCapture) -> None:
    asked: list[list[str]] = []

    def check(channels: Sequence[Channel]) -> Sequence[str]:
        asked.append([channel.name for channel in channels])
        return ["channels.a: url: (hidden), expected another"]

    path, clock = tmp_path / "channels.toml", FakeClock()
    path.write_text(TWO)
    file = ChannelsFile(path, clock, check)
    file.channels()
    path.write_text(TWO + "# a comment\n")
    clock.move(A_SECOND)
    file.channels()

    assert log.any.wait(timeout=30)
    assert asked == [["a", "b"]]
    assert log.lines == ["channels_file.rejected problem=channels.a: url: (hidden), expected another"]
