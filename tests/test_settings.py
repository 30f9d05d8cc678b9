"""Whom a run is about, as options, environment and file say it, and what is wrong with what they say."""

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from werkzeug.wrappers import Response

from conformance.contract import load_contract
from conformance.reference import App, Reference, Request
from conformance.scenarios import CLOSING, director
from conformance.settings import read_target
from conformance.target import Target, UsageError
from tests.commandline import surroundings
from tests.judged import Judge
from tests.test_bad_input import HTML, KEY, REFUSED, answering, read_head

Serving = Callable[[Reference], Any]
Listening = Callable[[Callable[[socket.socket], None]], int]
URL = "http://127.0.0.1:1/v1"
TABLE = f'[target.a]\nbase_url = "{URL}"\n'


def described(folder: Path, text: str, environment: Mapping[str, str] = {}, **more: Any) -> Target | None:
    config = folder / "targets.toml"
    config.write_text(text, "utf-8")
    return read_target(environment, config=config, **more)


@pytest.mark.parametrize(
    ("words", "env", "text", "said"),
    [
        (("--base-url", ""), {}, "", "--base-url is empty"),
        ((), {"DIFY_BASE_URL": ""}, "", "DIFY_BASE_URL is empty"),
        (("--target", "a"), {}, "[target.a]\n", "no base_url"),
        ((), {}, "[target.a]\n", "no base_url"),
        ((), {}, f"{TABLE}[target.b]\nbase_url = '{URL}'\n", "several targets: a, b"),
        (("--config", "dify-conformance.toml"), {}, "", "has no target"),
        (("--target", "a", "--target", "nobody"), {}, TABLE, "no target 'nobody'"),
        (("--recording", "run.jsonl", "--base-url", URL), {}, "", "--base-url says whom to ask"),
        (("--only", ""), {}, "", "no requirement's id begins so"),
        (("--only", "user,auth"), {}, "", "Give several as --only ID --only ID"),
        ((URL,), {}, "", "without --base-url"),
        (("--", "-k", "nothing_like_it"), {}, "", "No requirement is chosen"),
    ],
)
def test_what_names_no_target_judges_none(
    judge: Judge, tmp_path: Path, words: tuple[str, ...], env: Mapping[str, str], text: str, said: str
) -> None:
    (tmp_path / "dify-conformance.toml").write_text(text, "utf-8")
    (tmp_path / "run.jsonl").touch()
    if not text and "--config" not in words:
        (tmp_path / "dify-conformance.toml").unlink()
    judged = judge(*words, env=env)
    assert judged.exit_code == 2, judged.output
    assert said in judged.output
    assert "conformant:" not in judged.output


def test_keys_and_headers_of_a_table_go_to_its_own_server_only(
    judge: Judge, listening: Listening, tmp_path: Path
) -> None:
    heads: list[bytes] = []

    def note(connection: socket.socket) -> None:
        while head := read_head(connection):
            heads.append(head)
            connection.sendall(REFUSED)

    url = f"http://127.0.0.1:{listening(note)}/v1"
    more = 'keys = { DIFY_API_KEY = "STAGING" }\nheaders = { X-Gateway = "gateway-secret" }\n'
    (tmp_path / "dify-conformance.toml").write_text(TABLE + more, "utf-8")
    env = {"STAGING": "app-key-of-staging", "DIFY_API_KEY": "app-key-of-another"}
    judged = judge("--base-url", url, env=env)
    assert "dify-conformance.toml is not used" in judged.output
    assert not [head for head in heads if b"gateway-secret" in head or b"app-key-of-staging" in head]
    assert any(b"app-key-of-another" in head for head in heads)
    heads.clear()
    assert "is not used" not in judge("--base-url", url, "--target", "a", env=env).output
    assert all(b"gateway-secret" in head for head in heads)
    assert any(b"app-key-of-staging" in head for head in heads)


def test_a_url_that_is_given_and_stands_in_the_table_means_the_table(tmp_path: Path) -> None:
    found = described(tmp_path, TABLE + "run_seconds = 7\n", {"DIFY_BASE_URL": URL + "/"})
    assert found is not None
    assert found.run_seconds == 7.0
    assert not found.remarks


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy"])
def test_a_proxy_of_the_environment_is_not_used_and_that_is_said(tmp_path: Path, name: str) -> None:
    environment = {name: "http://proxy.example:3128"}
    text = '[target.a]\nbase_url = "https://dify.example/v1"\n'
    far, through = described(tmp_path, text, environment), 'proxy = "http://proxy.example:3128"\n'
    assert far is not None
    assert [name.upper() in remark for remark in far.remarks] == [True]
    for quiet in (described(tmp_path, text + through, environment), described(tmp_path, TABLE, environment)):
        assert quiet is not None
        assert not quiet.remarks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('proxy = "garbage"', "proxy"),
        ("proxy = 5", "proxy"),
        ('proxy = "http://[::1"', "proxy"),
        ('proxy = "socks5://proxy.example:1080"', "with http or https"),
        ('headers = { "Bad Name" = "x" }', "Bad Name"),
        ('headers = { X-A = "a\\nb" }', "X-A"),
        ('headers = { authorization = "x" }', "keys of apps"),
        ("inputs = { rounds = 2021-01-01 }", "inputs"),
        ("inputs = { rounds = inf }", "inputs"),
        ('run_seconds = "x"', "run_seconds"),
        ("run_seconds = -5", "run_seconds"),
        ("run_seconds = nan", "run_seconds"),
        ("limits = { max_requests = 20.5 }", "limits.max_requests = 20.5 is not a whole number"),
        ("limits = { together = 2.5 }", "whole number"),
        ("limits = { rate = -1 }", "0 or more"),
        ("deadlines = { stop = true }", "deadlines.stop"),
        ("tls = { insecure = 1 }", "true or false"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        described(tmp_path, TABLE + text)


def test_an_option_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--rate -1"):
        described(tmp_path, TABLE, changes={"rate": -1})
    with pytest.raises(UsageError, match=r"^--stop-deadline 0"):
        described(tmp_path, TABLE, changes={"stop": 0})


class HasAnEndlessDefault(Reference):
    """Tells of an input whose default is more than a number can be."""

    def do_parameters(self, request: Request, app: App) -> Response:
        number = '{"number": {"variable": "rounds", "required": false, "default": 1e999}}'
        return Response(f'{{"user_input_form": [{number}]}}', content_type="application/json")


def test_a_form_with_an_endless_number_holds_nobody_up(judge: Judge, serving: Serving) -> None:
    server = serving(HasAnEndlessDefault(round_seconds=0.05))
    judged = judge("--base-url", server.base_url, "--only", "success", env=server.keys)
    assert judged.exit_code == 0, judged.output
    assert judged.verdict["narrowed"] == ["--only stop.success"]


def test_whoever_waits_for_a_session_that_crashed_is_told(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(director, "choose_inputs", crash)
    server = serving(Reference())
    target = Target(server.base_url, keys=server.keys)
    playing = director.Director(target, load_contract(), director.Unrecorded())
    playing.start(["finished"])
    try:
        for name in ("plain", "finished", CLOSING.name):
            crashed = playing.trace(name).crashed
            assert crashed is not None
            assert "ZeroDivisionError" in crashed
    finally:
        playing.close()


def test_a_reader_who_goes_away_changes_no_verdict(tmp_path: Path) -> None:
    words = ("run", "--only", "stop.success", "--reports", str(tmp_path / "reports"))
    program = [sys.executable, "-m", "conformance", *words]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=surroundings()
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        told = running.stderr.read().decode()
        assert running.wait(60) == 0, told
    assert not told


def test_pages_instead_of_the_api_are_noticed_before_much_is_sent(judge: Judge, serving: Serving) -> None:
    server = serving(Reference())
    judged = judge("--base-url", server.base_url.removesuffix("/v1"), env=server.keys)
    assert judged.exit_code == 4, judged.output
    assert judged.verdict["requests"] < 15


def test_without_the_key_the_last_line_says_so(judge: Judge, serving: Serving, listening: Listening) -> None:
    quick = ("--only", "stop.user", "--effort", "quick")
    assert (
        judge("--base-url", serving(Reference()).base_url, *quick)
        .output.rstrip()
        .endswith("DIFY_API_KEY is not set")
    )
    pages = judge("--base-url", f"http://127.0.0.1:{listening(answering(HTML))}/v1", *quick, env=KEY)
    assert "is not set" not in pages.output.rstrip().splitlines()[-1]


def test_with_the_key_of_another_app_the_last_line_says_so(judge: Judge, serving: Serving) -> None:
    server = serving(Reference())
    swapped = {"DIFY_API_KEY": server.keys["DIFY_CHAT_API_KEY"]}
    judged = judge("--base-url", server.base_url, "--only", "stop.success", "--effort", "quick", env=swapped)
    assert judged.exit_code == 3, judged.output
    told = "DIFY_API_KEY is the key of an app of mode chat, give that of a workflow app"
    assert judged.output.rstrip().endswith(told)


def test_of_several_tables_the_one_with_the_given_url_is_meant(tmp_path: Path) -> None:
    other = "http://127.0.0.1:2/v1"
    text = f'{TABLE}[target.b]\nbase_url = "{other}"\nrun_seconds = 7\n'
    found = described(tmp_path, text, base_url=other)
    assert found is not None
    assert found.run_seconds == 7.0
    with pytest.raises(UsageError, match="several targets"):
        described(tmp_path, text, base_url="http://127.0.0.1:3/v1")


def test_an_empty_target_is_none() -> None:
    with pytest.raises(UsageError, match="--target is empty"):
        read_target({}, name="")


@pytest.mark.parametrize(
    "text",
    [
        'keys = { DIFY_API_KEY = "app-s3cret" }',
        'keys = { app-s3cret = "DIFY_API_KEY" }',
        'headers = { X-Token = "$s3cret-$" }',
    ],
)
def test_a_secret_in_the_place_of_a_name_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="name") as refused:
        described(tmp_path, TABLE + text)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("key", ['"app-s3cret"', "'app-s3cret'", 'app-s3cret"', "app-s3 cret"])
def test_a_key_with_more_than_the_key_is_refused_and_not_told(tmp_path: Path, key: str) -> None:
    with pytest.raises(UsageError, match="without quotes") as refused:
        described(tmp_path, TABLE, {"DIFY_API_KEY": key})
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://u:s3cr#t@h/v1",
        "htps://u:s3cret@h",
        "https://h/v1?api_key=s3cret",
        "app-s3cret",
        "app-s3cret.x",
        "s3cret",
        "S3cret.s3cr",
    ],
)
def test_a_url_that_may_carry_a_secret_is_not_told(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_target({}, base_url=url)
    assert "s3cr" not in str(refused.value)


class _FullDisk(director.Unrecorded):
    def scenario(self, trace: object) -> None:
        raise OSError(28, "No space left on device")


def test_nobody_waits_for_what_cannot_be_recorded(serving: Serving) -> None:
    server = serving(Reference(round_seconds=0.05))
    playing = director.Director(Target(server.base_url, keys=server.keys), load_contract(), _FullDisk())
    playing.start(["finished"])
    try:
        assert all(playing.trace(name).scenario == name for name in ("reach", "plain", CLOSING.name))
    finally:
        playing.close()
