"""Serve the site of all tables on this machine: ``python -m dbt_project.serve_docs 8080``.

The site is made from the published warehouse's file, and served until Ctrl-C.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

from dbt_project.errors import UserError, in_one_line
from dbt_project.folders import make_folders_of_dbt
from dbt_project.published import published_warehouse

HOST = "127.0.0.1"


def check_port(text: str) -> None:
    """Check that a port is free.

    Raises
    ------
    UserError
        One line, if it is in use, or is not a port.
    """
    if not text.isdecimal() or not 0 < int(text) < 1 << 16:
        raise UserError(f"PORT must be a number from 1 to 65535, not {text!r}")
    with socket.socket() as there:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            there.bind((HOST, int(text)))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UserError(f"port {text}: {reason}; try another, make docs PORT=8081") from None


def main(port: str) -> int:
    """Make the site and serve it. Return the exit status if it cannot be made."""
    with in_one_line():
        check_port(port)
        make_folders_of_dbt()
        published_warehouse(is_lakehouse=False).connect().close()
    dbt = Path(sys.executable).with_name("dbt")
    docs = [str(dbt), "docs"]
    made = subprocess.run([*docs, "generate", "--target", "published"])
    if made.returncode:
        return made.returncode
    serve = ["serve", "--target", "published", "--host", HOST, "--port", port]
    os.execv(dbt, [*docs, *serve])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else "8080"))
