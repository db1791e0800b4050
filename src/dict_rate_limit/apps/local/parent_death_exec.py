"""Run as a script: execute a program that ends when its parent does, also after a SIGKILL.

parent_death_exec.py PARENT_PID SIGNAL ACCOUNT_UID_OR_MINUS COMMAND...

A hook between fork and exec is unsafe in a process with threads, so this is a script. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal_number: int, uid: str, command: list[str]) -> None:
    """Switch the account, request the signal, then execute the command."""
    if uid != "-":
        drop_privileges(pwd.getpwuid(int(uid)))
    # Other systems have no such signal: there a killed parent leaves the program running.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
        # The parent died before the request.
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 -- no shell is meant
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


def drop_privileges(account: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
