"""The requests that scenarios send, as the contract of the target writes them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.contract import Contract
from conformance.exchange import Headers, Request
from conformance.masking import placeholder
from conformance.target import OWNER_KEY, Target

JSON_HEADERS: Headers = (("Content-Type", "application/json"),)
ACCEPT: Headers = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
    ("User-Agent", "dify-conformance"),
)


IDENTITY = ("Accept-Encoding", "identity")


def uncompressed(request: Request) -> Request:
    """The request with an answer asked for that is not compressed."""
    kept = (header for header in request.headers if header[0] != IDENTITY[0])
    return replace(request, headers=(*kept, IDENTITY))


def user_of(scenario: str) -> str:
    """In whose name a scenario starts and stops its runs."""
    return f"conformance-{scenario.replace('_', '-')}"


class Requests:
    """Builds the requests of one scenario."""

    def __init__(self, target: Target, contract: Contract, user: str) -> None:
        """``user`` is whose runs are started and stopped unless another is named."""
        self.target = target
        self.contract = contract
        self.user = user
        prefix = contract.stop.path.partition("/workflows/")[0]  # some editions write /v1 into their paths
        self._base_url = target.base_url.removesuffix(prefix)

    @property
    def stranger(self) -> str:
        """Another user of the same app, whose name does not tell that of the first."""
        return self.user.replace("conformance", "conformance-stranger", 1)

    @property
    def fixed_headers(self) -> frozenset[str]:
        """The names, in lower case, of the headers that the target's settings add to every request."""
        return frozenset(name.lower() for name, _ in self.target.extra_headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        key: str | None = placeholder(OWNER_KEY),
        headers: Headers = (),
        body: bytes = b"",
    ) -> Request:
        """A request below the base URL; ``key`` is what follows ``Bearer``, None for no such header."""
        known = key is not None and (key != placeholder(OWNER_KEY) or OWNER_KEY in self.target.keys)
        authorization: Headers = (("Authorization", f"Bearer {key}"),) if known else ()
        given = {name.lower() for name, _ in headers}
        usual = tuple((name, value) for name, value in ACCEPT if name.lower() not in given)
        extra = tuple((name, placeholder(shown)) for name, shown in self.target.extra_headers)
        url = self._base_url + path
        return Request(method, url, (*authorization, *headers, *usual, *extra), body, len(body))

    def stop_request(
        self,
        task: str,
        *,
        user: object = None,
        key: str | None = placeholder(OWNER_KEY),
        headers: Headers = JSON_HEADERS,
        body: bytes | None = None,
        query: str = "",
    ) -> Request:
        """The request that stops ``task``; without ``body`` it is a JSON object with ``user``."""
        content = json_bytes({"user": user or self.user}) if body is None else body
        path = self.contract.stop.url_path(task) + query
        return self.request(self.contract.stop.method, path, key=key, headers=headers, body=content)

    def run_request(self, inputs: Mapping[str, Any], user: str, mode: str, key: str = OWNER_KEY) -> Request:
        """The request that starts a run."""
        body = json_bytes({"inputs": inputs, "response_mode": mode, "user": user})
        operation = self.contract.run
        return self.request(
            operation.method, operation.url_path(), key=placeholder(key), headers=JSON_HEADERS, body=body
        )


def json_bytes(value: object) -> bytes:
    """The value as UTF-8 JSON."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
