"""What every scorer is: one function from an answer to counts, and one formula a metric over their totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mmeval.samples import Sample
from mmeval.statistics.sums import AnyMetric as AnyMetric
from mmeval.statistics.sums import Fitted as Fitted
from mmeval.statistics.sums import Metric as Metric

if TYPE_CHECKING:
    import pandas as pd

# Prefixes of the columns of a table of scores (`mmeval.scoring.score`).
COUNT, SLICE, GROUP = "count.", "slice.", "group."


@dataclass(frozen=True, slots=True)
class Scored:
    """What one answer is worth.

    counts: additive numbers, summed over samples by the metrics. prediction: what the scorer read out of the
    answer, for people. correct: for the page's filters; None where right and wrong have no meaning.
    notes: further words for the page, e.g. {"hallucinated": "dog, frisbee"}. missing: why the answer could not be
    scored (a program that may not be run here); its sample is then missing, whatever else stands here.
    """

    counts: Mapping[str, float]
    prediction: str | None = None
    correct: bool | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None


def counts(
    prediction: str | None = None,
    correct: bool | None = None,
    notes: Mapping[str, str] | None = None,
    **numbers: float,
) -> Scored:
    """A `Scored` from keyword numbers: `counts(tp=said and truth, fp=said and not truth)`."""
    said = None if prediction is None else str(prediction)
    right = None if correct is None else bool(correct)
    return Scored({name: float(value) for name, value in numbers.items()}, said, right, notes or {})


@dataclass(frozen=True, slots=True)
class Judging:
    """What a judge is asked about an answer, and what its replies are worth.

    prompt: the folder in `judges/` with the words of the question. calls: (sample, answer, replies so far) -> one
    mapping of the prompt's variables for each call to make next. It is asked again with the replies to those, until
    there is nothing more to ask: claims are listed first, then checked. No call at all: rules can read this answer.
    score: (sample, answer, replies in the order of the calls) -> `Scored`; the answer is None where only stored
    replies are there. readable: (reply, variables of its call) -> whether the reply can be used; one that can't is
    asked again, once, and the sample is missing if the second can't either. Without it every reply counts. rules: an
    answer that needs no call has a score without a judge, too; not where it takes files of the user's to tell that.
    swap: where the judge compares two answers, the same with their places changed (`--judge-orders both`).
    model_first: whether the model's answer stands first; None where nothing is compared.
    beside: (sample, all answers by sample id) -> the sample with what the calls must know of the model's other answers.
    """

    prompt: str
    calls: Callable[[Sample, str, Sequence[str]], Sequence[Mapping[str, Any]]]
    score: Callable[[Sample, str | None, Sequence[str]], Scored]
    readable: Callable[[str, Mapping[str, Any]], bool] = lambda reply, variables: True
    rules: bool = True
    swap: Judging | None = None
    model_first: bool | None = None
    beside: Callable[[Sample, Mapping[str, str]], Sample] | None = None


@dataclass(frozen=True, slots=True)
class Scorer:
    """metrics: name in the paper, lower snake case -> `Metric` or `Fitted`. score: (sample, answer) -> `Scored`.

    judging: a judge is asked about the answer, and `judging.score` reads what it replied; `score` is None then.
    derive: table of scores -> the same table with further count columns, for what is counted by group rather than
    by sample (all questions of a figure right). It books a group's counts on the group's first row (`by_group`),
    so that they stay sums.
    """

    score: Callable[[Sample, str], Scored] | None
    metrics: Mapping[str, AnyMetric]
    derive: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    judging: Judging | None = None

    def scored(self, sample: Sample, answer: str | None, replies: Sequence[str] | None = None) -> Scored | None:
        """What an answer is worth; None is missing: no answer, or a judge would have to be asked and was not."""
        if self.judging is None:
            assert self.score
            return None if answer is None else self.score(sample, answer)
        if replies is None:
            if answer is None or self.judging.calls(sample, answer, ()) or not self.judging.rules:
                return None
            replies = ()
        return self.judging.score(sample, answer, replies)

    def swapped(self) -> Scorer:
        """The same scorer with the compared answers' places changed; itself where nothing is compared."""
        return replace(self, judging=self.judging.swap) if self.judging and self.judging.swap else self


def averaged(metrics: Mapping[str, Metric], over: str | None) -> dict[str, Metric]:
    """The same metrics, each the mean over a slice's values (POPE's mean F1 over its three splits)."""
    return {name: replace(metric, over=over) for name, metric in metrics.items()}


def with_groups(frame: pd.DataFrame, *groups: str) -> pd.DataFrame:
    """The frame with a column for each group; an empty one where no sample has it (a limit has cut every pair)."""
    absent = [GROUP + group for group in groups if GROUP + group not in frame]
    return frame.assign(**dict.fromkeys(absent)) if absent else frame


def by_group(frame: pd.DataFrame, groups: Sequence[str], column: str, name: str) -> pd.DataFrame:
    """Adds the counts `{name}` and `{name}_all`: 1 on each group's first row, and there 1 if count `column` is all 1.

    Every other row has 0, so that totals over any set of whole groups are the number of groups and of perfect ones.
    groups: names of `Sample.groups`; rows that lack one of them belong to no group. A group with a missing answer is
    not booked: whether it is perfect is not known.
    """
    by = [GROUP + group for group in groups]
    frame = with_groups(frame, *groups)
    keyed = frame.dropna(subset=by)
    keyed = keyed[keyed.groupby(by, sort=False)["missing"].transform("max") == 0]
    first = keyed.index[~keyed.duplicated(by)]
    lowest = keyed.groupby(by, sort=False)[COUNT + column].transform("min")
    frame = frame.copy()
    frame[COUNT + name] = 0.0
    frame[f"{COUNT}{name}_all"] = 0.0
    frame.loc[first, COUNT + name] = 1.0
    frame.loc[first, f"{COUNT}{name}_all"] = lowest.loc[first].eq(1.0).astype(float)
    return frame
