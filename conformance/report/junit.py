"""``junit.xml``: the verdict for the test tab of continuous integration, never greener and never redder than the gate."""

import re
from xml.etree import ElementTree as ET

from conformance.report.evidence import Evidence
from conformance.verdict import Result

SUITE = "dify-conformance"
VERDICT = "verdict"  # the case that tells of the gate itself
# What fails the run is a failure. The rest of what did not pass is skipped, with its reason: a warning would else be green.
ELEMENTS = {"fail": "failure", "stale": "failure", "error": "error"}
UNKNOWN = 0.0  # seconds: requirements are judged by requests that they share, and readers want a number


def junit(evidence: Evidence) -> str:
    """The results, and the verdict as a case of its own."""
    summary = evidence.summary
    observed = {line["id"]: line["value"] for line in summary["observations"]}
    cases = [_requirement(evidence, result, observed.get(result.id)) for result in evidence.results]
    cases.append(_verdict(summary["outcome"], summary["summary"], summary["seconds"]))
    about = {
        "tests": str(len(cases)),
        **{
            name: str(sum(case.find(element) is not None for case in cases))
            for name, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
        },
        "time": _seconds(summary["seconds"]),
    }
    root = _element(None, "testsuites", name=SUITE, **about)
    suite = _element(root, "testsuite", name=SUITE, timestamp=summary["started"], **about)
    suite.extend(cases)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _requirement(evidence: Evidence, result: Result, observation: str | None) -> ET.Element:
    case = _case(result.id, result.topic, UNKNOWN)
    about = {
        "requirement": result.id,
        "level": result.level,
        "result": result.result,
        "title": result.title,
        **({} if observation is None else {"observation": observation}),
    }
    properties = _element(case, "properties")
    for name, value in about.items():
        _element(properties, "property", name=name, value=value)
    if result.result != "pass":
        element = ELEMENTS.get(result.told, "skipped")
        told = f"{result.told}: {result.reason or result.title}"
        _element(case, element, f"{told}\ncontract: {evidence.place(result)}", type=result.told, message=told)
    return case


def _verdict(outcome: str, summary: str, seconds: float) -> ET.Element:
    """Green where the gate is open; an error where it is shut though no requirement has failed."""
    case = _case(VERDICT, VERDICT, seconds)
    told = f"{outcome}: {summary}"
    if outcome == "not conformant":
        _element(case, "skipped", type=outcome, message=f"{told}; the failures tell which")
    elif outcome != "conformant":
        _element(case, "error", told, type=outcome, message=told)
    return case


def _case(name: str, topic: str, seconds: float) -> ET.Element:
    return _element(None, "testcase", name=name, classname=topic, time=_seconds(seconds))


def _element(parent: ET.Element | None, tag: str, text: str = "", /, **attributes: str) -> ET.Element:
    clean = {name: _allowed(value) for name, value in attributes.items()}
    made = ET.Element(tag, clean) if parent is None else ET.SubElement(parent, tag, clean)
    made.text = _allowed(text) or None
    return made


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _allowed(text: str) -> str:
    """The text with characters that XML 1.0 has no way to write told by their numbers."""
    return _FORBIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text)


def _seconds(number: float) -> str:
    return f"{number:.3f}"
