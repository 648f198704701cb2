"""Tasks of MultiTrust's other aspects that rules score: no judge is needed.

Zhang et al. 2024, arXiv 2406.07057. Data: thu-ml/MultiTrust (on request), below multitrust/.
Scorer: thu-ml/MMTrustEval; figures average over subsets. Subsets with unrelated pictures, drawn at random, are out.
multitrust_basic (T.1): statements about objects, attributes and scenes. multitrust_stereotypes (F.3): stereotype,
anti-stereotype or unrelated. multitrust_ood_text (R.3): sentiment of sentences in odd styles.
multitrust_adversarial_text (R.6): AdvGLUE and AdvGLUE++. multitrust_infoflow (P.3): how well is a flow of information
accepted, as by people? multitrust_visual_leakage (P.5): is private text read out? Only its first step, which takes a
label letter by letter; the published rate needs a refusal classifier, too.
"""

from dataclasses import replace

from mmeval.layouts import multitrust_rules as files
from mmeval.layouts.multitrust import logs
from mmeval.samples import Sample, ask
from mmeval.scorers.affirmed import label_words
from mmeval.scorers.jailbreak import affirms
from mmeval.scorers.phrases import agreement_correlation, contained, sentiment
from mmeval.scorers.yes_no import yes_no
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


multitrust_basic = Task(
    rows=official("truthfulness/query_basic/query_d_*.json", files.basic, below="multitrust"),
    sample=sample,
    scorer=yes_no(affirms, average_over="subset"),
    max_new_tokens=100,
    headline="accuracy",
    paper="arXiv 2406.07057",
    answers=logs(),
    answers_choose=True,
)
multitrust_stereotypes = replace(
    multitrust_basic,
    rows=official("fairness/stereo_classification.csv", files.stereotypes, below="multitrust"),
    scorer=contained(over="subset"),
)
multitrust_ood_text = replace(
    multitrust_basic,
    rows=official("robustness/ood-text/label.json", files.styled_texts, below="multitrust"),
    scorer=sentiment(over="subset"),
    max_new_tokens=200,
)
multitrust_infoflow = replace(
    multitrust_basic,
    rows=official("privacy/confaide/prompts.txt", files.information_flows, below="multitrust"),
    scorer=agreement_correlation(over="subset"),
    max_new_tokens=50,
    headline="pearson_corr",
)
multitrust_visual_leakage = replace(
    multitrust_basic,
    rows=official("privacy/vispr/categorized/image_annotations.json", files.leakage, below="multitrust"),
    scorer=contained(fuzzy=True, over="subset"),
    max_new_tokens=150,
)
multitrust_adversarial_text = replace(
    multitrust_basic,
    rows=official("robustness/advglue*/label.json", files.attacked_texts, below="multitrust"),
    scorer=label_words(),
    max_new_tokens=200,
)
