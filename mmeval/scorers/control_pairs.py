"""HallusionBench: the same question about an original and an edited figure; all of a figure, all of a pair right.

Guan et al. 2024, arXiv 2310.14566; rules read from tianyi-lab/HallusionBench evaluation.py and utils.py.

Samples: target "yes" or "no"; groups `figure` (absent where a question stands without its figure) and `pair`, both
within VD or VS, and `l2_figure`, `l2_pair`, which leave VD and VS out; groups `easy_pair` and `hard_pair`, a pair's
questions on the unedited and on the edited figures; metadata `category` (VD or VS), `visual_input` ("0" no
figure, "1" original, "2" edited), `figure_id` and `unedited`, the id of the pair's question on the unedited figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mmeval.samples import Sample
from mmeval.scorers.base import COUNT, GROUP, Judging, Metric, Scored, Scorer, by_group, counts, with_groups
from mmeval.scorers.yes_no import Read
from mmeval.statistics.sums import Totals

if TYPE_CHECKING:
    import pandas as pd


def read_verdict(replies: Sequence[str]) -> tuple[str, str | None]:
    """The judge's verdict on the answer, "0" wrong, "1" right, "2" unclear, and whether it is "1" the same as the
    answer to the unedited figure or "0" not; None where that second call was not made.

    A reply holds the official words ("incorrect" is looked for before "correct", anything else is unclear) or, as in
    official result files, the digit.
    """
    word = replies[0].strip().lower()
    verdict = word if word in {"0", "1", "2"} else "0" if "incorrect" in word else "1" if "correct" in word else "2"
    if len(replies) < 2:
        return verdict, None
    second = replies[1]
    return verdict, "1" if second.strip() == "1" or "same" in second.lower() else "0"


def beside_unedited(sample: Sample, answers: Mapping[str, str]) -> Sample:
    """The sample with the answer to its pair's question on the unedited figure, where there is one.

    answers: sample id -> the model's answer, of the whole task.
    """
    before = answers.get(sample.metadata.get("unedited", ""))
    return sample if before is None else replace(sample, metadata={**sample.metadata, "unedited_answer": before})


def judged_pairs() -> Scorer:
    """The official figures, from a judge's verdicts: all three accuracies, biases and kinds of error.

    Without its figure a VS question may be answered "I can't know": there unclear is right.
    A second call asks whether an answer agrees with the one about the unedited figure (metadata `unedited_answer`, see
    `beside_unedited`). The script makes it for every answer; only wrong ones about other figures use it, so only about
    these it is made here, with equal figures.
    """

    def calls(sample: Sample, answer: str, replies: Sequence[str]) -> list[dict[str, Any]]:
        known = sample.metadata
        if not replies:
            about = {"question": sample.prompt, "reference": known.get("reference")}
            return [{**about, "answer": answer, "unedited_answer": None}]
        before = known.get("unedited_answer")
        if len(replies) > 1 or before is None or known["figure_id"] == "0" or read_verdict(replies)[0] != "0":
            return []
        return [{"question": None, "reference": None, "answer": answer, "unedited_answer": before}]

    def score(sample: Sample, answer: str | None, replies: Sequence[str]) -> Scored:
        verdict, same = read_verdict(replies)
        category, figure = sample.metadata["category"], sample.metadata["figure_id"]
        right = verdict == "1" or (verdict == "2" and category == "VS" and figure == "0")
        truth = sample.target == "yes"
        word = {"0": "incorrect", "1": "correct", "2": "unclear"}[verdict]
        return counts(
            prediction=word,
            correct=right,
            right=right,
            truths=truth,
            yes=right == truth,
            false_positive=not right and not truth,
            said_wrong=verdict == "0",
            said_unclear=verdict == "2",
            same=same == "1",
            same_unknown=same is None,
            vs=category == "VS",
            original=figure == "0",
            edited=sample.metadata["visual_input"] == "2",
        )

    def derive(frame: pd.DataFrame) -> pd.DataFrame:
        frame = with_groups(frame, "figure", "pair", "easy_pair", "hard_pair")
        frame = by_group(frame, ["pair"], "right", "pairs")
        frame = by_group(frame, ["easy_pair"], "right", "easy")
        frame = by_group(frame, ["hard_pair"], "right", "hard")
        return _errors(_figures(frame))

    return Scorer(None, JUDGED_METRICS, derive, Judging("hallusionbench", calls, score, beside=beside_unedited))


def _figures(frame: pd.DataFrame) -> pd.DataFrame:
    """`by_group` for figures, and on each figure's first row also whether all are wrong and the share that is right."""
    frame = by_group(frame, ["figure"], "right", "figures")
    right = frame.groupby(GROUP + "figure", sort=False)[COUNT + "right"]
    first = frame[COUNT + "figures"] == 1
    frame[COUNT + "figures_wrong"] = (first & (right.transform("max") == 0)).astype(float)
    frame[COUNT + "figures_share"] = right.transform("mean").where(first, 0.0)
    return frame


def _errors(frame: pd.DataFrame) -> pd.DataFrame:
    """Counts a wrong answer as language hallucination, visual illusion or mixed (utils.py get_eval_pair_all).

    It depends on the verdict on the unedited figure's question in the same pair. `untyped`: wrong answers whose kind
    needs a verdict that is not there.
    """
    said = {
        name: frame[COUNT + name] == 1 for name in ("said_wrong", "said_unclear", "same", "vs", "original", "edited")
    }
    wrong, unclear, vs, original = said["said_wrong"], said["said_unclear"], said["vs"], said["original"]
    of_pair = frame[original].dropna(subset=GROUP + "pair").drop_duplicates(GROUP + "pair").set_index(GROUP + "pair")
    before_wrong = frame[GROUP + "pair"].map(of_pair[COUNT + "said_wrong"])
    before_unclear = frame[GROUP + "pair"].map(of_pair[COUNT + "said_unclear"])
    before_known = before_wrong.notna()
    was_wrong, was_unclear = before_wrong == 1, before_unclear == 1
    was_right = before_known & ~was_wrong & ~was_unclear
    changed = ~original

    asks_same = (wrong & changed) & ((~vs & was_right) | (vs & was_wrong) | (vs & was_right & said["edited"]))
    untyped = ((wrong | unclear) & changed & ~before_known) | (asks_same & (frame[COUNT + "same_unknown"] == 1))
    language = vs & wrong & (original | (was_wrong & said["same"]) | (was_right & said["edited"] & said["same"]))
    mixed_vd = ~vs & wrong & changed & was_right & said["same"]
    mixed_vs = vs & changed & was_wrong & ((wrong & ~said["same"]) | unclear)
    mixed = mixed_vd | mixed_vs
    # A VS question without its figure, answered "I can't know", is no error.
    visual = (wrong | unclear) & ~(vs & original) & ~language & ~mixed
    for name, column in {"language": language, "visual": visual, "mixed": mixed}.items():
        frame[COUNT + name] = (column & ~untyped).astype(float)
    frame[COUNT + "untyped"] = untyped.astype(float)
    return frame


def matched_pairs(read: Read, merge: bool = False) -> Scorer:
    """The three accuracies by string matching, on the questions that have a figure.

    merge: figures and pairs of VD and VS with the same subcategory and ids are one (VLMEvalKit), except within a
    slice that has only one of the two.
    """

    def score(sample: Sample, answer: str) -> Scored:
        said = read(answer)
        shown = sample.metadata["visual_input"] != "0"
        right = said is not None and said == (sample.target == "yes")
        return counts(
            prediction=None if said is None else "yes" if said else "no",
            correct=right if shown else None,
            rows=shown,
            right=shown and right,
            yes=shown and said is True,
            unread=shown and said is None,
            vs=shown and sample.metadata["category"] == "VS",
        )

    def derive(frame: pd.DataFrame) -> pd.DataFrame:
        frame = with_groups(frame, "figure")
        shown = frame[COUNT + "rows"].where(~frame["missing"], frame[GROUP + "figure"].notna())
        frame = frame[shown == 1]
        for name, group in (("figures", "figure"), ("pairs", "pair")):
            frame = by_group(frame, [group], "right", name)
            frame = by_group(frame, [f"l2_{group}"], "right", f"l2_{name}")
        return frame

    def share(name: str) -> Callable[[Totals], object]:
        def formula(s: Totals) -> object:
            plain = s.ratio(getattr(s, f"{name}_all"), getattr(s, name))
            merged = s.ratio(getattr(s, f"l2_{name}_all"), getattr(s, f"l2_{name}"))
            both = (s.vs > 0) & (s.vs < s.rows)
            return np.where(both, merged, plain) if merge else plain

        return formula

    return Scorer(
        score,
        metrics={
            "a_acc": Metric(lambda s: s.ratio(s.right, s.rows)),
            "f_acc": Metric(share("figures")),
            "q_acc": Metric(share("pairs")),
            "yes_ratio": Metric(lambda s: s.ratio(s.yes, s.rows), better=None),
            "unread": Metric(lambda s: s.ratio(s.unread, s.rows), better="lower"),
        },
        derive=derive,
    )


def _kind(name: str) -> Metric:
    """Share of a kind among the errors; undefined where the kind of some could not be told."""

    def formula(s: Totals) -> object:
        known = np.where(s.untyped > 0, 0.0, s.language + s.visual + s.mixed)
        return s.ratio(getattr(s, name), known)

    return Metric(formula, better=None)


JUDGED_METRICS = {
    "a_acc": Metric(lambda s: s.ratio(s.right, s.n)),
    "f_acc": Metric(lambda s: s.ratio(s.figures_all, s.figures)),
    "q_acc": Metric(lambda s: s.ratio(s.pairs_all, s.pairs)),
    # The paper's "easy" and "hard" accuracies are of pairs, over the unedited and over the edited figures.
    "easy_a_acc": Metric(lambda s: s.ratio(s.easy_all, s.easy)),
    "hard_a_acc": Metric(lambda s: s.ratio(s.hard_all, s.hard)),
    "figure_score": Metric(lambda s: s.ratio(s.figures_share, s.figures)),
    "inconsistent": Metric(lambda s: s.ratio(s.figures - s.figures_all - s.figures_wrong, s.figures), better="lower"),
    "all_wrong": Metric(lambda s: s.ratio(s.figures_wrong, s.figures), better="lower"),
    "yes_difference": Metric(lambda s: s.ratio(s.yes, s.n) - s.ratio(s.truths, s.n), better=None),
    "false_positive_ratio": Metric(lambda s: s.ratio(s.false_positive, s.n - s.right), better=None),
    "language_hallucination": _kind("language"),
    "visual_illusion": _kind("visual"),
    "mixed": _kind("mixed"),
    "unclear": Metric(lambda s: s.ratio(s.said_unclear, s.n), better=None),
}
