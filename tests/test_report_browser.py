"""The pages in a real browser: under their own policy, with and without JavaScript, for eyes, keys and readers."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import AXE, LATE_NODE, Browser

axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci --prefix tests/browser")

LOOKS = [("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390)]
SPACE, ENTER, TAB = " ", "\ue007", "\ue004"


def card(window: Browser, id_: str) -> Any:
    return window.driver.find_element("id", id_)


def verdict(page: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.with_name("verdict.json").read_text("utf-8"))
    return found


# a file of its own -------------------------------------------------------------------------------------------


def test_nothing_is_refused_by_the_policy_and_nothing_else_is_asked_for(window: Browser, each: Path) -> None:
    window.show(each)
    window.unfold()
    assert window.complaints() == []
    assert window.requested() == [each.as_uri()]


def test_the_policy_refuses_what_is_not_ours(window: Browser, each: Path) -> None:
    window.show(each)
    refused = window.driver.execute_async_script(
        """const done = arguments[0], refused = [];
        addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
        const script = document.createElement("script");
        script.textContent = "window.foreign = true";
        const image = document.createElement("img");
        image.src = "http://127.0.0.1:9/";
        const style = document.createElement("style");
        style.textContent = "body { color: red }";
        document.body.append(script, image, style);
        fetch("http://127.0.0.1:9/").catch(() => setTimeout(() => done([window.foreign, refused.sort()]), 100));"""
    )
    assert refused == [None, ["connect-src", "img-src", "script-src-elem", "style-src-elem"]]


@pytest.mark.parametrize("width", [1200, 640, 390, 320])
def test_nothing_is_wider_than_the_window(window: Browser, each: Path, width: int) -> None:
    window.show(each, width=width)
    window.unfold()
    assert window.run("return document.documentElement.scrollWidth") <= width


# what is on it -----------------------------------------------------------------------------------------------


def test_the_outcome_and_its_circumstances_are_on_top(window: Browser, good: Path) -> None:
    window.show(good)
    said, top = verdict(good), window.one("header").text
    assert said["outcome"].capitalize() in window.driver.title
    for part in (
        said["outcome"].capitalize(),
        said["target"]["base_url"],
        "reference",  # what X-Version says
        "workflow",
        f"{said['suite']['name']} {said['suite']['version']}",
        said["document"]["version"],
        said["document"]["sha256"],
        said["started"][:10],
        f"{said['effort']}, {said['seed']}",
    ):
        assert part in top
    assert window.one("header h1").rect["y"] < 200


def test_results_are_counted_by_level_and_topic(window: Browser, good: Path) -> None:
    window.show(good)
    rows = [line.text.split() for line in window.all(".matrix tbody tr")]
    numbers = [sum(int(word) for word in row if word.isdecimal()) for row in rows]
    results = verdict(good)["requirements"]
    levels = Counter(line["level"] for line in results)
    assert numbers[-3:] == [levels[name] for name in ("MUST", "SHOULD", "MAY")]
    assert sorted(numbers[:-3]) == sorted(Counter(line["id"].split(".")[1] for line in results).values())


def test_a_failure_shows_all_its_evidence(window: Browser, bad: Path) -> None:
    window.show(bad)
    assert window.one(".findings a").get_attribute("href").endswith(f"#{LATE_NODE}")
    assert LATE_NODE in window.cards("[open]")
    one = card(window, LATE_NODE).text
    for part in (
        "no node or round starts after",
        "openapi.yaml#",
        "Seen",
        "POST /v1/workflows/tasks/",
        "200 OK",
        "curl -sS",
    ):
        assert part in one
    assert "finishes-the-loop-first" in one, "the specimen that it looks like"
    drawn = {
        kind: len(window.all(f"[id='{LATE_NODE}'] .timeline .{kind}"))
        for kind in ("acknowledged", "node", "terminal", "grace", "violated", "moment", "deadline")
    }
    assert all(drawn.values()), drawn
    assert "stop answered 200 at" in window.one(f"[id='{LATE_NODE}'] .timeline figcaption").text


def test_what_passed_shows_its_evidence_too(window: Browser, good: Path) -> None:
    window.show(good)
    window.unfold()
    without = window.run(
        """return [...document.querySelectorAll(".card[data-result=pass]")]
        .filter((one) => !one.querySelector(".exchange .curl, .note a")).map((one) => one.id)"""
    )
    assert without == []
    assert len(window.all(".card .timeline svg")) > 20


def test_the_run_is_charted(window: Browser, good: Path) -> None:
    window.show(good)
    bars, dots = window.all(".charts .bar"), window.all(".charts .dots circle")
    assert bars
    assert len(dots) > 50
    assert window.all(".charts .median")
    assert "acknowledged" in window.one("section[aria-labelledby=times] .note").text


def test_light_and_dark_are_two_designs(window: Browser, each: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        window.show(each, scheme=scheme)
        colours.append(window.run("return getComputedStyle(document.body).backgroundColor"))
    light, dark = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert light > 700
    assert dark < 100


# links and filters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id_", ["stop.lifecycle.ends", "stop.success.status", "stop.robust.drawn"])
def test_a_link_to_a_requirement_opens_it(window: Browser, good: Path, id_: str) -> None:
    window.show(good, f"#{id_}")
    assert window.cards("[open]") == {id_}
    top = window.run("return arguments[0].getBoundingClientRect().top", card(window, id_))
    assert window.one("form").rect["height"] <= top < 600, "below the filters, which stay"


def test_a_link_leads_out_of_a_filter(window: Browser, bad: Path) -> None:
    window.show(bad, "#result=pass")
    assert LATE_NODE not in window.cards()
    window.one(".findings a").click()
    window.wait(lambda: LATE_NODE in window.cards("[open]"))
    assert window.driver.current_url.endswith(f"#{LATE_NODE}")


@pytest.mark.parametrize(("name", "value"), [("level", "SHOULD"), ("topic", "user"), ("result", "observed")])
def test_filters_are_kept_in_the_address(window: Browser, good: Path, name: str, value: str) -> None:
    window.show(good)
    every = window.cards()
    window.one(f"input[name={name}][value={value}]").click()
    chosen = window.cards()
    assert chosen < every
    assert window.driver.current_url.endswith(f"#{name}={value}")
    assert window.one("#shown").text == f"{len(chosen)} of {len(every)} shown"
    window.driver.refresh()
    assert window.cards() == chosen
    assert window.one(f"input[value={value}]").is_selected()
    window.one("button[type=reset]").click()
    assert window.cards() == every


def test_filters_are_combined(window: Browser, good: Path) -> None:
    window.show(good, "#level=SHOULD&level=MAY&topic=user&topic=lifecycle")
    found = {
        (one.get_attribute("data-level"), one.get_attribute("id").split(".")[1])
        for one in window.all(".card")
    }
    assert found == {("SHOULD", "user"), ("SHOULD", "lifecycle"), ("MAY", "lifecycle")}


# without eyes, hands or scripts ------------------------------------------------------------------------------


def test_without_scripts_everything_can_be_read(window: Browser, good: Path) -> None:
    window.show(good, scripts=False)
    assert not window.all("form")
    assert len(window.all(".card")) == len(verdict(good)["requirements"])
    window.all(".card > summary")[0].click()
    window.all(".exchange > summary")[0].click()
    assert "curl -sS" in window.one(".card[open] .exchange[open] .curl").text


def test_everything_is_reached_and_used_by_keyboard(window: Browser, good: Path) -> None:
    window.show(good)
    window.press(TAB, ENTER)  # skip to the requirements
    reached: list[dict[str, Any]] = []
    for _ in range(250):
        window.press(TAB)
        now = window.run(
            """const one = document.activeElement, box = one.getBoundingClientRect();
            const over = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, 20) / 2);
            return {what: one.value || one.id || (one.closest("details") || one).id, tag: one.localName,
              outline: getComputedStyle(one).outlineStyle, seen: !!over && (one.contains(over) || over.contains(one))}"""
        )
        if now["tag"] == "body":
            break
        reached.append(now)
    names = [one["what"] for one in reached]
    assert set(window.cards()) <= set(names)
    assert {box.get_attribute("value") for box in window.all("form input")} <= set(names)
    assert {"reset", "button"} <= {one.get_attribute("type") for one in window.all("form button")}
    assert [one for one in reached if not one["seen"] or one["outline"] == "none"] == []


@pytest.mark.parametrize("key", [SPACE, ENTER])
def test_cards_and_exchanges_are_opened_by_keyboard(window: Browser, good: Path, key: str) -> None:
    window.show(good)
    for selector in (".card", ".card[open] .exchange"):
        window.run("document.querySelector(arguments[0] + ' > summary').focus()", selector)
        window.press(key)
        assert window.run("return document.activeElement.parentElement.open") is True
    window.press(key)
    assert window.run("return document.activeElement.parentElement.open") is False


def test_filters_are_used_by_keyboard(window: Browser, good: Path) -> None:
    window.show(good)
    every = window.cards()
    window.run("document.querySelector('input[value=MAY]').focus()")
    window.press(SPACE)
    assert len(window.cards()) < len(every)
    window.run("document.querySelector('button[type=reset]').focus()")
    window.press(ENTER)
    assert window.cards() == every
    window.press(TAB, ENTER)
    assert window.cards("[open]") == every


@axe
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_axe_finds_nothing(window: Browser, each: Path, scheme: str, width: int) -> None:
    window.show(each, scheme=scheme, width=width)
    window.unfold()
    assert window.violations() == []


# on paper ----------------------------------------------------------------------------------------------------


def test_paper_shows_what_is_closed_on_the_screen(window: Browser, bad: Path) -> None:
    visible = """return [...document.querySelectorAll(arguments[0])]
        .filter((one) => one.checkVisibility({contentVisibilityAuto: true, contentVisibilityProperty: true})).length"""
    window.show(bad)
    assert window.run(visible, ".place") < len(verdict(bad)["requirements"])
    window.show(bad, media="print")
    assert window.run(visible, ".place") == window.run("return document.querySelectorAll('.card').length")
    assert window.run(visible, ".k-fail .curl") == window.run(
        "return document.querySelectorAll('.k-fail .curl').length"
    )
    assert window.run(visible, "form") == 0


def test_it_prints(window: Browser, good: Path) -> None:
    window.show(good, scheme="dark")
    paper = window.printed()
    assert paper.startswith(b"%PDF-")
    assert 10 < len(re.findall(rb"/Type\s*/Page\b", paper)) < 40
