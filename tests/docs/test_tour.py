"""The analysts' tour runs from the top to the end."""

import os
import subprocess
import sys
from pathlib import Path

from support.workplace import ROOT, Build


def test_the_tour_reads_the_warehouse_and_draws_it(embedded_day: Build, tmp_path: Path) -> None:
    tour = subprocess.run(
        [sys.executable, ROOT / "docs" / "tour.py"],
        cwd=tmp_path,
        env={**os.environ, "WAREHOUSE_DIR": str(embedded_day.warehouse)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert tour.returncode == 0, tour.stderr
    assert "400" in tour.stdout
    assert "Distance in miles, 0 or more." in tour.stdout
    assert (tmp_path / "tour.png").read_bytes().startswith(b"\x89PNG")
