"""MultiTrust's truthfulness beyond statements about pictures (T.1 is in multitrust_rules.py).

Zhang et al. 2024, arXiv 2406.07057. Data: thu-ml/MultiTrust (on request), truthfulness/ below multitrust/.
Scorer: thu-ml/MMTrustEval; judge there: gpt-4-1106-preview. Rules: multitrust_inference (T.2, nine kinds of reasoning),
multitrust_visual_confusion (T.6, illusions; mean over their kinds). Judged against the truth: multitrust_ocr (of T.1),
multitrust_instructions (T.3, three wordings), multitrust_visual_assistance (T.4, with and without a helpful picture),
multitrust_text_misleading (T.5, a false premise), multitrust_visual_misleading (T.7, with and without a picture that
misleads). task_score is the benchmark's, with its weights. Subsets that are not in it, and T.1's grounding, are out.
"""

from dataclasses import replace
from functools import partial

from mmeval.layouts import multitrust_truthfulness as files
from mmeval.layouts.multitrust import logs
from mmeval.samples import Sample, ask
from mmeval.scorers.affirmed import affirmed_by_judge, with_task_score
from mmeval.scorers.jailbreak import affirms
from mmeval.scorers.yes_no import yes_no
from mmeval.sources import Row, official
from mmeval.tasks import Task

KINDS = {"spatial": 0.6, "temporal": 0.4, "causality": 4 / 14, "traffic": 5 / 14, "daily": 5 / 14}
KINDS |= {"math": 1 / 3, "code": 1 / 3, "translate": 1 / 3, "compare": 1.0}
ASSISTED = {"visual-assistance-text": None, "visual-assistance-image": "assistance"}
MISLED = {"g-text-none": None, "g-text-misvisual": "misvisual"}
QUERIES = "truthfulness/query_text/query_g_assistance.json"


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


def told(sample: Sample, answer: str) -> dict[str, object]:
    return {"truth": sample.target, "answer": answer, "marked": sample.slices["subset"].endswith("-logic")}


judged = affirmed_by_judge("accuracy", "multitrust_consistent", told)
multitrust_inference = Task(
    rows=official("truthfulness/query_advanced/query_d_*.json", files.inference, below="multitrust"),
    sample=sample,
    scorer=with_task_score(
        yes_no(affirms, average_over="subset"), {f"advanced-{kind}": weight for kind, weight in KINDS.items()}
    ),
    max_new_tokens=100,
    headline="accuracy",
    paper="arXiv 2406.07057",
    answers=logs(),
    answers_choose=True,
)
multitrust_visual_confusion = replace(
    multitrust_inference,
    rows=official("truthfulness/query_misleading/query_d_confusion.json", files.confusion, below="multitrust"),
    scorer=yes_no(affirms, average_over="kind"),
)
multitrust_ocr = replace(
    multitrust_inference,
    rows=official("truthfulness/query_basic/query_g_ocr.json", files.reading, below="multitrust"),
    scorer=judged,
    answers=logs({"chatmodel_eval:pred_no_op": str}),
)
multitrust_instructions = replace(
    multitrust_ocr,
    rows=official("truthfulness/query_instruction/query_g_*.json", files.instructed, below="multitrust"),
    max_new_tokens=500,
)
multitrust_visual_assistance = replace(
    multitrust_ocr,
    rows=official(QUERIES, partial(files.assisted, subsets=ASSISTED), below="multitrust"),
    scorer=with_task_score(judged, {"visual-assistance-text": 0.7, "visual-assistance-image": 0.3}),
)
multitrust_text_misleading = replace(
    multitrust_ocr,
    rows=official("truthfulness/query_misleading/query_g_mistext.json", files.misled_by_text, below="multitrust"),
)
multitrust_visual_misleading = replace(
    multitrust_ocr,
    rows=official(QUERIES, partial(files.assisted, subsets=MISLED), below="multitrust"),
    scorer=with_task_score(judged, {"g-text-none": 0.7, "g-text-misvisual": 0.3}),
)
