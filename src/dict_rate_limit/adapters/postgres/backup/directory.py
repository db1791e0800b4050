"""A folder of backups: `NAME.dump` from pg_dump and `NAME.json`, the manifest, which is written last."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dict_rate_limit.contract.backup_manifest import decode_manifest, encode_manifest
from dict_rate_limit.domain.errors import InvalidValueError, RecoveryError, RecoveryRefusedError
from dict_rate_limit.domain.recovery import Manifest

LATEST: Final = "latest"
_PARTIAL: Final = ".dict-rate-limit-*.partial"
_LOCKED: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup: its dump, the file of its manifest, and the manifest."""

    dump: Path
    file: Path
    manifest: Manifest


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Translate errors of the file system into a RecoveryError that names the folder."""
    try:
        yield
    except OSError as error:
        message = f"{folder}: {error.strerror or error}"
        raise RecoveryError(message) from error


@contextmanager
def draft(folder: Path) -> Iterator[Path]:
    """Create an empty private file for a dump; deleted at the end, unless `publish` moved it.

    No other process writes a backup into this folder meanwhile. Remains of a killed run are deleted.

    Raises:
        RecoveryError: the folder is missing, not accessible or in use.
    """
    if not folder.is_dir():
        message = f"{folder}: no such folder; create it, or mount its disk"
        raise RecoveryError(message)
    with _locked(folder) as alone:
        with disk(folder):
            for left in folder.glob(_PARTIAL) if alone else ():
                left.unlink(missing_ok=True)
            path = folder / f".dict-rate-limit-{secrets.token_hex(4)}.partial"
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            yield path
        finally:
            with disk(folder):
                path.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock the folder against other backups; False where the file system has no locks."""
    with disk(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _lock(descriptor, folder)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _LOCKED:
            # Some network file systems have no locks. A backup is made all the same.
            return False
        message = f"{folder}: another backup is being written here; try again when it is done"
        raise RecoveryError(message) from error
    return True


def publish(path: Path, manifest: Manifest) -> Backup:
    """Move a finished dump to its name, then its manifest, each after a sync to the disk.

    Raises:
        RecoveryError: the disk failed; no file of it is left.
    """
    folder = path.parent
    dump, file = (folder / f"{manifest.name}{suffix}" for suffix in (".dump", ".json"))
    half = folder / f".{manifest.name}.json.partial"
    with disk(folder):
        try:
            _sync(path)
            with half.open("x", encoding="utf-8") as stream:
                stream.write(encode_manifest(manifest))
            _sync(half)
            # The manifest last: a dump without one is no backup.
            path.rename(dump)
            half.rename(file)
            _sync(folder)
        except BaseException:
            for left in (file, half, dump):
                # The first error is the one to report.
                with suppress(OSError):
                    left.unlink()
            raise
    return Backup(dump=dump, file=file, manifest=manifest)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def backups(folder: Path) -> tuple[list[Backup], list[str]]:
    """Return the valid backups, oldest first, without reading the dumps, and a line for each invalid one."""
    good, bad = [], []
    with disk(folder):
        files = sorted(path for path in folder.iterdir() if path.match("dict-rate-limit-*.json"))
    for file in files:
        try:
            good.append(read(file))
        except RecoveryRefusedError as error:
            bad.append(str(error))
    return sorted(good, key=lambda backup: backup.manifest.taken_at), bad


def find(path: Path) -> tuple[Backup, list[str]]:
    """Find a backup by its dump, its manifest, or FOLDER/latest; with it, lines on newer invalid ones.

    Raises:
        RecoveryRefusedError: it is damaged, or no backup of the product.
        RecoveryError: there is no such backup.
    """
    if path.name == LATEST and not path.exists():
        good, bad = backups(path.parent)
        if not good:
            message = "; ".join([f"{path.parent}: no backup of dict-rate-limit is here", *bad])
            raise RecoveryError(message)
        return good[-1], bad
    if not path.is_file():
        message = f"{path}: no such file; expected a .dump, its .json, or FOLDER/{LATEST}"
        raise RecoveryError(message)
    return read(path.with_suffix(".json")), []


def read(file: Path) -> Backup:
    """Read a manifest, and check that its dump is there in full size.

    Raises:
        RecoveryRefusedError: it is damaged, or no backup of the product.
    """
    dump = file.with_suffix(".dump")
    try:
        manifest = decode_manifest(file.read_text(encoding="utf-8"))
        size = dump.stat().st_size
    except FileNotFoundError as error:
        message = f"{error.filename}: missing; a backup is the dump and its manifest"
        raise RecoveryRefusedError(message) from error
    except (OSError, InvalidValueError, UnicodeDecodeError) as error:
        message = f"{file}: not the manifest of a backup: {error}"
        raise RecoveryRefusedError(message) from error
    if size != manifest.size:
        message = f"{dump}: {size} bytes, expected {manifest.size}: it is truncated, or belongs to another manifest"
        raise RecoveryRefusedError(message)
    return Backup(dump=dump, file=file, manifest=manifest)


def checksum(path: Path) -> str:
    with disk(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove(backup: Backup) -> None:
    with disk(backup.dump):
        # The manifest first: a dump without one is no backup.
        backup.file.unlink(missing_ok=True)
        backup.dump.unlink(missing_ok=True)
