"""MLLM-as-a-Judge: a model scores an answer about a picture, compares two, or ranks several; do people agree?

Paper: Chen et al. 2024, arXiv 2402.04788. Data: Dataset/Benchmark/{score,pair,batch}.jsonl of Dongping-Chen/MLLM-Judge
(a clone as mllm_judge/) with the pictures in Dataset/image/, or the same files and image/ of hub
shuaishuaicdp/MLLM-Judge in mllm_judge/. Pairs are told apart by pair_id: their `id` is the picture's.
Scorer: scripts/calculate_metrics.ipynb: Pearson's r, accuracy with and without ties, Levenshtein distance, over all
samples together; `_mean` figures are means over the 14 source data sets.
The question is in our words; what it asks for, the scale, the order and the form of the reply are the official ones
(setting "No COT"; the official script samples at temperature 0.2).
"""

from dataclasses import replace

from mmeval.layouts.mllm_judge import answers, choice, judged, key, picture, ranking, released, score, shown
from mmeval.samples import Sample, ask
from mmeval.scorers.judge_agreement import PAIRS, RANKINGS, SCORES
from mmeval.sources import Row
from mmeval.tasks import Task

QUESTION = """Be an impartial judge of how well an AI assistant answers a user's request about the picture shown.
Look at the picture closely and study what is to be judged before you decide. {task}
Weigh relevance, accuracy, completeness, creativity and level of detail. Length, an assistant's name and the order of \
the answers must not sway you.
Reply with one flat JSON object: "Analysis" holds your observations, "Judgement" the verdict alone, {form}.

{shown}"""
SCORE = (
    "You see one answer. Score it: 1 poor (misses the request), 2 fair (meets it in part, with clear gaps), 3 average "
    "(adequate, without depth), 4 good (meets it well and in detail), 5 excellent (complete, exact and insightful).",
    'as "[[1]]", "[[2]]", "[[3]]", "[[4]]" or "[[5]]"',
)
PAIR = (
    "You see two answers to the same request. Decide which one serves it better.",
    'as "[[A]]" or "[[B]]" for the better assistant, or "[[C]]" for a tie',
)
BATCH = (
    "You see several answers to the same request. Rank them from the best to the worst.",
    "the letters in that order: [[A]], [[B]], [[C]], [[D]] if A were the best and D the worst",
)


def sample(row: Row, task: tuple[str, str], target: float | str) -> Sample:
    return Sample(
        id=key(row),
        messages=ask(picture(row), QUESTION.format(task=task[0], form=task[1], shown=shown(row))),
        target=target,
        slices={"dataset": row["original_dataset"]},
        cluster=row["image_path"],
        metadata={"answers": len(judged(row))},
    )


mllm_judge_score = Task(
    rows=released("score"),
    sample=lambda row: sample(row, SCORE, score(row)),
    scorer=SCORES,
    max_new_tokens=1024,
    headline="pearson",
    paper="arXiv 2402.04788",
    answers=answers,
    answers_columns=("id",),
)
mllm_judge_pair = replace(
    mllm_judge_score,
    rows=released("pair"),
    sample=lambda row: sample(row, PAIR, choice(row)),
    scorer=PAIRS,
    headline="accuracy_with_tie",
)
mllm_judge_batch = replace(
    mllm_judge_score,
    rows=released("batch"),
    sample=lambda row: sample(row, BATCH, ranking(row)),
    scorer=RANKINGS,
    headline="levenshtein",
)
