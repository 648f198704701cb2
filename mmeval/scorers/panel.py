"""Verdicts of several about one answer: several judges, several votes of one, the answers shown in both orders.

What each of them makes of the answer is scored by itself, by the scorer's own rule; the scores are put together here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mmeval.samples import Sample
from mmeval.scorers.base import Scored, Scorer

RULES = ("mean", "majority")


@dataclass(frozen=True, slots=True, order=True)
class Member:
    """Who gave a verdict. judge, vote: which one, from 0. swapped: with the answers shown the other way round."""

    judge: int = 0
    vote: int = 0
    swapped: bool = False

    @property
    def label(self) -> str:
        """For request ids and pages: "" is the first, alone."""
        parts = (self.judge and f"judge {self.judge + 1}", self.vote and f"vote {self.vote + 1}")
        return ", ".join([part for part in parts if part] + (["swapped"] if self.swapped else []))


ALONE = Member()
Said = Mapping[Member, Sequence[str]]  # each member's replies, call by call


def each_scored(scorer: Scorer, sample: Sample, answer: str | None, said: Said | Sequence[str]) -> dict[Member, Scored]:
    """What each member makes of an answer; who could not score it is left out."""
    if not isinstance(said, Mapping):
        said = {ALONE: said}
    found: dict[Member, Scored] = {}
    for member, replies in said.items():
        one = (scorer.swapped() if member.swapped else scorer).scored(sample, answer, replies)
        if one is not None:
            found[member] = one
    return found


def together(scored: Mapping[Member, Scored], rule: str = "mean") -> Scored | None:
    """One score of all members'.

    rule: "mean" of the counts, or the "majority": the mean of those members whose prediction is the commonest, or of
    the commonest ones where several are. Who could not read the answer (`Scored.missing`) has no voice, unless nobody
    could. A member alone is left as it is.
    """
    if len(scored) < 2:
        return next(iter(scored.values()), None)
    able = [one for one in scored.values() if not one.missing]
    if not able:
        return next(iter(scored.values()))
    heard = _commonest(able) if rule == "majority" else able
    names = dict.fromkeys(name for one in heard for name in one.counts)
    means = {name: sum(one.counts.get(name, 0.0) for one in heard) / len(heard) for name in names}
    said = Counter(one.prediction for one in able if one.prediction is not None)
    shown = "; ".join(f"{what} x{number}" if len(said) > 1 else what for what, number in said.items())
    right = [one.correct for one in heard if one.correct is not None]
    split = right.count(True) * 2 == len(right)
    return replace(
        heard[0], counts=means, prediction=shown or None, correct=None if split else sum(right) * 2 > len(right)
    )


def _commonest(able: Sequence[Scored]) -> list[Scored]:
    said = [one.prediction if one.prediction is not None else str(sorted(one.counts.items())) for one in able]
    number = Counter(said)
    most = max(number.values())
    return [one for one, what in zip(able, said, strict=True) if number[what] == most]


def panel_scored(
    scorer: Scorer, sample: Sample, answer: str | None, said: Said | Sequence[str] | None, rule: str = "mean"
) -> Scored | None:
    """What an answer is worth by all its verdicts; None is missing, as in `Scorer.scored`."""
    if said is None:
        return scorer.scored(sample, answer)
    return together(each_scored(scorer, sample, answer, said), rule)
