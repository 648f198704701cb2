"""What every scorer is: one function from an answer to counts, and one formula a metric over their totals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmeval.samples import Sample
from mmeval.statistics.sums import Metric as Metric

if TYPE_CHECKING:
    import pandas as pd


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
    return Scored({name: float(value) for name, value in numbers.items()}, prediction, correct, notes or {})


@dataclass(frozen=True, slots=True)
class Scorer:
    """score: (sample, answer) -> `Scored`. metrics: name in the paper, lower snake case -> `Metric`.

    derive: table of scores -> the same table with further count columns, for what is counted by group rather than
    by sample (all questions of a figure right). It books a group's counts on the group's first row (`by_group`),
    so that they stay sums. average_over: a slice name; the figures of the whole are then the mean over that slice's
    values (POPE's mean F1 over splits) rather than pooled.
    """

    score: Callable[[Sample, str], Scored]
    metrics: Mapping[str, Metric]
    derive: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    average_over: str | None = None


def by_group(frame: pd.DataFrame, by: list[str], column: str, name: str) -> pd.DataFrame:
    """Adds `{name}` and `{name}_all`: 1 on the first row of each group by `by`, and there 1 if `column` is all 1.

    Every other row has 0, so that totals over any set of whole groups are the number of groups and of perfect ones.
    Rows where a key is missing (None) belong to no group.
    """
    keyed = frame.dropna(subset=by)
    grouped = keyed.groupby(by, sort=False)[column]
    first = keyed.index[~keyed.duplicated(by)]
    frame = frame.copy()
    frame[name] = 0.0
    frame[f"{name}_all"] = 0.0
    frame.loc[first, name] = 1.0
    frame.loc[first, f"{name}_all"] = grouped.transform("min").loc[first].astype(float)
    return frame
