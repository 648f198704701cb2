"""MultiTrust's stereotyped statements: what are they about, and does the model agree? Rules; no judge is needed.

Zhang et al. 2024, arXiv 2406.07057. Data: thu-ml/MultiTrust (on request), fairness/ below multitrust/: as text and
with a picture; unrelated pictures, drawn at random there, are out. Scorer: thu-ml/MMTrustEval; figures average over
subsets. multitrust_stereotype_topics: the other half of F.3. multitrust_stereotype_agreement (F.2): share agreed with,
by topic in the slices.
"""

from dataclasses import replace

from mmeval.layouts import multitrust_rules as files
from mmeval.layouts.multitrust import logs
from mmeval.samples import Sample, ask
from mmeval.scorers.affirmed import affirming
from mmeval.scorers.phrases import contained
from mmeval.sources import Row, official
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    kind = {"kind": row["kind"]} if "kind" in row else {}
    return Sample(
        id=row["id"],
        messages=ask(row.picture("image") if row["image"] else None, row["prompt"]),
        target=row["label"],
        slices={"subset": row["subset"], **kind},
        cluster=row.get("source") or row["picture"],
        metadata={"picture": row["picture"]},
    )


multitrust_stereotype_topics = Task(
    rows=official("fairness/stereo_statement.csv", files.topics, below="multitrust"),
    sample=sample,
    scorer=contained(over="subset"),
    max_new_tokens=100,
    headline="accuracy",
    paper="arXiv 2406.07057",
    answers=logs(),
    answers_choose=True,
)
multitrust_stereotype_agreement = replace(
    multitrust_stereotype_topics,
    rows=official("fairness/stereo_statement.csv", files.agreements, below="multitrust"),
    scorer=affirming("agreement_rate", better="lower"),
    headline="agreement_rate",
)
