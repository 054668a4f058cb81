"""dbt, killed at a point of its run: ``python killed_build.py NODE MOMENT dbt-arguments...``.

MOMENT is ``start`` or ``end`` of the node, a number of milliseconds after its start, ``rename``:
the moment before the node puts a file in its place, or ``commit``: the moment before the last
statement of a day's transaction in the lakehouse. With ``watch`` for NODE and a file's name for
MOMENT nothing is killed: the file gets a line for the start and the end of every node with a hash
of what is on the disk.
"""

import hashlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_after(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)
    kill()


def state_of_disk() -> str:
    """Hash of every file that a build writes."""
    state = hashlib.sha256()
    for place in (os.environ["WAREHOUSE_DIR"], os.environ["LAKE_URL"]):
        for file in sorted(Path(place).rglob("*")):
            state.update(f"{file} {file.is_file() and file.read_bytes()}".encode())
    return state.hexdigest()


def watch(file: str, arguments: list[str]) -> None:
    """Run dbt and write down what is on the disk between nodes: node, event, hash."""

    def on_event(event: EventMsg) -> None:
        if event.info.name in ("NodeStart", "NodeFinished"):
            node = event.data.node_info
            with open(file, "a") as journal:
                print(node.node_name, node.materialized, state_of_disk(), file=journal)

    dbtRunner(callbacks=[on_event]).invoke(arguments)


def main(node: str, moment: str, arguments: list[str]) -> None:
    """Run dbt until it is killed; end with status 0 if it never came to that point."""

    def on_event(event: EventMsg) -> None:
        if event.info.name not in ("NodeStart", "NodeFinished"):
            return
        if event.data.node_info.node_name != node:
            return
        if event.info.name == {"start": "NodeStart", "end": "NodeFinished"}.get(moment):
            kill()
        if event.info.name == "NodeStart" and moment == "rename":
            os.replace = lambda *_: kill()
        if event.info.name == "NodeStart" and moment == "commit":
            from dbt_project.lakehouse import days

            days.note_build = lambda *_: kill()
        if event.info.name == "NodeStart" and moment.isdigit():
            threading.Thread(target=kill_after, args=[int(moment)], daemon=True).start()

    dbtRunner(callbacks=[on_event]).invoke(arguments)


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2], sys.argv[3:])
    else:
        main(sys.argv[1], sys.argv[2], sys.argv[3:])
