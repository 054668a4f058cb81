"""Python scripts in processes of their own that need not import dbt and its libraries again.

Of the ten seconds of a small build the imports take four and reading the project takes two, and the
tests run a hundred builds. Here one process imports the libraries, nothing of the product, and
forks for each script: the script then runs from its first line to the interpreter's end, with its
own folder, environment and output. Another one reads the project, too, and forks for commands of
dbt, which then begin where they look at their flags.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

LIBRARIES = (
    "dbt.cli.main",
    "matplotlib.axes",
    "matplotlib.backends.backend_svg",
    "openai",
    "pandas",
    "scipy.sparse.csgraph",
    "scipy.spatial",
)
CONTRACTS = {
    "dbt.contracts.project": ("Configuration", "Project", "ProjectFlags"),
    "dbt.contracts.graph.nodes": ("GenericTestNode", "HookNode", "ModelNode", "SingularTestNode"),
    "dbt.contracts.graph.unparsed": ("UnparsedModelUpdate", "UnparsedSourceDefinition"),
}
"""Classes of dbt whose JSON schemas take it a second to work out, once in a process."""
TIMEOUT_SECONDS = 300


def run_script(
    script: Path, *arguments: str | Path, cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a Python script as ``subprocess.run`` would, with its output as text.

    It is killed if it takes more than ``TIMEOUT_SECONDS``, which its status says, too.
    """
    return _run([str(script), *map(str, arguments)], cwd, env)


def run_dbt_of_project(
    dbt: Path, *arguments: str | Path, cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run dbt on the project in `cwd`, which is read once for all commands of a target.

    What is in the project's files is as it was at the first command, with the variables of
    ``dbt_project.yml``.
    """
    target = "lakehouse" if env.get("LAKEHOUSE_CATALOG") else "file"
    return _run([str(dbt), *map(str, arguments)], cwd, env, "--read-project", target)


def _run(
    argv: list[str], cwd: Path, env: dict[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        streams = [f"{folder}/{name}" for name in ("stdout", "stderr")]
        request = {"argv": argv, "cwd": str(cwd), "env": env, "streams": streams}
        status = _ask(json.dumps(request), *options)
        stdout, stderr = (Path(name).read_text(encoding="utf-8") for name in streams)
    return subprocess.CompletedProcess(argv, status, stdout, stderr)


def _ask(request: str, *options: str) -> int:
    forker = _forker(*options)
    assert forker.stdin is not None
    assert forker.stdout is not None
    print(request, file=forker.stdin, flush=True)
    return int(forker.stdout.readline())


@cache
def _forker(*options: str) -> "subprocess.Popen[str]":
    """The process that forks, one for each of the options; it ends when this one does."""
    return subprocess.Popen(
        [sys.executable, "-P", __file__, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _serve() -> None:
    """Fork for every request; to be called at the end of a module, as the child goes on there."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for module, names in CONTRACTS.items():
        for name in names:
            getattr(importlib.import_module(module), name).json_schema()
    manifest = None
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        if "--read-project" in sys.argv and manifest is None:
            manifest = _read_project(**request)
        process = os.fork()
        if process == 0:
            _become(manifest, **request)
            return
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _read_project(cwd: str, env: dict[str, str], **_: Any) -> Any:
    """Parse the project as dbt does before a command; where dbt's files go does not matter."""
    from dbt.cli.main import dbtRunner

    os.environ.clear()
    os.environ.update(env)
    with tempfile.TemporaryDirectory() as folder:
        places = ["--project-dir", cwd, "--profiles-dir", cwd]
        folders = ["--target-path", folder, "--log-path", folder]
        variables = ["--vars", "date: 20000101"]
        read = dbtRunner().invoke(["--log-level", "none", "parse", *places, *folders, *variables])
    assert read.success, read.exception
    return read.result


def _become(
    manifest: Any, argv: list[str], cwd: str, env: dict[str, str], streams: list[str]
) -> None:
    """Turn this process into that of a script."""
    for number, name in enumerate([os.devnull, *streams]):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    signal.alarm(TIMEOUT_SECONDS)
    sys.argv = argv
    if manifest is None:
        runpy.run_path(argv[0], run_name="__main__")
    else:
        _run_dbt(manifest, argv[1:])


def _run_dbt(manifest: Any, arguments: list[str]) -> None:
    """Run dbt's command line to its end, but not the interpreter, whose threads are not here."""
    from dbt.cli.main import cli

    try:
        cli.main(arguments, obj={"manifest": manifest, "callbacks": []})
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(end.code or 0))


if __name__ == "__main__":
    _serve()
