'''A server that honours the contract, on a real socket, and the ground on which those stand that do not.

    with serve(Reference(round_seconds=0.02)) as server:
        headers = {"Authorization": "Bearer " + server.keys["DIFY_API_KEY"]}
        httpx.post(f"{server.base_url}/workflows/run", headers=headers, json=...)

A faulty server, or a correct one that is unusual, is a `Reference` with one decision changed. Find the method
that takes the decision and override it; call `super()` for everything that stays right::

    class AcknowledgesAndCarriesOn(Reference):
        """Answers success and lets the workflow run to its end."""

        def on_stop(self, run): ...


    class MissingUserIsUnprocessable(Reference):
        """Refuses a missing user with 422."""

        def refusal(self, request, error):
            return super().refusal(request, replace(error, status=422) if error == NO_USER else error)

Where to look:

======================================== ====================================================================
a status, a member, a text of an answer  `success_status`, `success_body`, `envelope`, `refusal`; errors are
                                         the constants in `answers`
headers, compression, media type         `respond`, the last hand on every answer; `json_type`, `stream_type`
how JSON is written                      `dumps`, and `frame` for events
bytes, framing, a broken connection      `wire` and `stream` yield bytes; raise `HangUp` anywhere to close
                                         or to reset the connection
keys                                     `authenticate`, of `credential`, `is_scheme` and `find_app`
how a request comes in                   `check_headers`, `take_body`; `request.names` are header names as written
bodies and users                         `read_body`, of `is_json` and `parse`; `read_user`, of `is_user`
app modes                                `check_mode`
which run a stop is for                  `find_run`, `may_stop`; `runs.all()`, `runs.by_id()`
what a stop does, and when               `on_stop`: `finish` ends a run; `later`, `pause`, `run.wait()` delay
what a stream says                       `events`, a generator over dicts; `last_event`; `run.cut()` ends
                                         the stream only
what is known afterwards                 `detail`, with `run.ended_ago` for what changes in time
every tenth, after fifty, at once        `count(...)`, also `count("in flight", 0)`; `lock` for one at a time
a refused request with an effect         `refusal`, where `request.operation` and `request.task_id` tell
everything before that                   `exchange` and `answer`, which take a request and return an answer
======================================== ====================================================================

All state belongs to the instance, so a subclass may keep its own there; a plain attribute of the class is
its first value. A wait must end with the server: `pause`, `later`, `closing` and the waits of a run do.
'''

from werkzeug.wrappers import Response

from conformance.reference.answers import Error, HangUp, Refused
from conformance.reference.apps import App
from conformance.reference.reference import Reference
from conformance.reference.runs import Event, Run
from conformance.reference.server import Server, serve
from conformance.reference.wire import Request

__all__ = [
    "App",
    "Error",
    "Event",
    "HangUp",
    "Reference",
    "Refused",
    "Request",
    "Response",
    "Run",
    "Server",
    "serve",
]
