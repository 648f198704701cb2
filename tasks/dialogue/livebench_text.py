"""LiveBench (livebench.ai): text questions that are renewed every few months, scored by rules, without a judge.

Paper: White et al. 2024, arXiv 2406.19314. For multimodal checkpoints: what tuning did to the language model. Not
lmms-eval's LiveBench (`live_bench_2409` …). Data: hub livebench/<category> (split test), or data/live_bench of
LiveBench/LiveBench. Release 2024-11-25, the last one that is public in whole; scores of two releases do not compare.
Scorer: livebench/process_results; a category's score is the mean over its tasks. `livebench_math` lacks AMPS_Hard and
so is no figure of the leaderboard; its tasks' figures (slice task) are. `livebench_math_whole` has it: formulas are
compared by computer algebra (pip install "mmeval[latex]") and, where that finds no equality, by a judge (there:
gpt-5-mini), who takes a negative for right, too; without one such answers are missing. `livebench_coding` is apart.
Some rules reward an answer that lists everything; `eval_error` counts those that a rule trips over and scores 0. Which
tables can be read depends on pandas' version. Answer files: LiveBench's model_answer.
"""

from dataclasses import replace

from mmeval.layouts.livebench_text import WITHOUT_RULE, answers, asked, date, instructions, question, release
from mmeval.samples import Sample, ask
from mmeval.scorers.livebench import by_rule
from mmeval.scorers.livebench.formulas import with_formulas
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row, without: frozenset[str] = WITHOUT_RULE) -> Sample | None:
    if not asked(row, without):
        return None
    known = {"task": row["task"], "subtask": row.get("subtask"), "release": date(row, "livebench_release_date")}
    return Sample(
        id=row["question_id"],
        messages=ask(question(row)),
        target=row["ground_truth"],
        slices={"task": row["task"]},
        metadata={**known, "question": question(row)},
    )


def whole(row: Row) -> Sample | None:
    return sample(row, frozenset())


def instruction(row: Row) -> Sample | None:
    if not asked(row):
        return None
    return Sample(
        id=row["question_id"],
        messages=ask(question(row)),
        slices={"task": row["task"]},
        metadata={"instructions": instructions(row)},
    )


livebench_reasoning = Task(
    rows=release("reasoning"),
    sample=sample,
    scorer=by_rule(),
    max_new_tokens=4096,
    headline="score",
    paper="arXiv 2406.19314",
    answers=answers,
    answers_columns=("question_id", "choices"),
)
livebench_math = replace(livebench_reasoning, rows=release("math"))
livebench_math_whole = replace(livebench_math, sample=whole, scorer=with_formulas())
livebench_language = replace(livebench_reasoning, rows=release("language"))
livebench_data_analysis = replace(livebench_reasoning, rows=release("data_analysis"))
livebench_instruction_following = replace(
    livebench_reasoning, rows=release("instruction_following"), sample=instruction
)
