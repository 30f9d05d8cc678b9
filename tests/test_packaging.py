"""The package outside its checkout, and the files by which it is used elsewhere: run and linted."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.reference import Reference, Server
from conformance.reference.versions import VERSIONS
from tests.commandline import SECONDS, surroundings

ROOT = Path(__file__).resolve().parent.parent
Serving = Callable[[Reference], Server]


def _tool(name: str) -> str:
    """A program of the development tools, or of the machine."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; `python -m uv run --group dev pytest tests` brings it")
    return found


OUTSIDE = {"PYTHONPATH": ""}


def _run(*words: str, cwd: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        words,
        cwd=cwd,
        env=surroundings(**environment),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def _load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    uv = os.environ.get("UV") or _tool("uv")
    folder = tmp_path_factory.mktemp("wheel")
    built = _run(uv, "build", "--wheel", "--out-dir", str(folder), str(ROOT), cwd=folder)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in an environment of its own, which borrows nothing from here but the dependencies."""
    uv = os.environ.get("UV") or _tool("uv")
    folder = tmp_path_factory.mktemp("venv") / "v"
    python = str(folder / "bin" / "python")
    for words in (
        ("venv", "--python", sys.executable, str(folder)),
        ("pip", "install", "--no-deps", "--offline", "--python", python, str(wheel)),
    ):
        done = _run(uv, *words, cwd=folder.parent)
        assert done.returncode == 0, done.stderr
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder / "bin" / "dify-conformance"


def test_the_wheel_has_all_that_a_run_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = [path.relative_to(ROOT) for path in (ROOT / "specs").rglob("*") if path.is_file()]
    assert {f"conformance/_{path.as_posix()}" for path in ours} <= names
    assert "conformance/suites/suites.ini" in names
    assert {name for name in names if name.startswith("conformance/suites/test_")}
    assert not [name for name in names if name.startswith(("tests/", "deploy/"))]


def test_the_wheel_judges_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = _run(
        str(installed.with_name("python")),
        "-c",
        "import conformance; print(conformance.__file__)",
        cwd=tmp_path,
        **OUTSIDE,
    )
    assert str(installed.parent.parent) in where.stdout
    done = _run(str(installed), "run", cwd=tmp_path, **OUTSIDE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "reports" / "verdict.json").read_text("utf-8"))["outcome"] == "conformant"
    assert _run(str(installed), "--version", cwd=tmp_path, **OUTSIDE).stdout.startswith(
        "dify-conformance, version"
    )
    unknown = _run(str(installed), "run", "--profile", "dify-0", cwd=tmp_path, **OUTSIDE)
    assert "dify-1.12" in unknown.stderr + unknown.stdout


def _step(server: Server, folder: Path, **inputs: str) -> "subprocess.CompletedProcess[str]":
    """Do what the action does to judge, with its inputs as the runner gives them."""
    action = _load("action.yml")
    (step,) = [step for step in action["runs"]["steps"] if step.get("id") == "run"]
    given = {name: one["default"] for name, one in action["inputs"].items()} | inputs
    environment = {
        variable: given[value.removeprefix("${{ inputs.").removesuffix(" }}")]
        for variable, value in step["env"].items()
    }
    program = folder / "dify-conformance" / "bin" / "dify-conformance"
    program.parent.mkdir(parents=True)
    program.symlink_to(Path(sys.executable).with_name("dify-conformance"))
    runner = {"RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(folder / "output")}
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
    return _run(*shell, cwd=folder, **environment, **runner, **server.keys)


def test_the_action_judges_with_its_inputs(serving: Serving, tmp_path: Path) -> None:
    server = serving(VERSIONS["dify-1.16"](round_seconds=0.05))
    known = tmp_path / "known list.toml"
    known.write_text('[[deviation]]\nid = "stop.user.number"\nbecause = "old clients"\n', "utf-8")
    done = _step(
        server, tmp_path, **{"base-url": server.base_url, "scope": "contract", "baseline": known.name}
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert (tmp_path / "output").read_text("utf-8") == "exit-code=1\n"
    verdict = json.loads((tmp_path / "reports" / "verdict.json").read_text("utf-8"))
    assert verdict["narrowed"] == ["--scope contract"]
    assert {line["result"] for line in verdict["requirements"] if line["id"] == "stop.user.number"} == {
        "deviation"
    }


def test_the_inputs_of_the_action_reach_no_shell_as_text() -> None:
    for step in _load("action.yml")["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_gitlab_job_judges(serving: Serving, tmp_path: Path) -> None:
    server = serving(Reference(round_seconds=0.05))
    job = _load("deploy/gitlab-ci.yml")[".dify-conformance"]
    line = job["script"][-1]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    options = {
        "CONFORMANCE_OPTIONS": "--only stop.user.missing",
        "PATH": path,
        "DIFY_BASE_URL": server.base_url,
    }
    done = _run("bash", "-euc", line, cwd=tmp_path, **options, **server.keys)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).exists()


def test_the_container_and_the_pod_agree_and_are_not_root() -> None:
    docker = (ROOT / "Dockerfile").read_text("utf-8")
    pod = _load("deploy/kubernetes-job.yaml")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert f"USER {pod['securityContext']['runAsUser']}" in docker
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/work/reports", "/tmp"}
    assert not any("KEY" in variable["name"] for variable in container["env"])


def _dockerfile() -> list[list[tuple[str, str]]]:
    """The instructions of each stage of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = [line.partition(" ") for line in text.replace("\\\n", " ").splitlines() if line]
    starts = [number for number, line in enumerate(lines) if line[0] == "FROM"]
    ends = [*starts[1:], len(lines)]
    return [
        [(word, rest) for word, _, rest in lines[start:end]] for start, end in zip(starts, ends, strict=True)
    ]


def test_the_image_is_pinned_and_made_from_what_is_let_in() -> None:
    stages = _dockerfile()
    bases = {rest.partition(" AS ")[0] for stage in stages for word, rest in stage if word == "FROM"}
    assert len(bases) == 1
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", bases.pop())
    copied = {
        name for word, rest in stages[0] if word == "COPY" for name in rest.split()[:-1] if name != "./"
    }
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"}
    assert copied == let_in
    assert dict(stages[1])["ENTRYPOINT"] == '["dify-conformance"]'


def test_what_the_image_runs_makes_a_program_with_its_bytecode(tmp_path: Path) -> None:
    """Do here what the stages do in the image, in other folders, with this Python."""
    stage, last = map(dict, _dockerfile())
    source, target = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("conformance", "specs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    environment = dict(word.split("=") for word in stage["ENV"].split())
    environment |= {"UV_PROJECT_ENVIRONMENT": str(target), "UV_PYTHON": sys.executable, "VIRTUAL_ENV": ""}
    uv = Path(os.environ.get("UV") or _tool("uv"))
    path = os.pathsep.join([str(uv.parent), os.environ["PATH"]])
    done = _run("sh", "-euc", stage["RUN"], cwd=source, **environment, PATH=path)
    assert done.returncode == 0, done.stderr
    (package,) = target.glob("lib/python*/site-packages/conformance")
    compiled = {path.name.partition(".")[0] for path in package.glob("__pycache__/*.pyc")}
    assert {path.stem for path in package.glob("*.py")} == compiled
    assert not list(package.parent.glob("mypy"))
    path = os.pathsep.join([str(target / "bin"), os.environ["PATH"]])
    standard = last["RUN"].partition("&&")[0]
    done = _run("sh", "-euc", standard, cwd=tmp_path, PATH=path, PYTHONPYCACHEPREFIX=str(tmp_path / "pyc"))
    assert done.returncode == 0, done.stdout + done.stderr
    named = {path.name.partition(".")[0] for path in (tmp_path / "pyc").rglob("*.pyc")}
    assert {"argparse", "decoder"} <= named
    assert "test_json" not in named
    (tmp_path / "work").mkdir()
    words = [*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"]), "--only", "stop.user.missing"]
    done = _run(*words, cwd=tmp_path / "work", **OUTSIDE, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr


WORKFLOW = "deploy/github-workflow.yml"
ACTION_LINTER = ("jactionlint", "--ignore", "unpinned-uses")  # which commit to trust is the reader's to say


def _lint(*words: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Lint, with shellcheck in reach of what finds it by the path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return _run(_tool(words[0]), *words[1:], cwd=cwd, PATH=path)


@pytest.mark.parametrize(
    "words",
    [
        ("hadolint", "Dockerfile"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"),
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW),
        ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "deploy/gitlab-ci.yml"),
        ("kubernetes-validate", "--strict", "deploy/kubernetes-job.yaml"),
        ("actionlint", WORKFLOW),
        (*ACTION_LINTER, WORKFLOW),
        (*ACTION_LINTER, "action.yml"),
    ],
    ids=lambda words: f"{words[0]} {words[-1]}",
)
def test_the_linters_have_nothing_to_say(words: tuple[str, ...]) -> None:
    done = _lint(*words)
    assert done.returncode == 0, done.stdout + done.stderr


def _workflow_beside_the_action(folder: Path, old: str = "", new: str = "") -> Path:
    """The example workflow in a repository that has the action itself, with a word exchanged."""
    workflow = folder / ".github" / "workflows" / "judge.yml"
    workflow.parent.mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "action.yml").write_bytes((ROOT / "action.yml").read_bytes())
    text = (ROOT / WORKFLOW).read_text("utf-8").replace("your-org/dify-conformance@v1", "./")
    assert old in text
    workflow.write_text(text.replace(old, new), "utf-8")
    return workflow


@pytest.mark.parametrize("linter", [("actionlint",), ACTION_LINTER], ids=lambda words: words[0])
def test_the_workflow_gives_inputs_that_the_action_has(linter: tuple[str, ...], tmp_path: Path) -> None:
    workflow = _workflow_beside_the_action(tmp_path)
    done = _lint(*linter, str(workflow), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("linter", [("actionlint",), ACTION_LINTER], ids=lambda words: words[0])
@pytest.mark.parametrize(("old", "new"), [("profile:", "profil:"), ("matrix.target", "matrix.tagret")])
def test_the_linters_see_a_slip(linter: tuple[str, ...], old: str, new: str, tmp_path: Path) -> None:
    workflow = _workflow_beside_the_action(tmp_path, old, new)
    done = _lint(*linter, str(workflow), cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert new.removeprefix("matrix.").removesuffix(":") in done.stdout
