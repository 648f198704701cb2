"""Arena-Hard-Auto: hard prompts of people's, each answer judged against a baseline's, in both orders. Text only.

Paper: Li et al. 2024, arXiv 2406.11939. Data: lmarena/arena-hard-auto, or lmarena-ai/arena-hard-auto on the hub.
v0.1: 500 prompts, baseline gpt-4-0314. v2.0: 500 hard prompts, baseline o3-mini-2025-01-31, and 250 of creative
writing, baseline gemini-2.0-flash-001: a task of their own, since each category has its own leaderboard.
Scorer: show_result.py; a clear verdict (>>) counts three times. With one baseline the Bradley-Terry win rate is the
mean verdict. v0.1: a game without exactly one label is left out. v2.0: the last label counts, and a question that lacks
one in either game is left out: it is missing. Leaderboards of many models, with Bradley-Terry, bootstrap and style
control: `mmeval.statistics.arena_leaderboards`; v2.0's published figures are style-controlled, `score` is not.
Answer files: the release's answers or judgments.
"""

from collections.abc import Mapping
from functools import partial

from mmeval.errors import DataError
from mmeval.layouts.arena_hard import question, reference, release, stored, uid
from mmeval.samples import Sample, ask
from mmeval.scorers.battles import ARENA_HARD, Grade, battles, last_label, one_label, unlabelled
from mmeval.sources import Row
from mmeval.tasks import Ask, Task

# category -> (its version, the baseline)
BASELINES = {
    "arena-hard-v0.1": ("arena-hard-v0.1", "gpt-4-0314"),
    "hard_prompt": ("arena-hard-v2.0", "o3-mini-2025-01-31"),
    "creative_writing": ("arena-hard-v2.0", "gemini-2.0-flash-001"),
}


def of(category: str) -> Ask:
    def sample(row: Row) -> Sample | None:
        if row["category"] not in BASELINES:
            raise DataError(f"{row.where}: category {row['category']!r} is none of {', '.join(BASELINES)}")
        if row["category"] != category:
            return None
        return Sample(
            id=uid(row),
            messages=ask(question(row)),
            target=reference(row, BASELINES[category][1]),
            slices={"subcategory": row["subcategory"]} if category == "hard_prompt" else {},
            metadata={"category": category},
        )

    return sample


def fields(sample: Sample) -> Mapping[str, object]:
    return {"question": sample.prompt, "creative": sample.metadata["category"] == "creative_writing"}


def task(category: str, read: Grade, prompt: str, published: Mapping[str, float]) -> Task:
    go_on = unlabelled if read is one_label else None
    return Task(
        rows=release(*BASELINES[category]),
        sample=of(category),
        scorer=battles(prompt, fields, read, ARENA_HARD, games=2, unfinished=go_on),
        max_new_tokens=4096,
        headline="score",
        published=published,
        paper="arXiv 2406.11939",
        answers=partial(stored, read=read, category=category),
        answers_columns=("model",),
    )


# score in per cent, judge gpt-4-1106-preview, of the repository's leaderboard of 2024-07-31
PUBLISHED = {"gpt-4-turbo-2024-04-09": 82.63, "gpt-4o-2024-05-13": 79.21, "claude-3-opus-20240229": 60.36}
arena_hard_v01 = task("arena-hard-v0.1", one_label, "arena_hard_v01", PUBLISHED)
arena_hard_v2 = task("hard_prompt", last_label, "arena_hard", {})
arena_hard_v2_creative = task("creative_writing", last_label, "arena_hard", {})
