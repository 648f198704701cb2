"""The judge pass: a second pass of requests, about the answers of the first, through an engine of its own.

A reply that can't be read is asked for again, once, with the reason; what can't be read then, and a call that failed,
leaves its sample without a verdict: missing, counted and shown, never a figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mmeval.asking import encodable
from mmeval.errors import DataError, MmevalError
from mmeval.inference.base import Decoding, Engine, Request, Response
from mmeval.logs import Verdicts, answer_of, verdicts_of
from mmeval.progress import Progress
from mmeval.prompts import JudgePrompt
from mmeval.requests import Plan
from mmeval.runs import Asked, Judged, RunFolder
from mmeval.samples import Message, Sample
from mmeval.scorers.base import Judging

MOST_ROUNDS = 100  # of calls about one answer; a scorer that never stops asking is broken
AGAIN = "Your reply could not be read. Reply once more, in exactly the form that was asked for."

Answered = tuple[Asked, "Response | None"]


@dataclass(slots=True)
class _Case:
    """One answer before the judge: what it has replied so far, and with which requests."""

    task: str
    sample: Sample
    answer: str
    judging: Judging
    prompt: JudgePrompt
    replies: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    error: str | None = None

    def calls(self) -> list[_Call]:
        """The calls to make next; none when all is said, or when they can't be made: then `error` says why."""
        if self.error:
            return []
        made: list[_Call] = []
        try:
            for number, variables in enumerate(self.judging.calls(self.sample, self.answer, tuple(self.replies))):
                id = f"{self.task}/{self.sample.id}#judge{len(self.replies) + number}"
                made.append(_Call(self, id, self.prompt.messages(variables, self.sample.images), variables))
        except Exception as error:  # one odd row must not cost the other rows their verdicts
            why = str(error) if isinstance(error, MmevalError) else f"{type(error).__name__}: {error}"
            self.error = f"the judge could not be asked: {why}"
            return []
        return made


@dataclass(slots=True)
class _Call:
    case: _Case
    id: str
    messages: tuple[Message, ...]
    variables: Mapping[str, Any]
    response: Response | None = None
    digest: str = ""

    @property
    def readable(self) -> bool:
        reply = answer_of(self.response)
        try:
            return reply is not None and self.case.judging.readable(reply, self.variables)
        except Exception:  # a judge may reply anything, such as brackets too deep for any parser
            return False

    def again(self) -> _Call:
        """The same call with the reply that could not be read, and a word about it."""
        said = Message("assistant", (answer_of(self.response) or "",))
        return _Call(self.case, f"{self.id}.again", (*self.messages, said, Message("user", (AGAIN,))), self.variables)

    def request(self) -> Request:
        card = self.case.prompt.card
        return Request(self.id, self.messages, Decoding(card.max_new_tokens, card.temperature))


def judge_all(
    run: RunFolder,
    engine: Engine,
    plans: Sequence[Plan],
    prompts: Mapping[str, JudgePrompt],
    asked: Mapping[str, list[Answered]],
    record: dict[str, Any],
    progress: Progress,
) -> Verdicts:
    """Judges all answers of the tasks whose scorer asks a judge; task -> sample id -> replies.

    Replies are in the run folder's verdicts.jsonl as they come; those that are there are not asked for again.
    record: gets what was asked and how it went. An answer about which the judge can't be asked has no verdict.
    """
    bench = _Bench(run, engine, progress)
    cases = [case for plan in plans if plan.scorer.judging for case in _cases(plan, prompts, asked[plan.task.name])]
    for _ in range(MOST_ROUNDS):
        calls = [call for case in cases for call in case.calls()]
        if not calls:
            break
        bench.ask(calls)
        again = {id(call): call.again() for call in calls if answer_of(call.response) is not None and not call.readable}
        bench.ask(again.values())
        for call in calls:
            _note(call, again.get(id(call)))
        record["asked_again"] = record.get("asked_again", 0) + len(again)
    record |= {"calls": bench.calls, "asked": bench.new, "reused": bench.calls - bench.new}
    record["failed"] = sum(1 for case in cases if case.error)
    record["engine"] = dict(getattr(engine, "stats", dict)())
    _tell(cases, progress)
    run.write_judged([Judged(case.task, case.sample.id, tuple(case.digests), case.error) for case in cases])
    return verdicts_of(run)


def _tell(cases: Sequence[_Case], progress: Progress) -> None:
    """The commonest reasons why answers have no verdict."""
    reasons = Counter((case.task, case.error) for case in cases if case.error)
    for (task, why), number in reasons.most_common(3):
        progress.note(f"{task}: {number} answers have no verdict: {why}")


def _cases(plan: Plan, prompts: Mapping[str, JudgePrompt], rows: Sequence[Answered]) -> Iterable[_Case]:
    judging = plan.scorer.judging
    assert judging
    for sample, (_, response) in zip(plan.samples, rows, strict=True):
        answer = answer_of(response)
        if answer is not None:
            yield _Case(plan.task.name, sample, answer, judging, prompts[judging.prompt])


def _note(call: _Call, again: _Call | None) -> None:
    """Books a call's reply, or why there is none, with its case."""
    case, last = call.case, again or call
    reply = answer_of(last.response)
    if reply is None and last.response and last.response.finish == "thinking":
        case.error = (
            case.error
            or f"the judge's thinking was cut off; raise max_new_tokens in judges/{case.prompt.name}/judge.yaml"
        )
    elif reply is None:
        why = last.response.error if last.response and last.response.error else "no reply"
        case.error = case.error or f"the judge's call failed: {why}"
    elif not last.readable:
        case.error = case.error or f"the judge's reply could not be read, twice: {reply[:200]!r}"
    if case.error is None:
        case.replies.append(reply or "")
    case.digests.append(last.digest)


class _Bench:
    """Asks calls of the engine, equal ones once, and those in the log not at all."""

    def __init__(self, run: RunFolder, engine: Engine, progress: Progress):
        self.run, self.engine, self.progress = run, engine, progress
        self.known = run.verdicts.read()
        self.calls = self.new = 0

    def ask(self, calls: Iterable[_Call]) -> None:
        calls = list(calls)
        pending: dict[str, Request] = {}
        for call in calls:
            request = call.request()
            try:
                call.digest = self.engine.digest(request)
            except DataError as error:
                call.response = Response(call.id, finish="error", error=str(error))
                continue
            if call.digest not in self.known or self.known[call.digest].finish == "error":
                pending.setdefault(call.digest, request)
        self.calls += len(calls)
        self.new += len(pending)
        self._answer(pending)
        for call in calls:
            call.response = call.response or self.known.get(call.digest)

    def _answer(self, pending: Mapping[str, Request]) -> None:
        if not pending:
            return
        digests = {request.id: digest for digest, request in pending.items()}
        with self.progress.bar("judging", len(pending)) as bar:
            for response in self.engine.run(pending.values()):
                digest = digests[response.id]
                response = replace(response, text=encodable(response.text))
                self.run.verdicts.append(digest, response)
                self.known[digest] = response
                bar.advance()
