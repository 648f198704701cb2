"""AlignBench: 683 open questions in Chinese, each with a reference answer; a judge grades answers from 1 to 10.

Liu et al. 2023, arXiv 2311.18743. Text only. Data: THUDM/AlignBench data/data_v1.1_release.jsonl; `alignbench_v1` has
data_release.jsonl of v1.0, with published figures of its own. Judge: gpt-4-0613. Scorer: judge.py, show_result.py.
overall (总分) is the mean of reasoning (中文推理, two categories) and language (中文语言, six): a question in reasoning
weighs 2.3 times one in language on average. Answer files: a model's, or data/judgment with the judge's replies.

Dialects. `official`: a reply without a grade counts -1 in the means, and any number is a grade. `clean`: such a reply,
or a grade not from 1 to 10, is asked for again and then left out. Official answers were sampled at temperature 0.1
(数学计算, 逻辑推理, 专业能力, 中文理解, 基本任务) and 0.7 (the others); here `--temperature` is one for all.
"""

from dataclasses import replace

from mmeval.layouts.alignbench import CATEGORIES, DIMENSIONS, judgments, kind, release
from mmeval.samples import Sample, ask
from mmeval.scorers.alignbench import UNREAD, category_means, grades_in_range
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    asked_for = kind(row)
    return Sample(
        id=row["question_id"],
        messages=ask(row["question"]),
        target=row["reference"],
        slices={"category": row["category"], "subcategory": row["subcategory"], "kind": asked_for},
        metadata={"category": row["category"], "dimensions": DIMENSIONS[asked_for]},
    )


def fields(sample: Sample) -> dict[str, object]:
    return {"question": sample.prompt, "reference": sample.target, **sample.metadata}


alignbench = Task(
    rows=release("data_v1.1_release.jsonl"),
    sample=sample,
    scorer={
        "official": category_means("alignbench", fields, CATEGORIES, unread=UNREAD),
        "clean": category_means("alignbench", fields, CATEGORIES, grades_in_range),
    },
    max_new_tokens=2048,  # the official script sets no limit
    headline="overall",
    published={  # overall (总分), judge gpt-4-0613: README of THUDM/AlignBench, 2024-06
        "GPT-4o": 8.38,
        "GPT-4 Turbo-20240409": 8.00,
        "DeepSeek-V2": 7.72,
        "Claude 3 Opus": 7.53,
        "Llama 3-70B": 7.42,
        "Mixtral-8x22B": 6.48,
        "Claude 3 Haiku": 6.38,
    },
    paper="arXiv 2311.18743",
    answers=judgments,
    answers_columns=("question_id", "judgment"),
)
alignbench_v1 = replace(
    alignbench,
    rows=release("data_release.jsonl"),
    published={  # the same, of v1.0, 2023-12
        "gpt-4-1106-preview": 8.01,
        "gpt-4-0613": 7.53,
        "gpt-3.5-turbo-0613": 6.08,
        "qwen-14b-chat": 5.72,
        "chatglm3-6b": 4.97,
        "qwen-7b-chat": 4.91,
    },
)
