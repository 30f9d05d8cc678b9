"""The page in a real browser: under its own policy, with and without JavaScript, for eyes, keys and readers.

Skipped where Chromium or Selenium is missing; axe-core is taken from the file that ``AXE_CORE`` names.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commandline import Ran

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium or its driver is not installed")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER)) as driver:
        driver.set_script_timeout(120)
        yield driver


@pytest.fixture
def show(browser: Any, ran: Ran) -> Any:
    """Opens the page at a fragment, in a colour scheme and width."""

    def opened(fragment: str = "", *, scheme: str = "light", width: int = 1200, scripts: bool = True) -> Any:
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        browser.get("about:blank")
        browser.get((ran.reports / "report.html").as_uri() + fragment)
        return browser

    return opened


def visible(browser: Any, selector: str) -> list[Any]:
    return [one for one in browser.find_elements("css selector", selector) if one.is_displayed()]


def test_nothing_is_refused_by_the_policy_and_nothing_fails(show: Any) -> None:
    browser = show()
    assert browser.get_log("browser") == []
    assert "Conformant" in browser.title


def test_a_link_to_a_requirement_opens_it(show: Any) -> None:
    browser = show("#stop.lifecycle.ends")
    card = browser.find_element("id", "stop.lifecycle.ends")
    assert card.get_attribute("open") is not None
    assert visible(browser, "[id='stop.lifecycle.ends'] .timeline svg")
    top = browser.execute_script("return arguments[0].getBoundingClientRect().top", card)
    assert 0 <= top < 900


def test_filters_are_kept_in_the_address(show: Any) -> None:
    browser = show()
    browser.find_element("css selector", "input[value='SHOULD']").click()
    levels = {card.get_attribute("data-level") for card in visible(browser, ".card")}
    assert levels == {"SHOULD"}
    assert browser.current_url.endswith("#level=SHOULD")
    again = show("#level=SHOULD&topic=user")
    ids = [card.get_attribute("id") for card in visible(again, ".card")]
    assert ids
    assert all(id_.startswith("stop.user.") for id_ in ids)
    again.find_element("css selector", "button[type=reset]").click()
    assert len(visible(again, ".card")) > len(ids)


def test_without_scripts_everything_can_be_read(show: Any) -> None:
    browser = show(scripts=False)
    assert not visible(browser, "form")
    cards = visible(browser, ".card")
    assert len(cards) > 50
    cards[0].find_element("css selector", "summary").click()
    assert visible(browser, ".card[open] .place")


def test_cards_are_opened_by_keyboard(show: Any) -> None:
    browser = show()
    summary = browser.find_element("css selector", ".card > summary")
    browser.execute_script("arguments[0].focus()", summary)
    summary.send_keys(" ")
    assert browser.find_element("css selector", ".card").get_attribute("open") is not None


@pytest.mark.parametrize("width", [1200, 640, 360])
def test_nothing_is_wider_than_the_window(show: Any, width: int) -> None:
    browser = show(width=width)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_it_prints(show: Any) -> None:
    printed = show().execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert printed["data"].startswith("JVBERi0")  # %PDF-


@pytest.mark.skipif(not os.environ.get("AXE_CORE"), reason="AXE_CORE does not name an axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show: Any, scheme: str) -> None:
    browser = show(scheme=scheme)
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.execute_script(Path(os.environ["AXE_CORE"]).read_text("utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((all) => done(all.violations))"
    )
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
