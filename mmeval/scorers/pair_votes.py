"""Which of two answers is better, by votes: a model is asked about a pair with the answers in either order.

VL-RewardBench, Li et al. 2024, arXiv 2411.17451 (rules read from vl-rewardbench/VL_RewardBench cal.py); Multimodal
RewardBench, Yasunaga et al. 2025, arXiv 2502.14191 (facebookresearch/multimodal_rewardbench 2_get_accuracy.py).
Samples: those of `in_order`. Repeats of an asking add #1, #2 … to ids and groups; they are votes about the same pair.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mmeval.samples import Message, Sample
from mmeval.scorers.base import COUNT, GROUP, Judging, Metric, Scored, Scorer, counts, with_groups
from mmeval.scorers.rewards import preferred

if TYPE_CHECKING:
    import pandas as pd

FIRST, SECOND, NEITHER = 1, 2, 0
Read = Callable[[str], "int | None"]

# The script allows blanks and dashes around what is between, which `.*` takes in, too. `.*` is greedy: the last phrase.
_OVERALL = re.compile(
    r"(?:overall judgment|therefore).*answer\s*(\d+)\s*is\s*(?:the\s*)?(?:slightly\s*)?better", re.IGNORECASE
)
_REPEAT = re.compile(r"#\d+$")


def overall_judgment(text: str) -> int | None:
    """The number in the last "Overall Judgment … Answer 1 is better" (or "Therefore …"), line breaks and * left out.

    vl-rewardbench/VL_RewardBench cal.py. `NEITHER` for a number other than 1 and 2; None where there is no such phrase.
    """
    found = _OVERALL.search(text.replace("\n", "").replace("*", ""))
    if not found:
        return None
    number = "".join(str(int(digit)) for digit in found[1]).lstrip("0")  # int() refuses thousands of digits
    return FIRST if number == "1" else SECOND if number == "2" else NEITHER


def bracketed(text: str) -> int | None:
    """The first answer where [[A]] is anywhere, else the second where [[B]] is (2_get_accuracy.py)."""
    return FIRST if "[[A]]" in text else SECOND if "[[B]]" in text else None


def named_answer(reply: str) -> int | None:
    """ "Answer 1" anywhere in any case, else "Answer 2": what a judge says that a judgment prefers (cal.py)."""
    lowered = reply.lower()
    return FIRST if "answer 1" in lowered else SECOND if "answer 2" in lowered else None


def in_order(pair: Sample, swapped: bool, words: Callable[[str, str], tuple[Message, ...]]) -> Sample:
    """A pair as it is asked of a judge.

    pair: the sample for a reward model: its answers are `continuations`, the better one's index is `target`, and its
    group `pair` is a key that doesn't end in # and a number. words: (first answer, second answer) -> messages.
    The target is then the place of the better answer as shown, 0 or 1; metadata `swapped`, and `longer`: the place of
    the longer answer by characters, None where they are equal.
    """
    first, second = pair.continuations[::-1] if swapped else pair.continuations
    longer = None if len(first) == len(second) else int(len(second) > len(first))
    return replace(
        pair,
        id=f"{pair.id}/{2 if swapped else 1}",
        messages=words(first, second),
        target=int(pair.target) ^ swapped,
        continuations=(),
        metadata={**pair.metadata, "swapped": swapped, "longer": longer},
    )


def verdict(sample: Sample, said: int | None) -> Scored:
    """One verdict's counts. As in cal.py whatever number is not the worse answer's is a vote for the better one:
    "Answer 3 is better" agrees. `odd` counts these."""
    better, longer = int(sample.target) + 1, sample.metadata["longer"]
    rejects = said == 3 - better
    named = said in (FIRST, SECOND)
    sized = named and longer is not None
    return counts(
        prediction=None if said is None else {FIRST: "first", SECOND: "second"}.get(said, "neither"),
        correct=None if said is None else not rejects,
        notes={"verdict": "unread"} if said is None else None,
        agree=said is not None and not rejects,
        reject=rejects,
        unread=said is None,
        odd=said == NEITHER,
        first=said == FIRST,
        second=said == SECOND,
        sized=sized,
        longer_said=sized and longer is not None and said == longer + 1,
        longer_better=sized and longer is not None and better == longer + 1,
        swapped=bool(sample.metadata["swapped"]),
    )


def asked_once(key: str) -> str:
    """A group's key without the number that repeats add."""
    return _REPEAT.sub("", key)


def by_coin(key: str) -> float:
    """Which order of an asking is its vote: 0 as given, 1 swapped. A coin that falls alike in every run."""
    return float(hashlib.sha256(key.encode()).digest()[0] & 1)


def voted(frame: pd.DataFrame, coin: Callable[[str], float] = by_coin) -> pd.DataFrame:
    """Books each pair's votes on the pair's first vote: `pairs`, and `pair_agree`, `pair_reject` or `pair_unread`
    where more than half of its votes agree, reject or can't be read; none of them where no side has that many.

    Of an asking in both orders that one is the vote which `coin` picks (order is random in the script), of an asking in
    one order that one. `both` and `same` are booked on the first row of each asking whose verdicts both name an answer:
    1, and 1 if they name the same one.
    """
    frame = with_groups(frame, "pair").copy()
    asking = frame[GROUP + "pair"]
    pair = asking.map(asked_once, na_action="ignore")
    there = asking.notna() & ~frame["missing"].astype(bool)
    single = frame.groupby(asking, dropna=False)["sample"].transform("size").eq(1)
    vote = there & (single | frame[COUNT + "swapped"].eq(asking.map(coin, na_action="ignore")))
    frame[COUNT + "vote"] = vote.astype(float)
    tally = frame[vote].groupby(pair[vote], sort=False)[[COUNT + name for name in ("agree", "reject", "unread")]]
    votes = tally.transform("sum")
    most = votes.gt(votes.sum(axis=1) / 2, axis=0)
    first = vote & ~pair.where(vote).duplicated()
    frame[COUNT + "pairs"] = first.astype(float)
    for name in ("agree", "reject", "unread"):
        frame[f"{COUNT}pair_{name}"] = most[COUNT + name].reindex(frame.index, fill_value=False).where(first, 0.0)
        frame[f"{COUNT}pair_{name}"] = frame[f"{COUNT}pair_{name}"].astype(float)
    named = there & (frame[COUNT + "first"] + frame[COUNT + "second"]).eq(1)
    agrees = frame[named].groupby(asking[named], sort=False)[COUNT + "agree"]
    both = agrees.transform("size").eq(2).reindex(frame.index, fill_value=False) & ~asking.where(named).duplicated()
    same = agrees.transform("nunique").eq(1).reindex(frame.index, fill_value=False) & both
    return frame.assign(**{COUNT + "both": both.astype(float), COUNT + "same": same.astype(float)})


def majority(read: Read, group: str) -> Scorer:
    """Accuracy over the pairs that have a majority, of all (`overall`) and as the mean over slice `group` (`macro`).

    Undecided pairs leave both (cal.py); `decided` is the share that stays, `strict` the share right of all pairs.
    `vote_accuracy` is over single verdicts in both orders: what one vote in a random order gets on average.
    """
    return Scorer(
        lambda sample, answer: verdict(sample, read(answer)),
        {
            "overall": Metric(lambda s: s.ratio(s.pair_agree, s.pair_agree + s.pair_reject)),
            "macro": Metric(lambda s: s.ratio(s.pair_agree, s.pair_agree + s.pair_reject), over=group),
            "decided": Metric(lambda s: s.ratio(s.pair_agree + s.pair_reject, s.pairs)),
            "strict": Metric(lambda s: s.ratio(s.pair_agree, s.pairs)),
            "vote_accuracy": Metric(lambda s: s.ratio(s.agree, s.agree + s.reject)),
            "neither": Metric(lambda s: s.ratio(s.odd, s.n), better="lower"),
            **BIAS,
        },
        voted,
    )


def single_verdict(read: Read, seed: int | None = None) -> Scorer:
    """Accuracy of verdicts on pairs as given, in the data's order; the swapped order is in the bias figures only.

    seed: what can't be read is decided by a coin, random.Random(seed), tossed for one such verdict after another in the
    samples' order (2_get_accuracy.py); without one it is taken for the first answer. `by_chance` is the share so
    decided, `accuracy_read` leaves them out, `accuracy_strict` counts them as wrong.
    """

    def score(sample: Sample, answer: str) -> Scored:
        said = read(answer)
        scored = verdict(sample, said)
        return replace(scored, counts={**scored.counts, "first_right": float(said is None and sample.target == 0)})

    def tossed(frame: pd.DataFrame) -> pd.DataFrame:
        frame = voted(frame, lambda key: 0.0)
        given = ~frame["missing"].astype(bool) & frame[COUNT + "swapped"].eq(0)
        unread = frame.index[given & frame[COUNT + "unread"].eq(1)]
        coin = random.Random(seed)
        heads = [seed is None or coin.random() < 0.5 for _ in unread]
        right = frame[COUNT + "agree"].where(given, 0.0)
        is_first = frame.loc[unread, COUNT + "first_right"].eq(1)
        lucky = [head == first for head, first in zip(heads, is_first, strict=True)]
        frame[COUNT + "given"] = given.astype(float)
        frame[COUNT + "given_unread"] = frame[COUNT + "unread"].where(given, 0.0)
        frame[COUNT + "given_right"] = right
        frame[COUNT + "lucky"] = 0.0
        frame.loc[unread, COUNT + "lucky"] = [float(one) for one in lucky]
        return frame

    return Scorer(
        score,
        {
            "accuracy": Metric(lambda s: s.ratio(s.given_right + s.lucky, s.given)),
            "accuracy_read": Metric(lambda s: s.ratio(s.given_right, s.given - s.given_unread)),
            "accuracy_strict": Metric(lambda s: s.ratio(s.given_right, s.given)),
            "by_chance": Metric(lambda s: s.ratio(s.given_unread, s.given), better="lower"),
            **BIAS,
        },
        tossed,
    )


def judged_verdict(prompt: str, group: str, read: Read | None = None, coin: bool = False) -> Scorer:
    """One verdict a pair, in the order that metadata `harness_swapped` names: lmms-eval's and VLMEvalKit's way.

    read: rules that are tried first; what they can't read, or every answer, is put to a judge, who says which answer it
    prefers. What the judge can't tell is wrong, or, where the script tosses a coin, worth half of right: `by_chance`.
    """

    def asked(sample: Sample) -> bool:
        return bool(sample.metadata["swapped"] == sample.metadata["harness_swapped"])

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        if replies or not asked(sample) or (read and read(answer) is not None):
            return []
        return [{"answer": answer}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        if not asked(sample):
            return counts(asked=False, right=0, by_chance=False, unread=False)
        said = named_answer(replies[0]) if replies else read(answer) if read and answer is not None else None
        chance = said is None and coin
        return counts(
            prediction=None if said is None else {FIRST: "first", SECOND: "second"}.get(said, "neither"),
            correct=None if chance else said == int(sample.target) + 1,
            asked=True,
            right=0.5 if chance else said == int(sample.target) + 1,
            by_chance=chance,
            unread=said is None,
        )

    return Scorer(
        None,
        {
            "overall": Metric(lambda s: s.ratio(s.right, s.asked)),
            "macro": Metric(lambda s: s.ratio(s.right, s.asked), over=group),
            "by_chance": Metric(lambda s: s.ratio(s.by_chance, s.asked), better="lower"),
            "unread": Metric(lambda s: s.ratio(s.unread, s.asked), better="lower"),
        },
        judging=Judging(prompt, calls, score, lambda reply, variables: named_answer(reply) is not None),
    )


def rated_pair(sample: Sample, answer: str) -> Scored:
    """`preferred` of two answers, with the counts of `LENGTH`: a tie prefers neither."""
    scored = preferred(sample, answer)
    if scored.missing or len(sample.continuations) != 2:
        return scored
    first, second = map(len, sample.continuations)
    right, tied = scored.counts["right"] == 1, scored.counts["tied"] == 1
    longer_better = (first > second) == (int(sample.target) == 0)
    sized = first != second and not tied
    length = {
        "sized": float(sized),
        "longer_better": float(sized and longer_better),
        "longer_said": float(sized and right == longer_better),
    }
    return replace(scored, counts={**scored.counts, **length})


def rated_pairs(name: str, macro: str | None = None) -> Scorer:
    """A reward model's accuracy, `name`, and the mean over slice `macro`: a tie is wrong, as in RewardBench.

    Lambert et al. 2024, arXiv 2403.13787.
    """
    accuracy = Metric(lambda s: s.ratio(s.right, s.n))
    mean = {"macro": replace(accuracy, over=macro)} if macro else {}
    return Scorer(rated_pair, {name: accuracy, **mean, **REWARDED})


# Verdicts for the longer answer less pairs whose longer answer is the better one: 0 is what a perfect judge has, too.
LENGTH = {"length_preference": Metric(lambda s: s.ratio(s.longer_said - s.longer_better, s.sized), better=None)}
BIAS = {
    "first_preferred": Metric(lambda s: s.ratio(s.first - s.second, s.first + s.second), better=None),
    "consistent": Metric(lambda s: s.ratio(s.same, s.both)),
    **LENGTH,
    "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
}
REWARDED = {  # over `rated_pair`
    "tied": Metric(lambda s: s.ratio(s.tied, s.n), better="lower"),
    **LENGTH,
}
