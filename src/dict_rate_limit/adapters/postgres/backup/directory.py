"""A folder of backups: `NAME.dump` from pg_dump, and `NAME.json`, the manifest, which comes last and makes it one."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dict_rate_limit.contract.backup_manifest import decode_manifest, encode_manifest
from dict_rate_limit.domain.errors import InvalidValueError, RecoveryError, RecoveryRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dict_rate_limit.domain.recovery import Manifest

LATEST: Final = "latest"
_PARTIAL: Final = ".dict-rate-limit-*.partial"
_LOCKED: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that is there: its dump, its manifest's file, and what that says."""

    dump: Path
    file: Path
    manifest: Manifest


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Raise what the file system refuses as a RecoveryError that names the folder."""
    try:
        yield
    except OSError as error:
        message = f"{folder}: {error.strerror or error}"
        raise RecoveryError(message) from error


@contextmanager
def draft(folder: Path) -> Iterator[Path]:
    """Give an empty file only we can read, for a dump to be; gone at the end, unless `publish` moved it away.

    Nobody else writes a backup into this folder meanwhile; what a killed run left is cleared away.

    Raises:
        RecoveryError: the folder is missing, closed or in use.
    """
    if not folder.is_dir():
        message = f"{folder}: no such folder; make it, or mount the disk that belongs there"
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
    """Keep other backups out; False where the file system has no locks."""
    with disk(folder):
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _lock(held, folder)
    finally:
        os.close(held)


def _lock(held: int, folder: Path) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _LOCKED:
            return False  # some network file systems; a backup is made all the same
        message = f"{folder}: another backup is being written here; try again when it is done"
        raise RecoveryError(message) from error
    return True


def publish(path: Path, manifest: Manifest) -> Backup:
    """Move a finished dump to its name, then its manifest, each safe on the disk before.

    Raises:
        RecoveryError: the disk refuses; nothing of it is left.
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
            path.rename(dump)
            half.rename(file)
            _sync(folder)
        except BaseException:
            for left in (file, half, dump):
                with suppress(OSError):  # the first error is the one to tell
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
    """Return the good backups of a folder, oldest first, and a line for each that is not good.

    Sizes are looked at, checksums are not.

    Raises:
        RecoveryError: the folder cannot be read.
    """
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
    """Find a backup by its dump, its manifest, or FOLDER/latest; with it, lines on newer ones that are not good.

    Raises:
        RecoveryRefusedError: it is damaged, or none of ours.
        RecoveryError: it is not there.
    """
    if path.name == LATEST and not path.exists():
        good, bad = backups(path.parent)
        if not good:
            message = "; ".join([f"{path.parent}: no backup of ours is here", *bad])
            raise RecoveryError(message)
        return good[-1], bad
    if not path.is_file():
        message = f"{path}: no such file; expected a .dump, its .json, or FOLDER/{LATEST}"
        raise RecoveryError(message)
    return read(path.with_suffix(".json")), []


def read(file: Path) -> Backup:
    """Read a manifest, and look whether its dump is there in full size.

    Raises:
        RecoveryRefusedError: it is damaged, or none of ours.
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
        message = f"{dump}: {size} bytes, expected {manifest.size}: it is not whole, or not the one of its manifest"
        raise RecoveryRefusedError(message)
    return Backup(dump=dump, file=file, manifest=manifest)


def require_checksum(backup: Backup) -> None:
    """Return when the dump is what was written.

    Raises:
        RecoveryRefusedError: it is not.
    """
    found = checksum(backup.dump)
    if found != backup.manifest.sha256:
        message = (
            f"{backup.dump}: SHA-256 {found}, expected {backup.manifest.sha256}: it is damaged; nothing was changed"
        )
        raise RecoveryRefusedError(message)


def checksum(path: Path) -> str:
    """Return the file's SHA-256.

    Raises:
        RecoveryError: it cannot be read.
    """
    with disk(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove(backup: Backup) -> None:
    """Delete a backup, the manifest first: what is left half-way is no backup.

    Raises:
        RecoveryError: the disk refuses.
    """
    with disk(backup.dump):
        backup.file.unlink(missing_ok=True)
        backup.dump.unlink(missing_ok=True)
