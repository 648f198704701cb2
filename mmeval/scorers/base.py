"""What every scorer is: one function from an answer to counts, and one formula a metric over their totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmeval.samples import Sample
from mmeval.statistics.sums import Metric as Metric

if TYPE_CHECKING:
    import pandas as pd

# Prefixes of the columns of a table of scores (`mmeval.scoring.score`).
COUNT, SLICE, GROUP = "count.", "slice.", "group."

# Stands between the replies of several judge calls about one answer.
NEXT_REPLY = "\n\x1e\n"


@dataclass(frozen=True, slots=True)
class Scored:
    """What one answer is worth.

    counts: additive numbers, summed over samples by the metrics. prediction: what the scorer read out of the
    answer, for people. correct: for the page's filters; None where right and wrong have no meaning.
    notes: further words for the page, e.g. {"hallucinated": "dog, frisbee"}.
    """

    counts: Mapping[str, float]
    prediction: str | None = None
    correct: bool | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


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
class Scorer:
    """score: (sample, answer) -> `Scored`. metrics: name in the paper, lower snake case -> `Metric`.

    derive: table of scores -> the same table with further count columns, for what is counted by group rather than
    by sample (all questions of a figure right). It books a group's counts on the group's first row (`by_group`),
    so that they stay sums. average_over: a slice name; the figures of the whole are then the mean over that slice's
    values (POPE's mean F1 over splits) rather than pooled. judged: `score` reads a judge's reply about the answer (of
    several calls: their replies joined by `NEXT_REPLY`), not the answer; without a judge every sample is missing.
    """

    score: Callable[[Sample, str], Scored]
    metrics: Mapping[str, Metric]
    derive: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    average_over: str | None = None
    judged: bool = False


def by_group(frame: pd.DataFrame, groups: Sequence[str], column: str, name: str) -> pd.DataFrame:
    """Adds the counts `{name}` and `{name}_all`: 1 on each group's first row, and there 1 if count `column` is all 1.

    Every other row has 0, so that totals over any set of whole groups are the number of groups and of perfect ones.
    groups: names of `Sample.groups`; rows that lack one of them belong to no group. A group with a missing answer is
    not booked: whether it is perfect is not known.
    """
    by = [GROUP + group for group in groups]
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
