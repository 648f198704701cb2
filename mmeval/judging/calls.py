"""One answer before a judge, and the calls about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmeval.errors import MmevalError
from mmeval.inference.base import Decoding, Request, Response
from mmeval.logs import answer_of
from mmeval.prompts import JudgePrompt
from mmeval.runs import Judged
from mmeval.samples import Message, Sample
from mmeval.scorers.base import Judging
from mmeval.scorers.panel import Member

AGAIN = "Your reply could not be read. Reply once more, in exactly the form that was asked for."
SPENT = "the judge's budget is spent"


@dataclass(slots=True)
class Case:
    """One answer before one member of the panel: what it has replied so far, and with which requests."""

    task: str
    sample: Sample
    answer: str
    judging: Judging
    prompt: JudgePrompt
    member: Member
    temperature: float
    replies: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    error: str | None = None

    def calls(self) -> list[Call]:
        """The calls to make next; none when all is said, or when they can't be made: then `error` says why."""
        if self.error:
            return []
        made: list[Call] = []
        try:
            for number, variables in enumerate(self.judging.calls(self.sample, self.answer, tuple(self.replies))):
                id = f"{self.task}/{self.sample.id}#judge{len(self.replies) + number}{_suffix(self.member)}"
                made.append(Call(self, id, self.prompt.messages(variables, self.sample.images), variables))
        except Exception as error:  # one odd row must not cost the other rows their verdicts
            why = str(error) if isinstance(error, MmevalError) else f"{type(error).__name__}: {error}"
            self.error = f"the judge could not be asked: {why}"
            return []
        return made

    def judged(self) -> Judged:
        return Judged(self.task, self.sample.id, tuple(self.digests), self.error, self.member)


def _suffix(member: Member) -> str:
    return (f"#vote{member.vote}" if member.vote else "") + ("#swapped" if member.swapped else "")


@dataclass(slots=True)
class Call:
    case: Case
    id: str
    messages: tuple[Message, ...]
    variables: Mapping[str, Any]
    response: Response | None = None
    digest: str = ""
    unpaid: bool = False

    @property
    def readable(self) -> bool:
        reply = answer_of(self.response)
        try:
            return reply is not None and self.case.judging.readable(reply, self.variables)
        except Exception:  # a judge may reply anything, such as brackets too deep for any parser
            return False

    def again(self) -> Call:
        """The same call with the reply that could not be read, and a word about it."""
        said = Message("assistant", (answer_of(self.response) or "",))
        return Call(self.case, f"{self.id}.again", (*self.messages, said, Message("user", (AGAIN,))), self.variables)

    def request(self) -> Request:
        case = self.case
        limit, vote = case.prompt.card.max_new_tokens, case.member.vote
        decoding = Decoding(limit, case.temperature, repeat=vote, schema=case.prompt.schema)
        return Request(self.id, self.messages, decoding)

    def book(self, again: Call | None) -> None:
        """Books the reply, or why there is none, with the case. again: the same call, made once more."""
        case, last = self.case, again or self
        if self.unpaid:
            case.error = case.error or SPENT
            return
        if last.unpaid:  # the unreadable reply stays; the second try is made when the command goes on
            case.error = case.error or SPENT
        elif (reply := answer_of(last.response)) is None:
            case.error = case.error or _failure(case, last.response)
        elif not last.readable:
            case.error = case.error or f"the judge's reply could not be read, twice: {reply[:200]!r}"
        else:
            case.replies.append(reply)
        case.digests.append(last.digest)


def _failure(case: Case, response: Response | None) -> str:
    if response and response.finish == "thinking":
        return f"the judge's thinking was cut off; raise max_new_tokens in judges/{case.prompt.name}/judge.yaml"
    return f"the judge's call failed: {response.error if response and response.error else 'no reply'}"
