"""MM-AlignBench: 252 open questions about pictures, each answer judged against Claude 3 Sonnet's, which stands first.

Paper: Zhao et al. 2025 (OmniAlign-V), arXiv 2502.18411. Data: VLMEvalKit's MMAlignBench.tsv or PhoenixZ/MM-AlignBench:
index, question, image, claude3_sonnet, type, for some a key fact (gt) that the judge is shown. Judge gpt-4o, one game.
Scorer: open-compass/VLMEvalKit mmalignbench.py, the official one: `win_rate` is the share of better and much better,
`reward` from -100 to 100, also by type. Without exactly one label the judge is told to go on, once; then it is a tie;
`unread` is their share, `_of_read` the figure without them. Answer files: answers, or the table with score and judge.
"""

from mmeval.layouts.mm_alignbench import baseline, judged, key_fact, release
from mmeval.samples import Sample, ask
from mmeval.scorers.battles import REWARD, battles, one_label, unread
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    return Sample(
        id=str(row["index"]),
        messages=ask(row["question"], row.picture()),
        target=baseline(row),
        slices={"type": row["type"]},
        metadata={"fact": key_fact(row)},
    )


def fields(sample: Sample) -> dict[str, object]:
    return {"question": sample.prompt, "fact": sample.metadata["fact"]}


mm_alignbench = Task(
    rows=release(),
    sample=sample,
    scorer=battles("mm_alignbench", fields, one_label, REWARD, 1, unread, ties=True),
    max_new_tokens=2048,
    headline="win_rate",
    paper="arXiv 2502.18411",
    answers=judged,
    answers_columns=("index", "score"),
)
