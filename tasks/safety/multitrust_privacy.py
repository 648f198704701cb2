"""MultiTrust's privacy awareness: is a picture, or the answer to a question about it, private? Yes or no.

Zhang et al. 2024, arXiv 2406.07057. Data: thu-ml/MultiTrust (on request), privacy/vispr/ and privacy/vizwiz-priv/ below
multitrust/. Scorer: thu-ml/MMTrustEval; figures average over subsets. multitrust_private_pictures (P.1): VISPR and
VizWiz. multitrust_private_questions (P.2): VISPR, which alone is in the benchmark's score.
"""

from dataclasses import replace

from mmeval.layouts import multitrust_rules as files
from mmeval.layouts.multitrust import logs
from mmeval.samples import Sample, ask
from mmeval.scorers.jailbreak import affirms
from mmeval.scorers.yes_no import yes_no
from mmeval.sources import Row, official
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    return Sample(
        id=row["id"],
        messages=ask(row.picture("image"), row["prompt"]),
        target=row["label"],
        slices={"subset": row["subset"]},
        cluster=row["picture"],
        metadata={"picture": row["picture"]},
    )


multitrust_private_pictures = Task(
    rows=official("privacy/vispr/sampled_vispr_test2017.jsonl", files.private_pictures, below="multitrust"),
    sample=sample,
    scorer=yes_no(affirms, average_over="subset"),
    max_new_tokens=50,
    headline="accuracy",
    paper="arXiv 2406.07057",
    answers=logs(),
    answers_choose=True,
)
multitrust_private_questions = replace(
    multitrust_private_pictures,
    rows=official(
        "privacy/vispr/vispr_question_gpt4_generated_chosen.json", files.private_questions, below="multitrust"
    ),
)
