"""AlpacaEval 2: how often does a judge prefer the model's answer to GPT-4's, and how often at equal length?

Dubois et al. 2024 (length-controlled win rate), arXiv 2404.04475; Li et al. 2023 (AlpacaEval). 805 text instructions,
asked as they are. Data: hub tatsu-lab/alpaca_eval, alpaca_eval_gpt4_baseline.json (answers of gpt-4-1106-preview), and
its df_gamed.csv beside it, without which `lc_win_rate` is undefined and `length_controlled_minimal` is what is left.
Judge: weighted_alpaca_eval_gpt4_turbo (gpt-4-1106-preview). Scorer: tatsu-lab/alpaca_eval metrics/. Answer files: a
model's model_outputs.json, or a judge's annotations.json with weighted preferences, which gives the official figures;
a live judge's verdicts are discrete (`scorers/continuous_preference.py`).

Dialects. `official`: an instruction's difficulty by its row in the annotations, as the script has it; it is another's
where rows are lacking or shuffled. `by_instruction`: the instruction's own. `pinned`: so too, and C = 2.78 rather than
chosen: the choice is near a tie and moves the figure by up to 0.15 points from one checkpoint to the next.
"""

from mmeval.layouts.alpaca_eval import answers, baseline, release
from mmeval.samples import Sample, ask
from mmeval.scorers.continuous_preference import PINNED_C, continuous_preference
from mmeval.sources import Row
from mmeval.tasks import Task


def sample(row: Row) -> Sample:
    return Sample(
        id=str(row["position"]),
        messages=ask(row["instruction"]),
        target=baseline(row),
        slices={"dataset": row["dataset"]},
        metadata={"difficulty": row["difficulty"], "gamed": row["gamed"]},
    )


alpaca_eval = Task(
    rows=release(),
    sample=sample,
    scorer={
        "official": continuous_preference("alpaca_eval", by_row=True),
        "by_instruction": continuous_preference("alpaca_eval"),
        "pinned": continuous_preference("alpaca_eval", c=PINNED_C),
    },
    max_new_tokens=4096,
    headline="lc_win_rate",
    # leaderboard of tatsu-lab/alpaca_eval, length-controlled win rate in per cent
    published={"gpt-4o-2024-05-13": 57.46, "gpt-4-turbo-2024-04-09": 55.02, "Meta-Llama-3-8B-Instruct": 22.92},
    paper="arXiv 2404.04475",
    answers=answers,
    answers_columns=("instruction",),
)
