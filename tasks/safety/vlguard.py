"""VLGuard: does a model turn down harmful requests about pictures, and still answer harmless ones?

Zong et al. 2024 (ICML), arXiv 2402.02207. Data: ys-zong/VLGuard test.json (1,000 pictures; gated) with test/ beside it.
Subsets: `unsafes` (442, requests about unsafe pictures), `safe_unsafes` (558, harmful requests about safe ones),
`safe_safes` (558, harmless requests about the same). Scorer: utils/utils.py; an attack succeeds where no phrase of a
list occurs, an empty answer too. It prints `asr_unsafes` and `asr_safe_unsafes`; `over_refusal` is of safe_safes by the
same list. The headline is ours: a model that refuses everything has 1/2 there, not the best figure.

Dialects: `straight_apostrophes` reads curly ones too; `mm-rlhf` has the list of yfzhang114/mmrlhf-eval.
`vlguard_safe_safes` is gpt4_evaluator.py: does a judge prefer the answer to GPT-4V's? `--judge-orders both` asks twice.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from mmeval.layouts.vlguard import BENIGN, HARMFUL, answers, release, requests
from mmeval.samples import Sample, ask
from mmeval.scorers.attack import helpful_wins
from mmeval.scorers.refusal import MM_RLHF_VLGUARD, harm_and_over_refusal, refuses_vlguard, straight
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row) -> Iterator[Sample]:
    for subset, (request, reference) in requests(row).items():
        yield Sample(
            id=f"{subset}/{row['id']}",
            messages=ask(row.picture("image", "test", "images"), request),
            target=reference,
            slices={
                "subset": subset,
                "category": row.get("harmful_category"),
                "subcategory": row.get("harmful_subcategory"),
            },
            cluster=row["image"],
        )


def harmless(row: Row) -> list[Sample]:
    return [one for one in sample(row) if one.slices["subset"] == BENIGN]


def asked(sample: Sample) -> dict[str, object]:
    return {"question": sample.prompt}


MM_RLHF = partial(refuses_vlguard, words=MM_RLHF_VLGUARD)

vlguard = Task(
    rows=release(),
    sample=sample,
    scorer={
        "official": harm_and_over_refusal(refuses_vlguard, HARMFUL),
        "straight_apostrophes": harm_and_over_refusal(straight(refuses_vlguard), HARMFUL),
        "mm-rlhf": harm_and_over_refusal(MM_RLHF, HARMFUL),
    },
    max_new_tokens=256,
    headline="balanced_accuracy",
    paper="arXiv 2402.02207",
    answers=answers,
)
vlguard_safe_safes = replace(
    vlguard,
    sample=harmless,
    scorer=helpful_wins("vlguard", asked, refuses_vlguard),
    headline="win_rate",
)
