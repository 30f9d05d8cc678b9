"""The profiles: what versions of Dify are known to do against the contract, and which one a target is like."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.baseline import NOTHING_KNOWN, Baseline, read_baseline
from conformance.exchange import Exchange
from conformance.requirements import Catalogue
from conformance.resources import specs_dir
from conformance.target import UsageError
from conformance.verdict import Result

AUTO, NONE = "auto", "none"
FOLDER = "profiles"
VERSION_HEADER = "x-version"


@dataclass(frozen=True)
class Profile:
    """What a version is known to do; ``version`` is the one that was recorded, such as 1.12.1."""

    name: str
    version: str
    known: Baseline


@dataclass(frozen=True)
class Choice:
    """The profile that a target is judged against, if any, and why that one."""

    profile: Profile | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """The name of the profile."""
        return self.profile.name if self.profile else NONE

    @property
    def known(self) -> Baseline:
        """What the profile knows."""
        return self.profile.known if self.profile else NOTHING_KNOWN

    def surpassed(self, results: Iterable[Result]) -> list[str]:
        """What of these results holds, though the version is known always to fail in it."""
        failing = {entry.id for entry in self.known.entries if not entry.flaky}
        return [result.id for result in results if result.result == "pass" and result.id in failing]


def profile_names() -> list[str]:
    """The names of the profiles, the oldest version first."""
    files = (specs_dir() / FOLDER).glob("*.toml")
    return sorted((file.stem for file in files), key=_numbers)


def load_profile(name: str, catalogue: Catalogue) -> Profile:
    """The profile of that name; raises UsageError."""
    names = profile_names()
    if name not in names:
        raise UsageError(
            f"There is no profile {name!r}. Give {', '.join(names)}, {AUTO} (by the header X-Version) or {NONE}."
        )
    path: Path = specs_dir() / FOLDER / f"{name}.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    listed = read_baseline(table, catalogue, str(path)).entries
    known = Baseline(tuple(replace(entry, binding=False) for entry in listed))
    return Profile(name, str(table["version"]), known)


def choose_profile(name: str, catalogue: Catalogue, exchanges: Iterable[Exchange]) -> Choice:
    """The profile of that name, or with ``auto`` the one for the version that the answers give."""
    if name == NONE:
        return Choice()
    if name != AUTO:
        return Choice(load_profile(name, catalogue), "as asked")
    seen = versions_in(exchanges)
    if len(seen) != 1:
        told = f"the answers give {len(seen)} versions ({', '.join(seen)})" if seen else "no answer gives one"
        return Choice(None, f"by the header X-Version: {told}")
    for candidate in profile_names():
        if candidate == "dify-" + ".".join(seen[0].split(".")[:2]):
            return Choice(load_profile(candidate, catalogue), f"by the header X-Version: {seen[0]}")
    return Choice(None, f"by the header X-Version: there is none for {seen[0]}{_before(seen[0])}")


def _before(version: str) -> str:
    """Which profile to try for a version that has none: the last one before it."""
    older = [name for name in profile_names() if _numbers(name) <= _numbers(version)]
    return f"; --profile {older[-1]} is the last before it" if older else ""


def _numbers(version: str) -> list[int]:
    return [*map(int, re.findall(r"\d+", version))]


def versions_in(exchanges: Iterable[Exchange]) -> list[str]:
    """The versions that answers give, each once."""
    given = (x.response.header(VERSION_HEADER) for x in exchanges if x.response)
    return list(dict.fromkeys(version for version in given if version))
