"""RewardBench: which of two answers is better? Text only; for reward models and for models that judge.

Lambert et al. 2024, arXiv 2403.13787. Data: allenai/reward-bench split filtered, 2985 pairs in 23 subsets. Scorer:
allenai/reward-bench. A section is the mean of its subsets weighted by fixed counts, the score the mean of the four
sections. The leaderboard's fifth column, Prior Sets, is another data set and is not here.

`--as scalar` and `--as implicit` compare rewards (dialect `rewards`): equal ones are wrong, and counted as `tied`.
A model that judges is asked in both orders, in our words; their mean is what is to be expected of the official coin,
which has no seed. `--prompt one_order` throws one of ours. No verdict counts half, as there; [[A]] anywhere is A, even
before a final [[B]]: `last_verdict` reads the last one.
"""

from mmeval.layouts.rewardbench import (
    SECTION_OF,
    SECTIONS,
    in_both_orders,
    in_one_order,
    prompt_digest,
    results,
    subset_of,
    text,
)
from mmeval.samples import Sample, ask
from mmeval.scorers.reward_pairs import judged_pairs, last_letter, rewarded_pairs, stated_letter
from mmeval.sources import Row, hub
from mmeval.tasks import Task


def rated(row: Row) -> Sample:
    subset = subset_of(row, SECTION_OF)
    return Sample(
        id=f"{subset}/{row['id']}",
        messages=ask(text(row, "prompt")),
        continuations=(text(row, "chosen"), text(row, "rejected")),
        target=0,
        slices={"section": SECTION_OF[subset], "subset": subset},
        cluster=prompt_digest(row),
        metadata={"subset": subset},
    )


rewardbench = Task(
    rows=hub("allenai/reward-bench", "filtered"),
    sample=in_both_orders(rated),
    prompts={"one_order": in_one_order(rated)},
    rated=rated,
    scorer={
        "official": judged_pairs(SECTIONS, stated_letter()),
        "last_verdict": judged_pairs(SECTIONS, last_letter()),
        "rewards": rewarded_pairs(SECTIONS),
    },
    max_new_tokens=2048,
    headline="score",
    paper="arXiv 2403.13787",
    answers=results(rated),
    answers_columns=("id", "subset", "judgment|score_chosen|scores_chosen"),
    answers_choose=True,
    answers_carry=True,
)
