"""What `make test` does before the first test on a machine that has no browser."""

import subprocess
import sys
from pathlib import Path

from support import browser
from support.workplace import ROOT

# Chrome and Edge are where the system keeps them, whatever PATH says.
WITHOUT_CHANNELS = (
    "from support import browser; import sys; browser.CHANNELS = (); sys.exit(browser.main())"
)


def test_where_no_browser_can_be_had_one_line_says_what_to_install(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_CHANNELS],
        env={
            "PATH": str(tmp_path),
            "PYTHONPATH": str(ROOT / "tests"),
            "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path),
            "PLAYWRIGHT_DOWNLOAD_HOST": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 1
    assert told.stderr == f"Error: {browser.NEEDED}\n"


def test_a_browser_that_is_installed_and_starts_is_named_in_one_line() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "browser.py"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0
    assert told.stdout.startswith("Browser    ")
    assert len(told.stdout.splitlines()) == 1
