"""Faults in which a run goes on for a while when its stop was acknowledged."""

from collections.abc import Iterator
from types import MappingProxyType

from conformance.reference import Event, Reference, Run, workflow
from conformance.reference.faults.marking import breaks

PATIENT = """
[target.trial]
base_url = "{url}"

[target.trial.deadlines]
answer = 20.0
stop = 1.5
grace = 0.5
run = 20.0
"""


@breaks("stop.lifecycle.no-late-node", like="langgenius/dify#37755")
class FinishesTheLoopFirst(Reference):
    """Starts some more nodes before it stops."""

    def on_stop(self, run: Run) -> None:
        self.later(1.2, lambda: super(FinishesTheLoopFirst, self).on_stop(run))


@breaks("stop.lifecycle.no-late-node")
class EverySecondStopIsLate(Reference):
    """Starts some more nodes after every second stop, for one of two workers learns late of them."""

    pace = MappingProxyType({"rounds": 40})

    def on_stop(self, run: Run) -> None:
        is_late = self.count("stopped") % 2 == 0
        self.later(1.3 if is_late else 0.0, lambda: super(EverySecondStopIsLate, self).on_stop(run))


class _Halts(Reference):
    """Works on nothing more when it is stopped, and tells of the end a while later; meanwhile it does something else."""

    seconds = 1.0

    def meanwhile(self, run: Run) -> None:
        raise NotImplementedError

    def on_stop(self, run: Run) -> None:
        run.halted = True  # type: ignore[attr-defined]
        self.meanwhile(run)
        self.later(self.seconds, lambda: super(_Halts, self).on_stop(run))

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            if getattr(run, "halted", False):
                run.wait()
            yield event


@breaks("stop.lifecycle.no-late-node")
class OneMoreNode(_Halts):
    """Starts one node more when it has stopped working on everything else."""

    seconds = 1.2

    def meanwhile(self, run: Run) -> None:
        self.later(1.0, lambda: run.publish(workflow.node_started(run, workflow.END)))


class _Repeats(_Halts):
    """Sends one event nine times in the meantime."""

    def event(self, run: Run) -> Event:
        raise NotImplementedError

    def meanwhile(self, run: Run) -> None:
        for tenths in range(1, 10):
            self.later(tenths / 10, lambda: run.publish(self.event(run)))


@breaks("stop.lifecycle.no-late-node")
class RoundsGoOn(_Repeats):
    """Begins one round of a loop after another, though no node, before it stops."""

    def script(self, run: Run) -> Iterator[Event]:
        for event in super().script(run):
            if event["event"] == "loop_next":
                run.round = event  # type: ignore[attr-defined]
            yield event

    def event(self, run: Run) -> Event:
        again: Event = run.round  # type: ignore[attr-defined]
        return again


@breaks("stop.lifecycle.no-late-node")
class RetriesGoOn(_Repeats):
    """Tries a node again and again before it stops."""

    def event(self, run: Run) -> Event:
        return workflow.node_started(run, workflow.END) | {"event": "node_retry"}


@breaks("stop.lifecycle.no-late-text")
class TheModelGoesOn(_Repeats):
    """Sends the rest of what a model says before it stops."""

    def event(self, run: Run) -> Event:
        text = {"text": "more ", "from_variable_selector": ["llm", "text"]}
        return {"event": "text_chunk", "workflow_run_id": run.id, "task_id": run.task_id, "data": text}


@breaks("stop.lifecycle.no-late-node")
class DoesItAllAndSaysStopped(Reference):
    """Lets a run that is to be stopped do all its work, calls it stopped, and acknowledges the stop then."""

    def on_stop(self, run: Run) -> None:
        run.asked = True  # type: ignore[attr-defined]
        run.wait(10.0)

    def drive(self, run: Run) -> None:
        for event in self.script(run):
            if not run.publish(event):
                return
        asked = getattr(run, "asked", False)
        self.finish(run, "stopped" if asked else self.succeeded, self.stop_reason if asked else None)


@breaks("stop.lifecycle.terminal-status")
class AnswersWhenAllIsDone(Reference):
    """Waits with the answer to the first stop until its run has come to its end by itself."""

    settings = PATIENT

    def on_stop(self, run: Run) -> None:
        if self.count("awake") == 1:
            run.wait(10.0)
        else:
            super().on_stop(run)
