"""WildVision-Bench: 500 picture chats of people's, each answer judged against Claude 3 Sonnet's, which stands first.

Paper: Lu et al. 2024, arXiv 2406.11069. Data: WildVision/wildvision-arena-data (release_bench_0617_with_modelresponse),
WildVision/wildvision-bench (vision_bench_0617) with the repository's model_answers/ in its folder, or VLMEvalKit's
WildVision.tsv. Judge gpt-4o, one game.
Scorer: WildVision-AI/WildVision-Bench show_results.py. `score` is the Bradley-Terry win rate, clear verdicts (>>) three
times and rows without exactly one label left out; in `win_rate` and `reward` such a row is a tie, and `_of_read` is the
figure without them. `lmms-eval`: the label may stand anywhere in the reply, >> counts once. `vlmevalkit`: no `score`.
A leaderboard of many models: `mmeval.statistics.arena_leaderboards.ratings`. Answer files: answers or judgments.
"""

from mmeval.layouts.wildvision import baseline, instruction, judgments, release, sample_id
from mmeval.samples import Message, Sample, ask
from mmeval.scorers.battles import LMMS_EVAL, REWARD, SCORE, anywhere, battles, one_label, unlabelled, unread
from mmeval.sources import Row
from mmeval.tasks import Task


def chat(row: Row, messages: tuple[Message, ...]) -> Sample:
    return Sample(
        id=sample_id(row),
        messages=messages,
        target=baseline(row),
        slices={"language": row["language"]} if "language" in row else {},
    )


def sample(row: Row) -> Sample:
    return chat(row, ask(instruction(row), row.picture()))


def picture_first(row: Row) -> Sample:
    return chat(row, ask(row.picture(), instruction(row).strip()))


def fields(sample: Sample) -> dict[str, object]:
    return {"question": sample.prompt}


wildvision = Task(
    rows=release(),
    sample=sample,
    scorer={
        "official": battles("wildvision", fields, one_label, {"score": SCORE, **REWARD}, 1, unlabelled, ties=True),
        "lmms-eval": battles("wildvision", fields, anywhere, LMMS_EVAL, 1, lambda reply: False, ties=True),
        "vlmevalkit": battles("wildvision", fields, one_label, REWARD, 1, unread, ties=True),
    },
    prompts={"lmms-eval": picture_first},
    max_new_tokens=4096,
    headline="score",
    # score in per cent, judge gpt-4o, of the repository's README
    published={
        "gpt-4o": 89.15,
        "gpt-4-vision-preview": 79.78,
        "llava-v1.6-34b": 51.89,
        "llava-v1.5-13b": 14.43,
    },
    paper="arXiv 2406.11069",
    answers=judgments,
    answers_columns=("judge",),
)
