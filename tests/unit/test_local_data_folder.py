from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dict_rate_limit.apps.local.data_folder import default_folder, locked_folder
from dict_rate_limit.apps.local.process import EmbeddedError


def test_root_stores_data_system_wide() -> None:
    assert default_folder({"HOME": "/home/me"}, 0) == Path("/var/lib/dict-rate-limit")


def test_other_users_store_data_in_their_home() -> None:
    assert default_folder({"HOME": "/home/me"}, 1000) == Path("/home/me/.local/share/dict-rate-limit")


def test_xdg_data_home_overrides_the_home() -> None:
    environ = {"HOME": "/home/me", "XDG_DATA_HOME": "/data"}

    assert default_folder(environ, 1000) == Path("/data/dict-rate-limit")


def test_a_relative_xdg_data_home_is_ignored() -> None:
    environ = {"HOME": "/home/me", "XDG_DATA_HOME": "data"}

    assert default_folder(environ, 1000) == Path("/home/me/.local/share/dict-rate-limit")


def test_without_a_home_the_error_asks_for_a_folder() -> None:
    with pytest.raises(EmbeddedError, match="name one with --data or DATA_DIR"):
        default_folder({}, 1000)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's database is another account's")
def test_the_folder_created_by_root_can_be_traversed(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with locked_folder(tmp_path / "new" / "data") as folder:
            modes = [stat.S_IMODE(way.stat().st_mode) for way in (folder, folder.parent)]
    finally:
        os.umask(before)

    assert modes == [0o711, 0o711]


@pytest.mark.skipif(os.geteuid() == 0, reason="root's may be passed through")
def test_the_folder_created_by_another_user_is_private(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "new" / "data") as folder:
        mode = stat.S_IMODE(folder.stat().st_mode)

    assert mode == 0o700


def test_an_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    with locked_folder(tmp_path) as folder:
        mode = stat.S_IMODE(folder.stat().st_mode)

    assert mode == 0o750


def test_a_second_process_is_rejected_with_the_id_of_the_first(tmp_path: Path) -> None:
    line = rf"^the data folder {tmp_path} is in use by process {os.getpid()}: stop it, or name another with --data$"

    with locked_folder(tmp_path), pytest.raises(EmbeddedError, match=line), locked_folder(tmp_path):
        pass


def test_the_lock_is_released_afterwards(tmp_path: Path) -> None:
    with locked_folder(tmp_path):
        pass

    with locked_folder(tmp_path) as folder:
        holder = (folder / "up.lock").read_text()

    assert holder == f"{os.getpid()}\n"


def test_a_lock_without_a_process_id_is_respected(tmp_path: Path) -> None:
    with locked_folder(tmp_path):
        (tmp_path / "up.lock").write_text("")

        with pytest.raises(EmbeddedError, match="in use by process unknown"), locked_folder(tmp_path):
            pass


def test_a_file_in_place_of_the_folder_is_a_one_line_error(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")

    with pytest.raises(EmbeddedError, match=r"cannot be written \(File exists\): name another"), locked_folder(taken):
        pass
