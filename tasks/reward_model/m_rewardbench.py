"""M-RewardBench: RewardBench in 23 languages: which of two answers is better? Text only.

Gureja et al. 2024, arXiv 2410.15522. Data: C4AI-Community/multilingual-reward-bench (now CohereLabsCommunity/…), a
config a language, or LANGUAGE/filtered.json of it; without its config `translation`. Scorer: for-ai/m-rewardbench. A
language's score is the mean of its four sections (slice `language`), the score the mean over languages; English
(RewardBench itself), where there are rows of it, is in no mean.

Dialects, by the counts that weigh subsets. `official`: RewardBench's, as the official script for models that judge.
`own_counts`: M-RewardBench's, as its analysis of other models: `rewards` has these, so compare it with this one.
Asked as `rewardbench` is: in both orders, or in one with `--prompt one_order`.
"""

from mmeval.errors import DataError
from mmeval.layouts.m_rewardbench import ENGLISH, LANGUAGES, OWN_SECTIONS, release
from mmeval.layouts.rewardbench import SECTION_OF, SECTIONS, in_both_orders, in_one_order, subset_of, text
from mmeval.samples import Sample, ask
from mmeval.scorers.reward_pairs import judged_pairs, rewarded_pairs, stated_letter
from mmeval.sources import Row
from mmeval.tasks import Task

CODES = tuple(LANGUAGES)


def rated(row: Row) -> Sample:
    subset, language = subset_of(row, SECTION_OF), row["config"]
    if language not in (*CODES, ENGLISH):
        raise DataError(f"{row.where}: unknown language {language!r} (there are: {', '.join(CODES)}, {ENGLISH})")
    return Sample(
        id=f"{language}/{subset}/{row['id']}",
        messages=ask(text(row, "prompt")),
        continuations=(text(row, "chosen"), text(row, "rejected")),
        target=0,
        slices={"original" if language == ENGLISH else "language": language},
        cluster=f"{subset}/{row['id']}",
        metadata={"subset": subset, "language": language},
    )


m_rewardbench = Task(
    rows=release(),
    sample=in_both_orders(rated),
    prompts={"one_order": in_one_order(rated)},
    rated=rated,
    scorer={
        "official": judged_pairs(SECTIONS, stated_letter(), CODES),
        "own_counts": judged_pairs(OWN_SECTIONS, stated_letter(), CODES),
        "rewards": rewarded_pairs(OWN_SECTIONS, CODES),
    },
    max_new_tokens=1024,
    headline="score",
    paper="arXiv 2410.15522",
)
