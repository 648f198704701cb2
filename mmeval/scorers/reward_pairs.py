"""Which of two answers is better, over many subsets: verdicts or rewards, in sections weighted by fixed counts.

Lambert et al. 2024 (RewardBench), arXiv 2403.13787; allenai/reward-bench, rewardbench/utils.py and scripts/run_rm.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import GROUP, AnyMetric, Fitted, Metric, Scored, Scorer, by_group, counts, with_groups
from mmeval.scorers.rewards import preferred
from mmeval.statistics.sums import Array, Totals, mean_there, share

if TYPE_CHECKING:
    import pandas as pd

ReadLetter = Callable[[str], str | None]
Sections = Mapping[str, Mapping[str, int]]  # section -> subset -> how much the subset counts in it


def stated_letter(letters: str = "AB") -> ReadLetter:
    """The first of `letters` that stands in double brackets anywhere: a text with [[B]] and then [[A]] says A.

    allenai/reward-bench, process_judgement in rewardbench/generative.py and generative_v2.py.
    """

    def read(answer: str) -> str | None:
        return next((letter for letter in letters if f"[[{letter}]]" in answer), None)

    return read


def last_letter(letters: str = "AB") -> ReadLetter:
    """The letter in the last double brackets: an explanation may name the others before."""
    verdict = re.compile(rf"\[\[([{letters}])\]\]")

    def read(answer: str) -> str | None:
        found = verdict.findall(answer)
        return str(found[-1]) if found else None

    return read


def tally(subset: str, worth: float, language: int | None = None) -> dict[str, float]:
    """Counts of one pair. worth: 1 right, 0 wrong. language: its number from 1 on, 0 if it is in no mean."""
    coded = {} if language is None else {"language": float(language)}
    return {"right": worth, f"n {subset}": 1.0, f"right {subset}": worth, **coded}


def judged_pairs(sections: Sections, read: ReadLetter, languages: tuple[str, ...] = ()) -> Scorer:
    """A model's verdict on a pair; none counts as half right, as in the official script, and in `unread`.

    Reads `target` (the letter of the better answer), the metadata `subset` and, with languages, `language`.
    read_accuracy: share right of the verdicts. first_preferred: share of verdicts for the answer shown first, less
    that for the second. consistent: share of pairs, asked in both orders (group `pair`), with the same winner in both.
    """

    @lru_cache(None)
    def scored(subset: str, truth: str, said: str | None, language: int | None) -> Scored:
        verdict = counts(
            said or "neither",
            None if said is None else said == truth,
            won=said == truth,
            lost=said not in (None, truth),
            first=said == "A",
            second=said == "B",
            unread=said is None,
        )
        worth = 0.5 if said is None else float(said == truth)
        return replace(verdict, counts={**tally(subset, worth, language), **verdict.counts})

    def score(sample: Sample, answer: str) -> Scored:
        return scored(sample.metadata["subset"], sample.target, read(answer), _number(sample, languages))

    metrics: dict[str, AnyMetric] = {
        **section_metrics(sections, languages),
        "read_accuracy": Metric(lambda s: s.ratio(s.won, s.won + s.lost)),
        "first_preferred": Metric(lambda s: s.ratio(s.first - s.second, s.first + s.second), better=None),
        "consistent": Metric(lambda s: s.ratio(s.pairs_all + s.failures_all, s.pairs)),
        "unread": Metric(lambda s: s.ratio(s.unread, s.n), better="lower"),
    }
    return Scorer(score, metrics, derive=_both_orders)


def rewarded_pairs(sections: Sections, languages: tuple[str, ...] = ()) -> Scorer:
    """A reward model's numbers for a pair: right if the better answer gets strictly more; `tied` shows equal ones.

    Reads the metadata `subset` and, with languages, `language`.
    """

    def score(sample: Sample, answer: str) -> Scored:
        found = preferred(sample, answer)
        if found.missing:
            return found
        pair = tally(sample.metadata["subset"], found.counts["right"], _number(sample, languages))
        return replace(found, counts={**pair, "tied": found.counts["tied"]})

    tied = Metric(lambda s: s.ratio(s.tied, s.n), better="lower")
    return Scorer(score, {**section_metrics(sections, languages), "tied": tied})


def section_metrics(sections: Sections, languages: tuple[str, ...] = ()) -> dict[str, AnyMetric]:
    """score: the mean of the sections, each the mean of its subsets weighted by the fixed counts; accuracy over pairs.

    With languages all but accuracy are means over the slice `language`, and language_std is the standard deviation
    (ddof 1) of the languages' scores. Subsets and sections without a pair are left out of their means.
    """
    over = "language" if languages else None
    metrics: dict[str, AnyMetric] = {"score": Metric(partial(_mean_of_sections, sections), over=over)}
    metrics |= {name: Metric(partial(_section, subsets), over=over) for name, subsets in sections.items()}
    metrics["accuracy"] = Metric(lambda s: s.ratio(s.right, s.n))
    if languages:  # without an interval: resampled pairs would only add to the spread
        metrics["language_std"] = Fitted(partial(_spread, sections), better="lower", unit="fraction", draws=1)
    return metrics


def _section(subsets: Mapping[str, int], s: Totals) -> Array:
    total, counted = np.zeros(1), np.zeros(1)
    for subset, fixed in subsets.items():
        n = getattr(s, f"n {subset}", None)
        if n is not None:  # else no pair of it was asked
            accuracy = share(getattr(s, f"right {subset}"), n)
            total = total + np.where(n > 0, accuracy * fixed, 0.0)
            counted = counted + np.where(n > 0, fixed, 0)
    return share(total, counted)


def _mean_of_sections(sections: Sections, s: Totals) -> Array:
    return mean_there(_section(subsets, s) for subsets in sections.values())


def _spread(sections: Sections, columns: Mapping[str, Array], weights: Array) -> Array:
    """Standard deviation of the languages' scores, (m,), from (n,) counts and (m, n) weights."""
    subsets = [name.removeprefix("n ") for name in columns if name.startswith("n ")]
    subset = np.argmax([columns[f"n {name}"] for name in subsets], axis=0)
    language = columns["language"].astype(np.int64)
    known, shape = language > 0, (int(language.max()) + 1, len(subsets))
    cell, right = (language * len(subsets) + subset)[known], columns["right"][known]
    spreads = np.full(len(weights), np.nan)
    for row, drawn in enumerate(weights[:, known]):
        n: Array = np.bincount(cell, drawn, shape[0] * shape[1]).reshape(shape).astype(float)
        won: Array = np.bincount(cell, drawn * right, shape[0] * shape[1]).reshape(shape).astype(float)
        totals: dict[str, Array] = {f"n {name}": n[:, i] for i, name in enumerate(subsets)}
        totals |= {f"right {name}": won[:, i] for i, name in enumerate(subsets)}
        scores = _mean_of_sections(sections, Totals(totals))
        scores = scores[~np.isnan(scores)]
        if len(scores) > 1:
            spreads[row] = np.std(scores, ddof=1)
    return spreads


def _number(sample: Sample, languages: tuple[str, ...]) -> int | None:
    """A sample's language as a number; 0 for one that is in no mean, None where there is but one."""
    if not languages:
        return None
    language = sample.metadata["language"]
    return languages.index(language) + 1 if language in languages else 0


def _both_orders(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts `pairs` asked in both orders, and of these `pairs_all` won and `failures_all` lost in both."""
    frame = with_groups(frame, "pair")
    asked = frame.groupby(GROUP + "pair")["sample"].transform("size")
    frame = frame.assign(**{GROUP + "pair": frame[GROUP + "pair"].where(asked == 2, None)})
    return by_group(by_group(frame, ["pair"], "won", "pairs"), ["pair"], "lost", "failures")
