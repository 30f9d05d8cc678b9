"""What a transport error means: which kind of fault it is, told from the words of the libraries as they are today."""

import h11
import httpcore
import pytest

from conformance.probe.http import fault_of


def _of_h11() -> h11.RemoteProtocolError:
    """What h11 says where a connection was closed before anything of an answer came."""
    client = h11.Connection(our_role=h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "here")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"")
    with pytest.raises(h11.RemoteProtocolError) as caught:
        client.next_event()
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpcore.RemoteProtocolError("Server disconnected without sending a response."), "reset"),
        (httpcore.RemoteProtocolError(str(_of_h11())), "reset"),
        (httpcore.RemoteProtocolError("illegal status line: bytearray(b'no HTTP')"), "protocol"),
        (httpcore.ReadError("[Errno 104] Connection reset by peer"), "reset"),
        (httpcore.ConnectError("[Errno 111] Connection refused"), "unreachable"),
        (httpcore.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), "tls"),
        (httpcore.ReadTimeout("the deadline passed"), "timeout"),
    ],
)
def test_its_kind_decides_what_is_done_about_it(error: Exception, kind: str) -> None:
    fault = fault_of(error, 7.0)
    assert (fault.kind, fault.at) == (kind, 7.0)
