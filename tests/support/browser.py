"""A headless browser for the tests that open pages; `python tests/support/browser.py` brings one.

`make test` does that first, so that a machine without a browser is told before the first test: what
is installed is taken, else Playwright's own is downloaded, else the system's package manager is
asked, where that needs no password.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

FLAGS = (
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-quic",
    "--no-first-run",
    # without these it looks for servers of its maker's
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PROGRAMS = (
    "chromium",
    "chromium-browser",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
CHANNELS = ("chrome", "msedge")  # Playwright knows where each system keeps them
PLAYWRIGHT = (sys.executable, "-m", "playwright")
OWN = "chromium-headless-shell"
APT_GET_INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")
NEEDED = (
    "the tests open pages in a browser, and none could be found or brought: "
    "install Chromium, Chrome or Edge (Debian: apt-get install chromium)"
)


def installed() -> Iterator[tuple[str, dict[str, Any]]]:
    """Browsers that may be there, by name, and what Playwright starts them with."""
    for path in filter(None, map(shutil.which, PROGRAMS)):
        yield path, {"executable_path": path}
    for channel in CHANNELS:
        yield channel, {"channel": channel}
    yield "Playwright's own", {}


def start(playwright: Playwright) -> tuple[str, Browser] | None:
    """Start the first that can be started: a program may be there and lack a library."""
    for name, options in installed():
        try:
            return name, playwright.chromium.launch(args=FLAGS, **options)
        except Error:
            continue
    return None


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """Start a browser, if there is one."""
    with sync_playwright() as playwright:
        _, browser = start(playwright) or ("", None)
        yield browser
        if browser:
            browser.close()


def describe() -> str | None:
    """Say which browser there is."""
    with sync_playwright() as playwright:
        found = start(playwright)
        return f"{found[0]}, {found[1].version}" if found else None


def bring() -> str | None:
    """Bring a browser where that needs no password, and say which."""
    is_downloaded = run(*PLAYWRIGHT, "install", OWN)
    found = describe() if is_downloaded else None
    privilege = privilege_without_asking()
    if found or privilege is None or not shutil.which("apt-get"):
        return found
    run(*privilege, "apt-get", "update", "-qq")
    if is_downloaded:  # it was not started, so it lacks libraries of the system
        run(*privilege, *PLAYWRIGHT, "install-deps", OWN)
    else:
        run(*privilege, *APT_GET_INSTALL, "chromium")
    return describe()


def privilege_without_asking() -> Sequence[str] | None:
    """What to put before a command that only root may run; None if it would ask."""
    quiet = ("env", "DEBIAN_FRONTEND=noninteractive")
    if os.getuid() == 0:
        return quiet
    sudo = ("sudo", "-n", *quiet)
    return sudo if shutil.which("sudo") and run(*sudo, "true") else None


def run(*command: str) -> bool:
    """Run a command without a word; return whether it has succeeded."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def main() -> int:
    """See to it that there is a browser, and say in a line which."""
    found = describe()
    if not found:
        print("Browser    none that starts: bringing one ...", flush=True)
        found = bring()
    if not found:
        print(f"Error: {NEEDED}", file=sys.stderr)
        return 1
    print(f"Browser    {found}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
