"""RefoMB: is an answer better than GPT-4V's? A judge compares the two by a long description of the picture.

Yu et al. 2024 (RLAIF-V), arXiv 2405.17220. Data: eval/data of RLHF-V/RLAIF-V: gpt4v_RefoMB_dev_0521.jsonl (99 questions
of eight types, each with its description and GPT-4V's `answer`), the pictures by the file name in `image_url` beside it
or in images/. Answer files: RefoMB_dev.jsonl with `answer` filled in; matched by question and picture.

Dialects. `official`: eval_RefoMB_p0.py, GPT-4V's answer always first (judge gpt-4-1106-preview), ties half; then
eval_hallucination.py asks of each review which answer hallucinates less (`trustworthiness`). The authors advise to
average three runs. `--judge-orders both` shows each pair both ways round.
"""

from mmeval.layouts.refomb import answers, picture, reference, release
from mmeval.samples import Sample, ask
from mmeval.scorers.pairwise import against_reference
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    return Sample(
        id=str(row["id"]),
        messages=ask(picture(row), row["question"]),
        target=reference(row),
        slices={"type": row["type"]},
        cluster=row["image_url"],
        metadata={"description": row["description"]},
    )


def fields(sample: Sample) -> dict[str, object]:
    return {"question": sample.prompt, "description": sample.metadata["description"]}


refomb = Task(
    rows=release(),
    sample=sample,
    scorer=against_reference("refomb", fields, reviewed=True),
    max_new_tokens=1024,
    headline="win_rate",
    paper="arXiv 2405.17220",
    answers=answers,
)
