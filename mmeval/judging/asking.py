"""The judge pass: a second pass of requests, about the answers of the first, through engines of its own.

A reply that can't be read is asked for again, once, with the reason; what can't be read then, and a call that failed,
leaves its sample without a verdict: missing, counted and shown, never a figure.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from mmeval.asking import encodable
from mmeval.errors import DataError, EngineError
from mmeval.inference.base import Engine, Request, Response
from mmeval.judging.calls import SPENT, Call, Case
from mmeval.judging.settings import JudgeSettings, Purse
from mmeval.logs import Verdicts, answer_of, verdicts_of
from mmeval.progress import Progress
from mmeval.prompts import JudgePrompt
from mmeval.requests import Plan
from mmeval.runs import Asked, RunFolder

MOST_ROUNDS = 100  # of calls about one answer; a scorer that never stops asking is broken
BLOCK = 64  # answers that are judged to the end before the next, where a budget may end it

Answered = tuple[Asked, "Response | None"]
Open = Callable[[], AbstractContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is to be judged: plans, the words for each, the answers, and how the judges are asked."""

    plans: Sequence[Plan]
    prompts: Mapping[str, JudgePrompt]
    asked: Mapping[str, Sequence[Answered]]
    settings: JudgeSettings

    def record(self) -> dict[str, Any]:
        """The judges' part of run.json, before anything is asked."""
        chosen = {name: getattr(self.settings, name) for name in ("votes", "temperature", "orders", "rate")}
        told = {name: value for name, value in chosen.items() if value is not None}
        prompts = {name: prompt.record() for name, prompt in self.prompts.items()}
        return {"rule": self.settings.rule, **told, "prompts": prompts}


def judge_all(
    run: RunFolder, judges: Sequence[Open], hearing: Hearing, record: dict[str, Any], progress: Progress
) -> Verdicts:
    """Judges all answers of the tasks whose scorer asks a judge, by one judge after the other.

    judges: each opens an engine and closes it, so that they need not fit into memory together. Replies are in the run
    folder's verdicts.jsonl as they come; those that are there are not asked for again. record: gets what was asked and
    how it went. An answer about which a judge can't be asked has no verdict of it.
    """
    purse, cases = Purse(hearing.settings.budget), list[Case]()
    record["judges"] = told = list[dict[str, Any]]()
    try:
        for number, opened in enumerate(judges):
            mine = list(_cases(hearing, number))
            with opened() as engine:
                told.append({"model": dict(engine.describe())})
                purse.share(1 / (len(judges) - number))
                bench = _Bench(run, engine, progress, purse)
                asked_again = 0
                try:
                    asked_again = _judge(bench, mine, hearing.settings.budget is not None)
                except EngineError as error:  # a server that is down costs its verdicts, not the run
                    progress.note(f"judge {number + 1} has failed: {error}")
                    for case in mine:
                        if case.calls():
                            case.error = case.error or f"the judge has failed: {str(error)[:200]}"
                told[-1] |= {"calls": bench.calls, "asked": bench.new, "reused": bench.calls - bench.new}
                told[-1] |= {"asked_again": asked_again, "failed": sum(1 for case in mine if case.error)}
                told[-1] |= {"engine": dict(getattr(engine, "stats", dict)())}
            cases += mine
    finally:
        record["spent"] = purse.record()  # also by a command that was stopped
    run.write_judged([case.judged() for case in cases])
    verdicts = verdicts_of(run)
    _tell(cases, verdicts, progress)
    return verdicts


def _judge(bench: _Bench, cases: Sequence[Case], limited: bool) -> int:
    """Asks all calls of all cases; how many replies had to be asked for again.

    Under a budget answers are taken in an order drawn by their ids and judged to the end block by block: those that
    have a verdict when it is spent are then a random sample of all.
    """
    blocks = [list(cases)]
    if limited:
        drawn = sorted(cases, key=lambda case: hashlib.sha256(f"{case.task}/{case.sample.id}".encode()).digest())
        members = max(1, len({case.member for case in cases}))
        blocks = [drawn[i : i + BLOCK * members] for i in range(0, len(drawn), BLOCK * members)]
    asked_again = 0
    for block in blocks:
        for _ in range(MOST_ROUNDS):
            calls = [call for case in block for call in case.calls()]
            if not calls:
                break
            bench.ask(calls)
            again = {id(one): one.again() for one in calls if answer_of(one.response) is not None and not one.readable}
            bench.ask(again.values())
            for call in calls:
                call.book(again.get(id(call)))
            asked_again += len(again)
        else:
            for case in block:
                if case.calls():
                    case.error = f"the scorer asked for more than {MOST_ROUNDS} rounds of calls"
    return asked_again


def _tell(cases: Sequence[Case], verdicts: Verdicts, progress: Progress) -> None:
    """The commonest reasons why answers have no verdict, or lack one of several."""
    lost = {(case.task, case.sample.id, case.error) for case in cases if case.error}
    reasons = Counter((task, why, id in verdicts.get(task, {})) for task, id, why in lost)
    for (task, why, others), number in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))[:3]:
        lack = "lack one of their verdicts and are scored by the others" if others else "have no verdict"
        more = "; the same command goes on from there" if why == SPENT else ""
        progress.note(f"{task}: {number} answers {lack}: {why}{more}")


def _cases(hearing: Hearing, judge: int) -> Iterator[Case]:
    """Every answer before every vote of one judge, in every order asked for."""
    settings = hearing.settings
    for plan in hearing.plans:
        judging = plan.scorer.judging
        if judging is None:
            continue
        prompt = hearing.prompts[judging.prompt]
        members = settings.members(prompt.card, judge, judging.swap is not None)
        heat = settings.temperature_of(prompt.card)
        rows = zip(plan.samples, hearing.asked[plan.task.name], strict=True)
        said = [(sample, text) for sample, (_, response) in rows if (text := answer_of(response)) is not None]
        answers = {sample.id: text for sample, text in said}
        for sample, answer in said:
            known = judging.beside(sample, answers) if judging.beside else sample
            for member in members:
                asked = judging.swap if member.swapped and judging.swap else judging
                yield Case(plan.task.name, known, answer, asked, prompt, member, heat)


class _Bench:
    """Asks calls of one engine, equal ones once, and those in the log not at all."""

    def __init__(self, run: RunFolder, engine: Engine, progress: Progress, purse: Purse):
        self.run, self.engine, self.progress, self.purse = run, engine, progress, purse
        self.known = run.verdicts.read()
        self.calls = self.new = 0

    def ask(self, calls: Iterable[Call]) -> None:
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
        left = self._answer(pending)
        self.new += len(pending) - len(left)
        for call in calls:
            call.unpaid = call.digest in left
            call.response = call.response or (None if call.unpaid else self.known.get(call.digest))

    def _answer(self, pending: Mapping[str, Request]) -> set[str]:
        """Asks; the digests of what the budget left unasked."""
        left = dict(pending)
        if not left:
            return set()
        with self.progress.bar("judging", len(pending)) as bar:
            while left:
                allowed = self.purse.allowed()
                if allowed == 0:
                    break
                batch = {digest: left.pop(digest) for digest in list(left)[:allowed]}
                digests = {request.id: digest for digest, request in batch.items()}
                for response in self.engine.run(batch.values()):
                    digest = digests[response.id]
                    response = replace(response, text=encodable(response.text))
                    self.run.verdicts.append(digest, response)
                    self.known[digest] = response
                    self.purse.book(response)
                    bar.advance()
                self.purse.check()
        return set(left)
