"""Chromium as the distribution packages it, driven by Selenium, and what the tests ask of a page in it."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
LATE_NODE = "stop.lifecycle.no-late-node"  # what the server of the page `bad` gets wrong
HEIGHT = 900
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True)
class Browser:
    """One window, which shows one page at a time."""

    driver: Any

    def show(
        self,
        page: Path,
        fragment: str = "",
        *,
        scheme: str = "light",
        media: str = "screen",
        width: int = 1200,
        scripts: bool = True,
    ) -> None:
        """Open a page from disk at a fragment, as somebody with these preferences sees it."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features, "media": media})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # what earlier pages left
        self.driver.get(page.as_uri() + fragment)

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *values)

    def all(self, selector: str) -> list[Any]:
        """The elements that can be seen."""
        return [one for one in self.driver.find_elements("css selector", selector) if one.is_displayed()]

    def one(self, selector: str) -> Any:
        """The only one of these that can be seen."""
        (found,) = self.all(selector)
        return found

    def cards(self, more: str = "") -> set[str]:
        """The ids of the requirements that can be seen."""
        script = "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility()).map((one) => one.id)"
        return set(self.run(script, f".card{more}"))

    def complaints(self) -> list[str]:
        """What the console says: refusals of the policy, errors of scripts."""
        return [str(line["message"]) for line in self.driver.get_log("browser")]

    def requested(self) -> list[str]:
        """The addresses that the page made the browser ask for."""
        told = (json.loads(line["message"])["message"] for line in self.driver.get_log("performance"))
        return [
            line["params"]["request"]["url"] for line in told if line["method"] == "Network.requestWillBeSent"
        ]

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def wait(self, condition: Callable[[], object]) -> None:
        """Until something holds that the page does in its own time; fails after five seconds."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 5, poll_frequency=0.05).until(lambda _: condition())

    def unfold(self) -> None:
        """Open everything that can be opened."""
        self.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    def violations(self) -> list[tuple[str, str]]:
        """What axe-core finds: its rule, and the first element."""
        self.run(AXE.read_text("utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((all) => done(all.violations))"
        )
        return [(one["id"], one["nodes"][0]["html"]) for one in found]

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        data = self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]
        return base64.b64decode(data)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile, and end it."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as driver:
        driver.set_script_timeout(120)
        yield Browser(driver)
