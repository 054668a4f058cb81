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
NEEDED = (
    "the tests open pages in a browser, and none could be started or brought: "
    "install Chromium, Chrome or Edge (Debian: apt-get install chromium libatomic1)"
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


def driver_starts() -> bool:
    """Whether Playwright itself runs: a small system lacks libatomic, which it links."""
    return run(*PLAYWRIGHT, "--version")


@contextmanager
def chromium() -> Iterator[tuple[str, Browser] | None]:
    """Start a browser, if there is one; its name comes with it."""
    if not driver_starts():
        yield None
        return
    with sync_playwright() as playwright:
        found = start(playwright)
        yield found
        if found:
            found[1].close()


def describe() -> str | None:
    """Say which browser there is."""
    with chromium() as found:
        return f"{found[0]}, {found[1].version}" if found else None


def bring() -> str | None:
    """Bring a browser where that needs no password, and say which."""
    privilege = privilege_without_asking() if shutil.which("apt-get") else None

    def apt_get(*arguments: str) -> bool:
        return privilege is not None and run(*privilege, "apt-get", "-y", "-qq", *arguments)

    apt_get("update")
    if not driver_starts():
        apt_get("install", "--no-install-recommends", "libatomic1")
    if not run(*PLAYWRIGHT, "install", OWN):
        apt_get("install", "--no-install-recommends", "chromium")
    elif privilege is not None and not describe():  # it lacks libraries of the system
        run(*privilege, *PLAYWRIGHT, "install-deps", OWN)
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
