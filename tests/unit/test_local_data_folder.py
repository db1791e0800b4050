from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dict_rate_limit.apps.local.data_folder import default_folder, locked_folder
from dict_rate_limit.apps.local.process import EmbeddedError


def test_root_keeps_data_system_wide() -> None:
    assert default_folder({"HOME": "/home/me"}, 0) == Path("/var/lib/dict-rate-limit")


def test_others_keep_data_at_home() -> None:
    assert default_folder({"HOME": "/home/me"}, 1000) == Path("/home/me/.local/share/dict-rate-limit")


def test_the_data_home_comes_before_the_home() -> None:
    environ = {"HOME": "/home/me", "XDG_DATA_HOME": "/data"}

    assert default_folder(environ, 1000) == Path("/data/dict-rate-limit")


def test_a_relative_data_home_does_not_count() -> None:
    environ = {"HOME": "/home/me", "XDG_DATA_HOME": "data"}

    assert default_folder(environ, 1000) == Path("/home/me/.local/share/dict-rate-limit")


def test_without_a_home_a_folder_is_asked_for() -> None:
    with pytest.raises(EmbeddedError, match="name one with --data or DATA_DIR"):
        default_folder({}, 1000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's database is another account's")
def test_the_folder_root_makes_may_be_passed_through(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with locked_folder(tmp_path / "new" / "data") as folder:
            modes = [stat.S_IMODE(way.stat().st_mode) for way in (folder, folder.parent)]
    finally:
        os.umask(before)

    assert modes == [0o711, 0o711]


@pytest.mark.skipif(os.geteuid() == 0, reason="root's may be passed through")
def test_the_folder_another_account_makes_is_its_own(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "new" / "data") as folder:
        mode = stat.S_IMODE(folder.stat().st_mode)

    assert mode == 0o700


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    with locked_folder(tmp_path) as folder:
        mode = stat.S_IMODE(folder.stat().st_mode)

    assert mode == 0o750


def test_a_second_one_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    line = rf"^the data folder {tmp_path} is in use by process {os.getpid()}: stop it, or name another with --data$"

    with locked_folder(tmp_path), pytest.raises(EmbeddedError, match=line), locked_folder(tmp_path):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    with locked_folder(tmp_path):
        pass

    with locked_folder(tmp_path) as folder:
        holder = (folder / "up.lock").read_text()

    assert holder == f"{os.getpid()}\n"


def test_a_lock_without_a_name_is_respected(tmp_path: Path) -> None:
    with locked_folder(tmp_path):
        (tmp_path / "up.lock").write_text("")

        with pytest.raises(EmbeddedError, match="in use by process unknown"), locked_folder(tmp_path):
            pass


def test_a_file_in_place_of_the_folder_is_one_clear_line(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")

    with pytest.raises(EmbeddedError, match=r"cannot be written \(File exists\): name another"), locked_folder(taken):
        pass
