"""Multimodal RewardBench: which of two answers about a picture is better? 5,000 pairs of eight kinds.

Paper: Yasunaga et al. 2025, arXiv 2502.14191. Data: all_data.json and images/ as the repository's 0_download_data.py
makes them, or hub syhuggingface/multimodal_rewardbench, split test.
Scorer: facebookresearch/multimodal_rewardbench 2_get_accuracy.py: one verdict, Output1 as A; [[A]] anywhere, else
[[B]], else a coin (seed 123, one toss after another in the file's order). `by_chance` counts the coins, and
`accuracy_read` and `accuracy_strict` do without. lmms-eval seeds anew for each answer, so its coin always says A.
The swapped order is asked too, for the bias figures; answer files hold the given order only.
--as scalar or implicit: right if the better answer gets strictly more. The judge's question is in our words.
"""

from collections.abc import Iterator

from mmeval.layouts import multimodal_rewardbench as layout
from mmeval.samples import Message, Sample, ask
from mmeval.scorers.pair_votes import bracketed, in_order, rated_pairs, single_verdict
from mmeval.sources import Row, hub, official
from mmeval.tasks import Task

QUESTION = """Two assistants answered a user's question about an image. Judge which of them did what the user asked, and
did it better. Look at whether the answers are helpful, to the point, correct, thorough, inventive and detailed enough.
Neither order, nor length, nor the assistants' names should sway you. Compare the answers in a few sentences first. Then
give your verdict in exactly this form: "[[A]]" if assistant A is better, "[[B]]" if assistant B is better.

[User Question]
{}

[The Start of Assistant A's Answer]
{}
[The End of Assistant A's Answer]

[The Start of Assistant B's Answer]
{}
[The End of Assistant B's Answer]"""


def rated(given: Row) -> Sample:
    row = layout.question(given)
    asked, *answers = layout.texts_of(row)
    return Sample(
        id=layout.key_of(row),
        messages=ask(asked, row.picture("Image")),
        target=layout.better_of(row),
        slices={"category": layout.category_of(row), "area": row["Category"]},
        cluster=row["ID"],
        groups={"pair": layout.key_of(row)},
        metadata={"ID": str(row["ID"])},
        continuations=tuple(answers),
    )


def sample(given: Row) -> Iterator[Sample]:
    def words(first: str, second: str) -> tuple[Message, ...]:
        return ask(QUESTION.format(layout.question(given)["Text"], first, second), *pair.images)

    pair = rated(given)
    for swapped in layout.orders(given):
        yield in_order(pair, swapped, words)


multimodal_rewardbench = Task(
    rows=official("all_data.json", below="multimodal_rewardbench")
    | hub("syhuggingface/multimodal_rewardbench", "test"),
    sample=sample,
    rated=rated,
    scorer={
        "official": single_verdict(bracketed, seed=123),
        "lmms-eval": single_verdict(bracketed),
        "rewards": rated_pairs("accuracy"),
    },
    max_new_tokens=1024,
    headline="accuracy",
    # The repository's leaderboard, with Hateful Memes rows that are not released.
    published={"Claude-3.5-Sonnet": 72.0, "Gemini-1.5-Pro": 72.0, "GPT-4o": 71.5, "LLaVA-1.5-13B": 48.9},
    paper="arXiv 2502.14191",
    answers=layout.results,
    answers_columns=layout.COLUMNS,
    answers_choose=True,  # a file holds one order
)
