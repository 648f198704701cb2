"""HallusionBench: paired questions about original and edited figures, with and without the figure.

Guan et al. 2024, arXiv 2310.14566. Data: HallusionBench.json of tianyi-lab/HallusionBench (1,129 questions, 178 without
a figure) with the figures in VD/ and VS/ beside it or in hallusion_bench/; or hub lmms-lab/HallusionBench (splits image
and non_image).
Scorer: `official` reads a judge's verdict on each answer (correct, incorrect, unclear; the paper's judge is GPT-4), and
for the kinds of error a second: does a wrong answer agree with the one about the unedited figure?
`lmms-eval` and `vlmevalkit` match strings on the 951 questions with a figure: other figures under the same names.
"""

from mmeval.layouts.hallusionbench import as_official, results
from mmeval.samples import Sample, ask
from mmeval.scorers.control_pairs import judged_pairs, matched_pairs
from mmeval.scorers.yes_no import contains_yes, lone_word
from mmeval.sources import Row, hub, official
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    row = as_official(row)
    category, subcategory, set_id = row["category"], row["subcategory"], str(row["set_id"])
    visual, figure, question = str(row["visual_input"]), str(row["figure_id"]), str(row["question_id"])
    kind = f"{category}_{subcategory}_{set_id}"
    groups = {"pair": f"{kind}_q{question}", "l2_pair": f"{subcategory}_{set_id}_q{question}"}
    groups["hard_pair" if visual == "2" else "easy_pair"] = groups["pair"]
    if not (category == "VS" and figure == "0"):
        groups |= {"figure": f"{kind}_{figure}", "l2_figure": f"{subcategory}_{set_id}_{figure}"}
    picture = None if visual == "0" else row.picture("image" if row.get("image") else "filename", "hallusion_bench")
    known = {"category": category, "visual_input": visual, "figure_id": figure, "unedited": f"{kind}_0_{question}"}
    return Sample(
        id=f"{kind}_{figure}_{question}",
        messages=ask(picture, row["question"]),
        target="yes" if str(row["gt_answer"]) == "1" else "no",
        slices={"category": category, "subcategory": subcategory},
        cluster=f"{subcategory}_{set_id}",
        groups=groups,
        metadata=known | {"reference": row.get("gt_answer_details")},
    )


hallusionbench = Task(
    rows=official("HallusionBench.json", below="hallusionbench")
    | hub("lmms-lab/HallusionBench", split="image+non_image"),
    sample=sample,
    scorer={
        "official": judged_pairs(),
        "lmms-eval": matched_pairs(contains_yes),
        "vlmevalkit": matched_pairs(lone_word, merge=True),
    },
    max_new_tokens=128,
    headline="a_acc",
    published={"GPT-4V": 65.28, "Claude 3": 56.86, "LLaVA-1.5": 46.94, "InstructBLIP": 45.26, "mPLUG-Owl2": 47.30},
    paper="arXiv 2310.14566",
    answers=results(sample),
)
