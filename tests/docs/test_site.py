"""`make docs`: the tables as they are in the published warehouse, in a real browser."""

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from support.warm_python import run_script
from support.workplace import DBT, ROOT, Build, environment_without_settings


@pytest.fixture(scope="module")
def site(embedded_day: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the site that dbt serves."""
    target = tmp_path_factory.mktemp("site")
    environment = environment_without_settings() | {"WAREHOUSE_DIR": str(embedded_day.warehouse)}
    folders = ["--target", "published", "--target-path", target, "--log-path", target]
    generated = run_script(DBT, "docs", "generate", *folders, cwd=ROOT, env=environment)
    assert generated.returncode == 0, generated.stdout
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = [DBT, "docs", "serve", *folders, "--port", str(port), "--no-browser"]
    server = subprocess.Popen(serve, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


def test_the_site_opens_on_what_an_analyst_asks(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(site, timeout=120_000)
    expect(page.get_by_text("A day of taxi rides, and what was unusual")).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_role("table")).to_contain_text("anomalous_rides")
    page.close()


def test_a_table_is_described_with_units_and_its_lineage_opens(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}/#!/model/model.etml.rides", timeout=120_000)
    expect(page.get_by_text("taxi.main.rides")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Distance in miles, 0 or more.").first).to_be_attached()
    expect(page.locator("canvas").first).not_to_be_visible()
    page.get_by_title("View Lineage Graph").click()
    expect(page.locator("canvas").first).to_be_visible(timeout=60_000)
    page.close()


def test_who_uses_the_results_is_on_the_site(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}/#!/exposure/exposure.etml.morning_report", timeout=120_000)
    expect(page.get_by_text("a logistics manager reads").first).to_be_visible(timeout=60_000)
    page.close()
