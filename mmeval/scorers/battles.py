"""Battles against a baseline: a judge's label from A>>B to B>>A, in one order or both, as counts.

Arena-Hard-Auto (Li et al. 2024, arXiv 2406.11939) and what follows it. In the first game A is the baseline's answer
(`target`) and B the model's; in the second they change places. A clear verdict (>>) counts three times in `score`: with
one baseline that is the Bradley-Terry win rate (`mmeval.statistics.bradley_terry.against_baseline`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmeval.samples import Sample
from mmeval.scorers.base import Judging, Metric, Scored, Scorer, counts
from mmeval.scorers.rubric import Fields
from mmeval.statistics.sums import Totals

# reply -> how much better B is, from 2 (B>>A) to -2 (A>>B); None without a verdict.
Grade = Callable[[str], "int | None"]

GRADES: Mapping[str, int] = {"A>>B": -2, "A>B": -1, "A=B": 0, "B>A": 1, "B>>A": 2}
# v2.0 of Arena-Hard-Auto takes the labels the other way round as well.
EITHER_WAY = {**GRADES, "B<<A": -2, "B<A": -1, "B=A": 0, "A<B": 1, "A<<B": 2}
NAMES: Mapping[int, str] = {2: "much better", 1: "better", 0: "tie", -1: "worse", -2: "much worse"}

_DOUBLE = re.compile(r"\[\[([AB<>=]+)\]\]")
_SINGLE = re.compile(r"\[([AB<>=]+)\]")


def one_label(reply: str) -> int | None:
    """The grade of the only label in double brackets, however often it stands there; none where there are several.

    Arena-Hard-Auto v0.1 gen_judgment.py, WildVision-Bench get_judgement.py, VLMEvalKit mmalignbench.py.
    """
    found = set(_DOUBLE.findall(reply))
    return GRADES.get(found.pop()) if len(found) == 1 else None


def last_label(reply: str) -> int | None:
    """The grade of the last label, in double brackets if there is one such, else in single ones; capitals or not.

    Arena-Hard-Auto v2.0 gen_judgment.py. A label off the scale, such as [[A]], is none (a KeyError upstream).
    """
    found = _DOUBLE.findall(reply.upper()) or _SINGLE.findall(reply.upper())
    return EITHER_WAY.get(found[-1]) if found else None


def anywhere(reply: str) -> int | None:
    """`one_label`, else the first of A>B, A>>B, A=B, B>A, B>>A that stands anywhere in the reply, brackets or not.

    lmms-eval tasks/wild_vision_bench/utils.py.
    """
    found = set(_DOUBLE.findall(reply))
    text = found.pop() if len(found) == 1 else reply
    return next((GRADES[label] for label in ("A>B", "A>>B", "A=B", "B>A", "B>>A") if label in text), None)


def unlabelled(reply: str) -> bool:
    """Whether there is no label in double brackets at all: v0.1 has the judge go on then, but not if there are two."""
    return not _DOUBLE.search(reply)


def unread(reply: str) -> bool:
    """Whether there is not one label: MM-AlignBench asks again then."""
    return one_label(reply) is None


def battles(
    prompt: str,
    fields: Fields,
    read: Grade,
    metrics: Mapping[str, Metric],
    games: int = 1,
    unfinished: Callable[[str], bool] | None = None,
    ties: bool = False,
) -> Scorer:
    """A judge compares the baseline's answer with the model's, `games` times (2: in both orders).

    prompt, fields: the judge's prompt and its variables besides `answer_a`, `answer_b` and `so_far`. unfinished: of
    which reply the judge is shown (`so_far`) to end it with a label, once; a game that has none then is `unread`.
    Without it an unreadable reply is asked for again, and a sample with one game unread is missing: v2.0 drops it.
    ties: a sample without a verdict counts for the benchmark's figures (as a tie); else it is missing.
    Of one game there is a swapped form, for `--judge-orders both`.
    """
    if games == 1:
        judging = _judging(prompt, fields, read, (False,), unfinished, ties)
        swap = _judging(prompt, fields, read, (True,), unfinished, ties)
        judging = replace(judging, swap=replace(swap, model_first=True), model_first=False)
    else:
        judging = _judging(prompt, fields, read, (False, True), unfinished, ties)
    return Scorer(None, metrics, judging=judging)


def _judging(
    prompt: str,
    fields: Fields,
    read: Grade,
    model_first: tuple[bool, ...],
    unfinished: Callable[[str], bool] | None,
    ties: bool,
) -> Judging:
    """model_first: of each game, whether the model is A."""
    games = len(model_first)

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        asked: list[tuple[bool, str]] = []
        if not replies:
            asked = [(first, "") for first in model_first]
        elif unfinished and len(replies) == games:
            asked = [(first, reply) for first, reply in zip(model_first, replies, strict=True) if unfinished(reply)]
        shown = fields(sample) if asked else {}
        pairs = [(answer, sample.target) if first else (sample.target, answer) for first, _ in asked]
        return [
            {**shown, "answer_a": a, "answer_b": b, "so_far": said}
            for (a, b), (_, said) in zip(pairs, asked, strict=True)
        ]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        ended = iter(replies[games:])  # where the judge was asked to go on, its second reply has the label
        last = [next(ended, reply) if unfinished and unfinished(reply) else reply for reply in replies[:games]]
        grades = [_of_model(read(reply), first) for reply, first in zip(last, model_first, strict=True)]
        given = [grade for grade in grades if grade is not None]
        if len(given) < games and (unfinished is None or not (given or ties)):
            return Scored({}, missing="a game without a verdict" if games > 1 else "no verdict")
        return _scored(grades, given)

    if unfinished:
        return Judging(prompt, calls, score)
    return Judging(prompt, calls, score, lambda reply, asked: read(reply) is not None)


def _of_model(grade: int | None, first: bool) -> int | None:
    return None if grade is None else -grade if first else grade


def _scored(grades: Sequence[int | None], given: Sequence[int]) -> Scored:
    total = sum(given)
    sides = [(grade > 0) - (grade < 0) for grade in given]
    first = grades[0]
    return counts(
        prediction=", ".join("no verdict" if grade is None else NAMES[grade] for grade in grades),
        correct=None if not total else total > 0,
        much_better=given.count(2),
        better=given.count(1),
        tie=given.count(0),
        worse=given.count(-1),
        much_worse=given.count(-2),
        unread=len(grades) - len(given),
        first_weight=0 if first is None else 3 if abs(first) == 2 else 1,
        first_points=0 if first is None else {2: 3, 1: 1, 0: 0.5}.get(first, 0),
        agreed=len(sides) == 2 and sides[0] == sides[1],
        both=len(sides) == 2,
    )


def _read(s: Totals) -> Any:
    return s.much_better + s.better + s.tie + s.worse + s.much_worse


def _all(s: Totals) -> Any:
    return _read(s) + s.unread


def _reward(s: Totals) -> Any:
    return 100 * s.much_better + 50 * s.better - 50 * s.worse - 100 * s.much_worse


def _share(grade: str, better: Any) -> Metric:
    return Metric(lambda s: s.ratio(getattr(s, grade), _read(s)), better=better)


SCORE = Metric(
    lambda s: s.ratio(
        3 * s.much_better + s.better + s.tie / 2, 3 * (s.much_better + s.much_worse) + s.better + s.tie + s.worse
    )
)
UNREAD = Metric(lambda s: s.ratio(s.unread, _all(s)), better="lower")
SHARES = {
    "much_better": _share("much_better", "higher"),
    "better": _share("better", None),
    "tie": _share("tie", None),
    "worse": _share("worse", None),
    "much_worse": _share("much_worse", "lower"),
}

# Two games. score_weight_1: every verdict counts once. agreement: both games have the same winner, or a tie.
ARENA_HARD = {
    "score": SCORE,
    "score_weight_1": Metric(lambda s: s.ratio(s.much_better + s.better + s.tie / 2, _read(s))),
    "first_game_score": Metric(lambda s: s.ratio(s.first_points, s.first_weight)),
    "agreement": Metric(lambda s: s.ratio(s.agreed, s.both)),
    **SHARES,
    "unread": UNREAD,
}
# One game; a row without a verdict is a tie, and `_of_read` is the figure without it.
REWARD = {
    "win_rate": Metric(lambda s: s.ratio(s.much_better + s.better, _all(s))),
    "win_or_tie_rate": Metric(lambda s: s.ratio(s.much_better + s.better + s.tie + s.unread, _all(s))),
    "reward": Metric(lambda s: s.ratio(_reward(s), _all(s)), unit="number"),
    "win_rate_of_read": Metric(lambda s: s.ratio(s.much_better + s.better, _read(s))),
    "reward_of_read": Metric(lambda s: s.ratio(_reward(s), _read(s)), unit="number"),
    **SHARES,
    "unread": UNREAD,
}
# lmms-eval: a row without a verdict is a tie, and >> counts once in the rating.
LMMS_EVAL = {
    "elo_score": Metric(lambda s: s.ratio(s.much_better + s.better + (s.tie + s.unread) / 2, _all(s))),
    "raw_score": Metric(lambda s: s.ratio(_reward(s) / 50, _all(s)), unit="number"),
    "win_rate": REWARD["win_rate"],
    **SHARES,
    "unread": UNREAD,
}
