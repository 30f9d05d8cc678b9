"""Whatever is sent, the answer is a sound one: requests that were drawn, and the rules that each must keep."""

from collections import Counter
from collections.abc import Callable

from conformance.contract import Contract
from conformance.exchange import Event, Exchange
from conformance.judging import Inconclusive, require, requirement
from conformance.properties.content import leaked, secrets_in
from conformance.properties.judging import held, held_of_every_stop, read_soundly
from conformance.properties.others import told_for_its_own, told_of_others
from conformance.refusal import worst
from conformance.scenarios.properties import ZERO
from conformance.trace import TERMINAL, History, Run, Trace

Observe = Callable[[str], None]


@requirement("stop.robust.no-server-error")
def test_no_request_breaks_the_server(drawn_requests: Trace, reach: Trace, contract: Contract) -> None:
    first = reach.where(
        lambda exchange: exchange.operation == "stop" and (exchange.status or 0) >= 500 and not exchange.busy
    )
    require(not first, f"the first stop of all is answered {first[0].seen}" if first else "", *first)
    held("no-server-error", contract.stop, drawn_requests)
    reach.whole()


@requirement("stop.robust.long-user")
def test_a_long_user_breaks_nothing(drawn_requests: Trace, contract: Contract) -> None:
    held("long-user", contract.stop, drawn_requests)


@requirement("stop.robust.answers")
def test_every_request_is_answered(drawn_requests: Trace, contract: Contract) -> None:
    held("answers", contract.stop, drawn_requests)


@requirement("stop.robust.odd-bodies")
def test_bodies_beyond_measure_are_no_server_error(drawn_requests: Trace, contract: Contract) -> None:
    held("odd-bodies", contract.stop, drawn_requests)


@requirement("stop.robust.status")
def test_the_status_is_documented_or_a_client_error(drawn_requests: Trace, contract: Contract) -> None:
    held("status", contract.stop, drawn_requests)


@requirement("stop.robust.rejects")
def test_what_is_no_stop_request_is_refused(
    drawn_requests: Trace, same_answers: Trace, contract: Contract
) -> None:
    zero = same_answers.where(lambda exchange: exchange.request.body == ZERO)
    others = drawn_requests.where(lambda exchange: exchange.about.get("kind") == "user number")
    if any((x.status or 0) // 100 == 2 for x in others if "example" in x.about):
        zero = []  # of any number another requirement speaks
    taken = [x for x in zero if (x.status or 0) // 100 == 2]
    require(not taken, f"the user 0 was accepted: {taken[0].seen}" if taken else "", *taken)
    held("rejects", contract.stop, drawn_requests)
    same_answers.whole()


@requirement("stop.robust.lenient")
def test_what_only_resembles_json_is_refused(drawn_requests: Trace, contract: Contract) -> None:
    held("lenient", contract.stop, drawn_requests)


@requirement("stop.robust.media-types")
def test_no_other_media_type_is_accepted(drawn_requests: Trace, contract: Contract) -> None:
    held("media-types", contract.stop, drawn_requests)


@requirement("stop.robust.credentials")
def test_no_drawn_credentials_are_let_in(drawn_requests: Trace, contract: Contract) -> None:
    held("credentials", contract.stop, drawn_requests)


@requirement("stop.robust.envelope")
def test_drawn_refusals_have_the_envelope(drawn_requests: Trace, contract: Contract) -> None:
    held("envelope", contract.stop, drawn_requests)


@requirement("stop.robust.methods")
def test_no_other_method_is_carried_out(drawn_requests: Trace, contract: Contract) -> None:
    held("methods", contract.stop, drawn_requests)


@requirement("stop.robust.method-status")
def test_other_methods_are_not_allowed(drawn_requests: Trace, contract: Contract) -> None:
    held("method-status", contract.stop, drawn_requests)


@requirement("stop.robust.allow")
def test_a_405_names_the_method_that_there_is(drawn_requests: Trace, contract: Contract) -> None:
    held("allow", contract.stop, drawn_requests)


@requirement("stop.robust.users")
def test_every_name_is_a_user(drawn_requests: Trace, contract: Contract) -> None:
    held("users", contract.stop, drawn_requests)


@requirement("stop.robust.spelling")
def test_whitespace_and_escapes_change_nothing(drawn_requests: Trace, contract: Contract) -> None:
    held("spelling", contract.stop, drawn_requests)


@requirement("stop.robust.members")
def test_other_members_and_their_order_change_nothing(drawn_requests: Trace, contract: Contract) -> None:
    held("members", contract.stop, drawn_requests)


@requirement("stop.robust.header-case")
def test_the_letter_case_of_header_names_changes_nothing(drawn_requests: Trace, contract: Contract) -> None:
    held("header-case", contract.stop, drawn_requests)


@requirement("stop.robust.charset")
def test_a_charset_changes_nothing(drawn_requests: Trace, contract: Contract) -> None:
    held("charset", contract.stop, drawn_requests)


@requirement("stop.robust.noise")
def test_other_headers_change_nothing(drawn_requests: Trace, contract: Contract) -> None:
    held("noise", contract.stop, drawn_requests)


@requirement("stop.robust.framing")
def test_what_is_no_http_is_not_carried_out(raw_requests: Trace, contract: Contract) -> None:
    held("framing", contract.stop, raw_requests)


@requirement("stop.robust.pieces")
def test_a_request_may_come_in_pieces(raw_requests: Trace, contract: Contract) -> None:
    held("pieces", contract.stop, raw_requests)


@requirement("stop.robust.expect")
def test_a_client_may_ask_whether_to_send_its_body(raw_requests: Trace, contract: Contract) -> None:
    held("expect", contract.stop, raw_requests)


@requirement("stop.robust.chunked")
def test_a_body_may_come_in_chunks(raw_requests: Trace, contract: Contract) -> None:
    held("chunked", contract.stop, raw_requests)


@requirement("stop.robust.old-client")
def test_a_client_of_http_1_0_can_read_its_answer(raw_requests: Trace, contract: Contract) -> None:
    raw_requests.case("wire: old client")
    held("old-client", contract.stop, raw_requests)


@requirement("stop.robust.length")
def test_every_answer_comes_whole(drawn_requests: Trace, contract: Contract) -> None:
    held("length", contract.stop, drawn_requests)


@requirement("stop.robust.utf-8")
def test_every_answer_is_utf_8(drawn_requests: Trace, history: History, contract: Contract) -> None:
    held_of_every_stop("utf-8", contract.stop, history, drawn_requests)


@requirement("stop.robust.no-mark")
def test_no_answer_has_a_byte_order_mark(drawn_requests: Trace, history: History, contract: Contract) -> None:
    held_of_every_stop("no-mark", contract.stop, history, drawn_requests)


@requirement("stop.robust.one-text")
def test_every_answer_is_one_json_text(drawn_requests: Trace, contract: Contract) -> None:
    held("one-text", contract.stop, drawn_requests)


@requirement("stop.robust.no-nan")
def test_no_answer_has_numbers_that_json_does_not_know(
    drawn_requests: Trace, history: History, contract: Contract
) -> None:
    held_of_every_stop("no-nan", contract.stop, history, drawn_requests)


@requirement("stop.robust.unique-names")
def test_no_answer_has_a_member_twice(drawn_requests: Trace, history: History, contract: Contract) -> None:
    held_of_every_stop("unique-names", contract.stop, history, drawn_requests)


@requirement("stop.robust.no-leaks")
def test_no_answer_tells_what_the_server_is_made_of(
    drawn_requests: Trace, history: History, contract: Contract
) -> None:
    worst((exchange, leaked(exchange)) for exchange in history.exchanges if _is_the_servers_own(exchange))
    for run in history.runs:
        ends = (event.member("data", "error") for event in _ends_of_a_stopped(run))
        records = (look.response.member.get("error") for look in run.looks("stopped") if look.response)
        told = [found for text in (*ends, *records) if isinstance(text, str) for found in secrets_in(text)]
        seen = f"the error of the stopped run “{run.label}” tells {told[0]!r}" if told else ""
        require(not told, seen, run.stream, *run.details[-1:])
    worst(told_of_others(history, contract.words))
    worst(told_for_its_own(history, contract.words))
    held("no-leaks", contract.stop, drawn_requests)


def _ends_of_a_stopped(run: Run) -> list[Event]:
    """The ends of a run that was stopped, and of the nodes that ended since: what fails before may tell of itself."""
    if run.final_status != "stopped":
        return []
    nodes = run.named("node_finished", after=run.effective.sent_at) if run.effective else []
    return [*run.named(TERMINAL), *nodes]


@requirement("stop.robust.no-echo")
def test_no_answer_repeats_a_request_raw(drawn_requests: Trace, contract: Contract) -> None:
    held("no-echo", contract.stop, drawn_requests)


@requirement("stop.robust.schema")
def test_every_answer_keeps_its_schema(
    drawn_requests: Trace, generated_requests: Trace, contract: Contract
) -> None:
    held("schema", contract.stop, drawn_requests, generated_requests)


@requirement("stop.robust.content-type")
def test_every_answer_has_its_media_type(
    drawn_requests: Trace, generated_requests: Trace, contract: Contract
) -> None:
    held("content-type", contract.stop, drawn_requests, generated_requests)


@requirement("stop.robust.generated")
def test_what_the_document_generates_is_answered_soundly(
    generated_requests: Trace, contract: Contract
) -> None:
    for rule in ("no-server-error", "answers", "status", "rejects"):
        held(rule, contract.stop, generated_requests)


@requirement("stop.robust.supporting")
def test_reading_operations_answer_without_server_error(
    generated_requests: Trace, contract: Contract
) -> None:
    read_soundly(generated_requests, contract)


@requirement("stop.robust.drawn")
def test_how_much_was_drawn(
    drawn_requests: Trace, raw_requests: Trace, same_answers: Trace, observe: Observe
) -> None:
    exchanges = [x for trace in (drawn_requests, raw_requests, same_answers) for x in trace.exchanges]
    if not exchanges:
        raise Inconclusive(drawn_requests.unmet or "nothing was drawn")
    observe(f"{len(exchanges)} requests: {_counted(exchanges)}")


def _is_the_servers_own(exchange: Exchange) -> bool:
    """Whether what is said there is no output of a workflow; what was drawn is judged by itself."""
    if exchange.operation == "drawn":
        return False
    return exchange.operation == "stop" or (exchange.status or 0) >= 400


def _counted(exchanges: list[Exchange]) -> str:
    families = Counter(exchange.about.get("family", "plain") for exchange in exchanges)
    return ", ".join(f"{number} {family}" for family, number in sorted(families.items()))
