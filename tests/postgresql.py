"""A PostgreSQL of the tests' own: `python -m tests.postgresql start` prints the lines to evaluate.

The cluster lies in a temporary folder, listens on loopback alone, and trades safety for speed.
"""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.gettempdir()) / "koalendar-tests-postgresql"
OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def binary(name: str) -> str:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}")) or [shutil.which(name) or ""]
    if not found[-1]:
        raise SystemExit("PostgreSQL is missing: apt-get install postgresql")
    return found[-1]


def run(*words: str, check: bool = True) -> None:
    """PostgreSQL refuses to run as root, so root hands it to its own user."""
    if os.getuid() == 0:
        subprocess.run(
            words,
            check=check,
            stdout=sys.stderr,
            user=pwd.getpwnam("postgres").pw_uid,
            cwd="/",
            env={"PATH": "/usr/bin"},
        )
    else:
        subprocess.run(words, check=check, stdout=sys.stderr)


def start() -> None:
    stop()
    FOLDER.mkdir(mode=0o700)
    if os.getuid() == 0:
        shutil.chown(FOLDER, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(FOLDER / "data")
    run(binary("initdb"), "-D", data, "-A", "trust", "-U", "koalendar", "-E", "UTF8", "--no-sync")
    where = f"-p {port} -k {FOLDER} -c listen_addresses=127.0.0.1 {OPTIONS}"
    run(binary("pg_ctl"), "-D", data, "-o", where, "-l", str(FOLDER / "log"), "-w", "start")
    print(f"export DATABASE_URL=postgresql://koalendar@127.0.0.1:{port}/koalendar")


def stop() -> None:
    if (FOLDER / "data" / "postmaster.pid").exists():
        # A machine that was switched off leaves the file of a server that is not there any more.
        run(binary("pg_ctl"), "-D", str(FOLDER / "data"), "-m", "immediate", "stop", check=False)
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    {"start": start, "stop": stop}[sys.argv[1]]()
