"""A headless Chromium without a network, for tests of the page."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

REQUIRED = "RLBENCH_REQUIRE_BROWSER"  # set to 1 where the tests must run
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One window."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path) -> list[str]:
        """Open a page from the file system; the addresses that were asked for on the way."""
        self.driver.get_log("performance")
        self.driver.get(page.as_uri())
        return self.requests()

    def requests(self) -> list[str]:
        """Addresses asked for since the last look; left out are pictures inside the page, and what
        the browser's page of a new tab is still asking for."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = str(message["params"]["request"]["url"])
                if not url.startswith(("data:", "chrome:")):
                    found.append(url)
        return found

    def complaints(self) -> list[str]:
        """Messages of the console since the last look."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def run(self, script: str, *values: Any) -> Any:
        """What `script` returns."""
        return self.driver.execute_script(script, *values)

    def find(self, selector: str) -> WebElement:
        """The first element."""
        return self.driver.find_element("css selector", selector)

    def until(self, true: Callable[[], object]) -> None:
        """Wait for what the page does after a command has returned; TimeoutException if never."""
        WebDriverWait(self.driver, 20, poll_frequency=0.02).until(lambda _: true())

    def screen(self, width: int, height: int = 900, *, mobile: bool = False) -> None:
        """Take on a screen's size."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=mobile,
        )  # fmt: skip

    def media(self, scheme: str = "light", medium: str = "") -> None:
        """Prefer a colour scheme; `medium`: "print" shows what paper would."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=medium, features=features)

    def command(self, name: str, **values: Any) -> Any:
        """A command of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(name, values)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile; skips the test, and says so, where there is none."""
    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if binary is None or driver_path is None:
        missing = "chromium" if binary is None else "chromedriver"
        reason = f"no {missing} here: the tests of the web page in a browser were left out"
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"{reason}, and {REQUIRED}=1")
        pytest.skip(reason)
    options = Options()
    options.binary_location = binary
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", "--window-size=1280,900", f"--user-data-dir={profile}",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Both paths are given, so that Selenium looks for nothing to download.
    driver = Chrome(options=options, service=Service(driver_path))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
