"""When files are reported as changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dict_rate_limit.serving.reloaded_files import ReloadedFiles
from samples.fake_ports import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


class Watched:
    """Two files, one of them missing."""

    def __init__(self, folder: Path) -> None:
        self.there, self.missing = folder / "there", folder / "missing"
        self.there.write_text("a")
        self.clock = FakeClock()
        self.files = ReloadedFiles(self.there, self.missing, monotonic=self.clock.monotonic)

    def changed(self) -> bool:
        """Check when the next check is due."""
        self.clock.move(timedelta(seconds=1))
        return self.files.changed()


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_first_check_is_a_change_and_an_unchanged_file_is_none(watched: Watched) -> None:
    assert [watched.changed(), watched.changed()] == [True, False]


def test_a_file_that_appears_or_disappears_is_a_change(watched: Watched) -> None:
    watched.changed()
    watched.missing.write_text("b")
    appeared = watched.changed()
    watched.there.unlink()

    assert (appeared, watched.changed(), watched.changed()) == (True, True, False)


def test_a_change_of_the_mode_is_a_change(watched: Watched) -> None:
    watched.changed()
    watched.there.chmod(0o600)

    assert watched.changed()


def test_files_are_checked_once_in_a_second(watched: Watched) -> None:
    watched.changed()
    watched.there.write_text("longer")
    early = watched.files.changed()

    assert (early, watched.changed()) == (False, True)


def test_after_a_failed_read_the_next_check_is_a_change(watched: Watched) -> None:
    watched.changed()
    watched.files.retry()

    assert watched.changed()
