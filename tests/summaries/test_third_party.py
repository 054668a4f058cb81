"""The summaries hold up against a server that somebody else has written."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.workplace import ROOT


@pytest.mark.on_request
def test_a_third_partys_server_spoils_no_summary_and_gets_no_call_too_many(tmp_path: Path) -> None:
    subprocess.run(
        ["npm", "install", "--prefix", str(tmp_path), "@copilotkit/aimock@1.43"], check=True
    )
    tried = subprocess.run(
        [sys.executable, "benchmarks/summaries_third_party.py", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    for line in (
        "| none | 60 ok | 60 | 0 |",
        "| reasoning, closing mark only | 60 ok | 60 | - |",
        "| 404, model unknown | 60 fallback | 1 | gpt-6-luna: HTTP 404: no |",
        "| 400, key wrong | 60 failed | 1 | gpt-6-luna: HTTP 400: API key not valid. |",
    ):
        assert line in tried.stdout
