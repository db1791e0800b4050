"""Runs as a script of its own: become another program that ends when its parent does, also after a SIGKILL.

leash.py PARENT_PID SIGNAL ACCOUNT_UID_OR_MINUS COMMAND...

A script, not a hook between fork and exec: such a hook is unsafe in a process with threads. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal_number: int, uid: str, command: list[str]) -> None:
    """Take the account, ask for the signal, then become the command."""
    if uid != "-":
        drop_privileges(pwd.getpwuid(int(uid)))
    if sys.platform == "linux":  # elsewhere nothing is asked: a killed parent leaves the program
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:  # it ended before the request
            sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 -- no shell is meant
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


def drop_privileges(account: pwd.struct_passwd) -> None:
    """Give up root for good."""
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
