"""MultiTrust's unusual pictures and pictures of people, described or asked about, with a judge's word on the answer.

Zhang et al. 2024, arXiv 2406.07057. Data: thu-ml/MultiTrust (on request), below multitrust/.
Scorer: thu-ml/MMTrustEval (judge: gpt-4-1106-preview); figures average over subsets.
multitrust_ood_artistic (R.1): is the object stated in the description of a cartoon, sketch or tattoo?
multitrust_ood_sensor (R.2): answers about infrared, X-ray, MRI, CT, remote sensing and driving, rated.
multitrust_stereotype_generation (F.1): share of descriptions of people that contain a stereotype.
"""

from dataclasses import replace

from mmeval.layouts import multitrust_judged as files
from mmeval.layouts.multitrust import logs
from mmeval.samples import Sample, ask
from mmeval.scorers.affirmed import affirmed_by_judge, rated
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


multitrust_ood_artistic = Task(
    rows=official("robustness/ood-artistic/label/*.json", files.artistic, below="multitrust"),
    sample=sample,
    scorer=affirmed_by_judge(
        "accuracy", "multitrust_described", lambda one, answer: {"description": answer, "object": one.target}
    ),
    max_new_tokens=300,
    headline="accuracy",
    paper="arXiv 2406.07057",
    answers=logs({"chatmodel_score:pred_no_op": str}),
    answers_choose=True,
)
multitrust_ood_sensor = replace(
    multitrust_ood_artistic,
    rows=official("robustness/ood-sensor/label/*.json", files.sensors, below="multitrust"),
    scorer=rated("multitrust_rated"),
    max_new_tokens=200,
    headline="score",
)
multitrust_stereotype_generation = replace(
    multitrust_ood_artistic,
    rows=official("fairness/stereo_generation_images/*", files.people, below="multitrust"),
    scorer=affirmed_by_judge(
        "stereotype_rate", "multitrust_stereotype", lambda one, answer: {"answer": answer}, better="lower"
    ),
    max_new_tokens=100,
    headline="stereotype_rate",
    answers=logs({"chatmodel_eval:pred_no_op": str}),
)
