"""Sends well-formed requests over one connection pool and records each answer or fault with its time."""

import ssl
import time
from dataclasses import replace

import httpcore
import httpx

from conformance.exchange import Fault, FaultKind, Request, Response
from conformance.masking import Secrets
from conformance.probe.budget import Budget
from conformance.probe.reply import Clock, Keyless, Reply
from conformance.probe.transport import BoundedTransport, until
from conformance.target import Target, UsageError

IDLE = 4  # connections kept open between requests; a default Dify serves ten in all, one for each stream
KEPT = 1 << 14  # bytes of an answer that is too large to be judged
CLOSED = (  # in the words of httpcore, and of h11 where it saw the end of a connection first
    "without sending a response",
    "ConnectionClosed when role=SERVER and state=SEND_RESPONSE",
)
TRANSPORT_ERRORS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.RemoteProtocolError,
    httpcore.ProxyError,
    httpx.DecodingError,
)


class HttpProbe:
    """Speaks to one target; thread-safe."""

    def __init__(self, target: Target, budget: Budget) -> None:
        self.target = target
        self.budget = budget
        self.secrets: Secrets = target.secrets
        self.keyless = Keyless(self.secrets)
        connections = target.limits.concurrency + target.limits.together + 24
        tls = tls_context(target)
        # The pool counts those in use, too: with fewer, hardly any is kept while several are.
        idle = max(IDLE, target.limits.concurrency)
        self._transport = BoundedTransport(tls, target.proxy, connections, idle=idle)
        # A stream is left by cutting its connection, which must not have been handed on by then.
        self._unshared = BoundedTransport(tls, target.proxy, connections, idle=0)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()
        self._unshared.close()

    def send(self, request: Request, clock: Clock, *, drawn: bool = False) -> Reply:
        """Send a request and read its whole answer, within the deadline for answers; raises ProbeStopped."""
        self.budget.take(drawn=drawn)
        return self._once_more_if_stale(request, clock, self.target.deadlines.answer)

    def send_regardless(self, request: Request, clock: Clock, *, seconds: float) -> Reply:
        """As ``send``, also when the budget is spent: for the stop of a run that would be left behind."""
        self.budget.take_one_more()
        return self._once_more_if_stale(request, clock, seconds)

    def _once_more_if_stale(self, request: Request, clock: Clock, seconds: float) -> Reply:
        """A server may close an idle connection at any time, and a reset of a reused one proves nothing."""
        reply, reused = self._exchange(request, clock, seconds)
        if reused and reply.fault and reply.fault.kind == "reset" and reply.response is None:
            again, _ = self._exchange(
                request, clock, seconds, alone=True
            )  # another idle one may be stale, too
            reply = replace(again, sent_at=reply.sent_at, resent=True)  # the first may have had its effect
        self.budget.note(
            reply.fault is not None and reply.response is None
        )  # half an answer is a sign of life
        return reply

    def _exchange(
        self, request: Request, clock: Clock, seconds: float, *, alone: bool = False
    ) -> tuple[Reply, bool]:
        journey = Journey()
        sent_at = clock()
        answered_at: float | None = None
        head: httpx.Response | None = None
        received = bytearray()
        fault: Fault | None = None
        try:
            deadline = time.monotonic() + seconds
            head = (
                self.begin_alone(request, deadline, deadline)
                if alone
                else self.begin(request, deadline, journey)
            )
            answered_at = clock()
            fault = self._read(head, received, clock)
        except TRANSPORT_ERRORS as error:
            fault = self.fault(error, clock())
        finally:
            if head is not None:
                head.close()
        response = self.response(head, bytes(received), complete=fault is None) if head is not None else None
        return Reply(sent_at, clock(), response, answered_at, fault), journey.reused

    def _read(self, head: httpx.Response, received: bytearray, clock: Clock) -> Fault | None:
        limit = self.target.limits.body
        for chunk in head.iter_bytes():
            received += chunk
            self.budget.receive(len(chunk))
            if len(received) > limit:
                del received[KEPT:]
                return Fault(
                    "too large", clock(), f"the answer is longer than {limit} bytes; the rest was not read"
                )
        return None

    def begin_alone(self, request: Request, head_by: float, body_by: float) -> httpx.Response:
        """As ``begin``, over a connection that nothing else uses, before or after; raises transport errors.

        The head must be there by one deadline, the body may last until another.
        """
        prepared = self._prepared(request, head_by, Journey())
        head = self._unshared.handle_request(prepared)
        prepared.extensions["timeout"]["read"] = body_by  # httpcore reads it anew for the body
        return head

    def begin(self, request: Request, deadline: float, journey: "Journey | None" = None) -> httpx.Response:
        """Send a request and read the head of its answer; the caller reads and closes the body."""
        return self._transport.handle_request(self._prepared(request, deadline, journey or Journey()))

    def _prepared(self, request: Request, deadline: float, journey: "Journey") -> httpx.Request:
        target = "/" + self.secrets.reveal(request.url).split("/", 3)[3]
        headers = [
            (name.encode("latin-1"), self.secrets.reveal(value).encode("utf-8"))
            for name, value in request.headers
        ]
        extensions = {
            "timeout": until(deadline, self.target.deadlines.connect),
            "target": target.encode("latin-1"),
            "trace": journey.note,
        }
        body = self._reveal_body(request.body)
        return httpx.Request(
            request.method, self.target.base_url, headers=headers, content=body, extensions=extensions
        )

    def _reveal_body(self, body: bytes) -> bytes:
        return self.secrets.reveal(body.decode("latin-1")).encode("latin-1") if b"$" in body else body

    def response(self, head: httpx.Response, body: bytes, complete: bool) -> Response:
        """The record of an answer, keys replaced by their names."""
        reason = head.extensions.get("reason_phrase", b"").decode("latin-1")
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw)
        return self.keyless.response(head.status_code, reason, headers, body, complete)

    def fault(self, error: Exception, at: float) -> Fault:
        """The record of a transport error, keys replaced by their names."""
        return self.keyless.fault(fault_of(error, at))


class Journey:
    """Whether an exchange made a connection of its own."""

    def __init__(self) -> None:
        self.reused = True

    def note(self, name: str, _info: dict[str, object]) -> None:
        """Called by httpcore at each step of an exchange."""
        if name == "connection.connect_tcp.started":
            self.reused = False


def tls_context(target: Target) -> ssl.SSLContext | None:
    """How certificates are verified, None for plain HTTP; raises UsageError for files that cannot be used."""
    if not target.base_url.startswith("https:"):
        return None
    try:
        context = httpx.create_ssl_context(verify=not target.tls.insecure)
        if target.tls.ca:
            context.load_verify_locations(cafile=target.tls.ca)
        if target.tls.certificate:
            context.load_cert_chain(target.tls.certificate, target.tls.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"The certificate files of the table tls (or --ca) cannot be used: {error}. They must be PEM files."
        ) from error
    return context


def fault_of(error: Exception, at: float) -> Fault:
    """The fault that a transport error means."""
    text = str(error) or type(error).__name__
    kind: FaultKind
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout | httpcore.ProxyError):
        kind = "tls" if "certificate" in text.lower() or "ssl" in text.lower() else "unreachable"
    elif isinstance(error, httpcore.TimeoutException):
        kind, text = "timeout", "no whole answer within the deadline"
    elif isinstance(error, httpcore.NetworkError) or any(words in text for words in CLOSED):
        kind = "reset"
    else:
        kind = "protocol"
    return Fault(kind, at, text)
