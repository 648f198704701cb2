"""MM-RLHF-RewardBench: is the chosen answer about a picture or video preferred, for each pair and all pairs of an id?

Paper: Zhang et al. 2025, arXiv 2502.10391. Data: hub yifanzhang114/MM-RLHF-RewardBench: mm_reward_bench.jsonl and its
pictures below the file's folder (a video is a folder of frames; 32 are shown).
Scorer: yfzhang114/MM-RLHF llava/eval/cal_performance_mmreweard_bench.py: Acc over pairs, Acc+ over ids, a tie is wrong.
The paper's model writes a critique, then rates prompt and critique; here --as scalar or implicit rates the answer
itself, and `rewards` of an official answer file are scored as they are. Without --as the model is asked as a judge, in
our words, with VL-RewardBench's verdict and votes: both orders, one of which a fixed coin makes the vote; repeats add
votes.
"""

from collections.abc import Iterator

from mmeval.layouts import mm_rlhf_rewardbench as layout
from mmeval.samples import Message, Sample, ask
from mmeval.scorers.pair_sets import rewarded_sets, voted_sets
from mmeval.scorers.pair_votes import in_order, overall_judgment
from mmeval.sources import Row
from mmeval.tasks import Task

QUESTION = """Judge two answers that models gave to the question below: are they correct, clear and complete, and what
could be better about each? Be fair to both, whichever comes first.

Question: {}

Answer 1: {}

Answer 2: {}

Explain your assessment, then end with your choice in this form: Overall Judgment: Answer X is better."""


def rated(row: Row) -> Sample:
    return Sample(
        id=layout.key_of(row),
        messages=ask(*layout.pictures_of(row), row["prompt"].replace("<image>", "").strip()),
        target=0,
        slices={"category": layout.category_of(row)},
        cluster=layout.set_of(row),
        groups={"set": layout.set_of(row), "pair": layout.key_of(row)},
        continuations=layout.answers_of(row),
    )


def sample(row: Row) -> Iterator[Sample]:
    pair = rated(row)

    def words(first: str, second: str) -> tuple[Message, ...]:
        return ask(*pair.images, QUESTION.format(row["prompt"].replace("<image>", "").strip(), first, second))

    for swapped in (False, True):
        yield in_order(pair, swapped, words)


mm_rlhf_rewardbench = Task(
    rows=layout.release(),
    sample=sample,
    rated=rated,
    scorer={"official": voted_sets(overall_judgment, layout.CATEGORIES), "rewards": rewarded_sets(layout.CATEGORIES)},
    max_new_tokens=4096,
    headline="accuracy",
    paper="arXiv 2502.10391",
    answers=layout.results(rated),
    answers_columns=layout.COLUMNS,
    answers_carry=True,
)
