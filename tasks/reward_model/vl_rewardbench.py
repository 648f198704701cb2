"""VL-RewardBench: which of two answers about a picture is better? 1250 pairs, by votes of the model as a judge.

Paper: Li et al. 2024, arXiv 2411.17451. Data: hub MMInstruction/VL-RewardBench, split test, or VLMEvalKit's table.
Scorer: vl-rewardbench/VL_RewardBench cal.py: K votes a pair, the order of the answers drawn anew for each; a pair
counts for whichever side has more than half of its votes, and leaves the figures where neither has.
Each pair is asked in both orders, and a fixed coin says which is its vote; both are in the bias figures. The paper's
K = 10 is --repeats 10 --temperature 0.2 --top-p 0.2; without repeats K = 1.
lmms-eval and vlmevalkit take one verdict, in an order that follows from the answers' lengths: lmms-eval puts what its
rules can't read to a judge, and prints `macro`; VLMEvalKit puts every answer to one, and prints both figures.
--as scalar or implicit: right if the better answer gets strictly more. The judge's question is in our words.
"""

from collections.abc import Iterator

from mmeval.layouts import vl_rewardbench as layout
from mmeval.samples import Message, Sample, ask
from mmeval.scorers.pair_votes import in_order, judged_verdict, majority, overall_judgment, rated_pairs
from mmeval.sources import Row, hub, official
from mmeval.tasks import Task

QUESTION = """Somebody asked a question about an image and got two answers. Find out which of them is better.

Question: {}

Answer 1: {}

Answer 2: {}

Compare the two answers in these points, and give your reasons for each:
1. Accuracy: does the answer agree with what the image shows?
2. Completeness: does it cover everything that was asked?
3. Clarity: is it well put and easy to understand?
4. Relevance: does it keep to the question and the image?

Then say which answer is better on the whole, in this form: Overall Judgment: Answer X is better."""


def rated(row: Row) -> Sample:
    return Sample(
        id=layout.key_of(row),
        messages=ask(row.picture(), layout.question_of(row).replace("<image>\n", "")),
        target=layout.better_of(row),
        slices={"group": layout.group_of(row)},
        cluster=layout.name_of(row),
        groups={"pair": layout.key_of(row)},
        metadata={"harness_swapped": layout.harness_swapped(row)},
        continuations=layout.answers_of(row),
    )


def sample(row: Row) -> Iterator[Sample]:
    def words(first: str, second: str) -> tuple[Message, ...]:
        text = QUESTION.format(layout.question_of(row), first, second).replace("<image>\n", "")
        return ask(text, row.picture())

    for swapped in layout.orders(row):
        yield in_order(rated(row), swapped, words)


vl_rewardbench = Task(
    rows=hub("MMInstruction/VL-RewardBench", "test") | official("VL-RewardBench.tsv", below="vl_rewardbench"),
    sample=sample,
    rated=rated,
    scorer={
        "official": majority(overall_judgment, "group"),
        "lmms-eval": judged_verdict("named_answer", "group", overall_judgment, coin=True),
        "vlmevalkit": judged_verdict("named_answer", "group"),
        "rewards": rated_pairs("overall", macro="group"),
    },
    max_new_tokens=2048,
    headline="overall",
    published={"GPT-4o": 65.4},  # the paper's abstract
    paper="arXiv 2411.17451",
    answers=layout.results(sample),
    answers_columns=layout.COLUMNS,
    answers_carry=True,
    answers_choose=True,  # a vote is in one order
)
