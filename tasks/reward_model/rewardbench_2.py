"""RewardBench 2: which of four answers is best, and are correct answers told from wrong ones where many are correct?

Malik et al. 2025, arXiv 2506.01937. Text only. Data: allenai/reward-bench-2 split test, 1865 prompts: five subsets with
one correct answer of four, and Ties (51 prompts with many correct answers, 51 like them with one). Scorer:
allenai/reward-bench. The score is the mean of the six subsets; `scorers/reward_sets.py` says what Ties is made of.

`--as scalar` and `--as implicit` compare rewards (dialect `rewards`): a best answer that shares the highest reward with
k others counts 1/(k+1). A model that judges picks one of four, the best being shown at each of the four places, in our
words; the mean is what is to be expected of the official die, which has no seed. `--prompt one_order` throws ours. No
verdict counts a quarter, and [[A]] anywhere is A, as there; `last_verdict` reads the last one. Answers of Ties are
rated one by one; so are all with `--prompt ratings`.
"""

from mmeval.layouts.rewardbench_2 import PLACES, picked, picked_once, rated, ratings, results
from mmeval.scorers.reward_pairs import last_letter, stated_letter
from mmeval.scorers.reward_sets import judged_sets, rewarded_sets
from mmeval.sources import hub
from mmeval.tasks import Task

rewardbench_2 = Task(
    rows=hub("allenai/reward-bench-2", "test"),
    sample=picked,
    prompts={"one_order": picked_once, "ratings": ratings},
    rated=rated,
    scorer={
        "official": judged_sets(stated_letter(PLACES)),
        "last_verdict": judged_sets(last_letter(PLACES)),
        "rewards": rewarded_sets(),
    },
    max_new_tokens=2048,
    headline="score",
    paper="arXiv 2506.01937",
    answers=results,
    answers_columns=("id", "scores"),
    answers_carry=True,
)
