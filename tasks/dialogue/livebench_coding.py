"""LiveBench's coding (livebench.ai): write a program, or finish one. Text only; the programs are run.

Paper: White et al. 2024, arXiv 2406.19314. Data: hub livebench/coding (split test), or data/live_bench/coding of
LiveBench/LiveBench; release 2024-11-25 as in `livebench_reasoning`: LCB_generation and coding_completion, problems and
tests of LiveCodeBench. Later tasks (agentic_coding in containers, code_generation) are not here.
Programs run only if the user allows it, MMEVAL_RUN_CODE=1, and in a sandbox (`mmeval.sandbox`); else, and where one
needs a package beyond the standard library that the official environment has, answers are missing, never wrong.
Scorer: 1 if every test passes (livebench/process_results/coding), each within 6 s: of processor time here, so that a
busy machine changes nothing, on the clock there. Answer files: LiveBench's model_answer.
"""

from mmeval.layouts.livebench_coding import TASKS, problem
from mmeval.layouts.livebench_text import answers, asked, question, release
from mmeval.samples import Sample, ask
from mmeval.scorers.livebench.programs import passes_tests
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row) -> Sample | None:
    if row["task"] not in TASKS or not asked(row):
        return None
    return Sample(
        id=row["question_id"],
        messages=ask(question(row)),
        slices={"task": row["task"]},
        metadata=problem(row),
    )


livebench_coding = Task(
    rows=release("coding"),
    sample=sample,
    scorer=passes_tests(),
    max_new_tokens=4096,
    headline="score",
    paper="arXiv 2406.19314",
    answers=answers,
    answers_columns=("question_id", "choices"),
)
