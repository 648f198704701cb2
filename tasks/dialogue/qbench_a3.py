"""Q-Bench A3: how good does a picture look? The model is not asked to answer but how likely it finds two words.

Paper: Wu et al. 2023, arXiv 2309.14181. Data: a3_iqa_databases/jsons/*.json of Q-Future/Q-Bench (a clone as qbench/, or
as the data folder), seven databases of 81,000 pictures with people's ratings; pictures from their owners, where the
official script has them, e.g. qbench/datasets/SPAQ/.
Scorer: leaderboards/IQA_outputs/eval.ipynb. Rank and linear correlation with people's ratings, no curve fitted, mean
over the databases whose files are there. The answer is begun for the model ("The quality of the image is"), and
" good" or " poor" goes on; a word of several tokens counts as a whole, where the script reads one token's logit.
Wordings by name: `high-low` for Flan-T5, which prefers these words, `answer-is` for Shikra.
Stored outputs of the release, leaderboards/IQA_outputs/<model>/<database>.json, can be scored once each object has a
line of its own (sed 's/}{/}\\n{/g').
"""

from functools import partial

from mmeval.layouts.qbench_a3 import answers, database, half, mean_opinion, picture, reference
from mmeval.samples import Message, Sample, ask
from mmeval.scorers.quality import QUALITY
from mmeval.sources import Row, official
from mmeval.tasks import Task

QUESTION = "Rate the quality of the image."
GOOD_POOR, HIGH_LOW = (" good", " poor"), (" high", " low")  # with the blank: as words stand within a sentence


def sample(row: Row, begun: str = "The quality of the image is", words: tuple[str, str] = GOOD_POOR) -> Sample:
    return Sample(
        id=f"{database(row)}/{row['img_path']}",
        messages=(*ask(picture(row), QUESTION), Message("assistant", (begun,))),
        continuations=words,
        target=mean_opinion(row),
        slices={"database": database(row)},
        cluster=reference(row),
        metadata={"half": half(row)},
    )


qbench_a3 = Task(
    rows=official("a3_iqa_databases/jsons/*.json", below="qbench"),
    sample=sample,
    prompts={
        "high-low": partial(sample, words=HIGH_LOW),
        "answer-is": partial(sample, begun="The answer is"),
    },
    scorer=QUALITY,
    max_new_tokens=1,
    headline="srcc",
    # mean SRCC over the seven databases, leaderboards/README.md
    published={"LLaVA-v1.5": 0.444, "InternLM-XComposer-VL": 0.542, "Qwen-VL": 0.475},
    paper="arXiv 2309.14181",
    answers=answers,
)
