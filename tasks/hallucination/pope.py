"""POPE: is a named object in the picture? Yes or no.

Paper: Li et al. 2023, "Evaluating Object Hallucination in Large Vision-Language Models", arXiv 2305.10355.
Data: hub lmms-lab/POPE (split test), or RUCAIBox/POPE output/coco/coco_pope_{random,popular,adversarial}.json with
COCO val2014's pictures beside them or in val2014/. LLaVA ships an older `random` with 2,910 rows.
Scorer: RUCAIBox/POPE evaluate.py; the figure of the whole is the mean over the three splits. Other scripts' rules by
name: vcd (DAMO-NLP-SG/VCD), opera (shikiw/OPERA), lmms-eval and vlmevalkit (these two pool the splits).
"""

from collections.abc import Iterator
from pathlib import Path

from mmeval.answers import ANSWERS, IDS, Answers, answer_text, file_rows
from mmeval.errors import DataError
from mmeval.samples import Sample, ask
from mmeval.scorers import yes_no as reading
from mmeval.scorers.yes_no import yes_no
from mmeval.sources import Row, hub, official
from mmeval.tasks import Task

ONE_WORD = "\nAnswer the question using a single word or phrase."
SPLITS = ("random", "popular", "adversarial")


def sample(row: Row) -> Iterator[Sample]:
    """A hub row, an official row (its split is its file's name), or VLMEvalKit's, which may be in several splits."""
    question = row["question"] if "question" in row else row["text"]
    truth = str(row["answer"] if "question" in row and "label" not in row else row["label"]).strip().lower()
    if truth not in {"yes", "no"}:
        raise DataError(f"{row.where}: the label is {truth!r}, not yes or no")
    number = row["question_id"] if "question_id" in row else row["index"] if "index" in row else row["question_id"]
    source = row.get("image_source") or row.get("image_path") or row.get("image")
    category = row["category"] if "category" in row else row["file"].removeprefix("coco_pope_")
    for split in str(category).split(","):
        yield Sample(
            id=f"{split}/{number}",
            messages=ask(row.picture("image", "val2014", "coco/val2014"), question, ONE_WORD),
            target=truth,
            slices={"split": split},
            cluster=source.rpartition("/")[2].partition(".")[0] if isinstance(source, str) else None,
        )


def answers(path: Path, samples: list[Sample]) -> Answers:
    """Official answer files: the n-th answer of a split is to its n-th question (`question_id` is not unique)."""
    found: dict[str, str] = {}
    rows = file_rows(path)
    splits = {one.slices["split"] for one in samples}
    named = next((split for split in SPLITS if split in path.stem), next(iter(splits)) if len(splits) == 1 else None)
    column = next((name for name in ANSWERS if name in rows[0]), "answer")
    if "label" in rows[0] and column == "text":
        raise DataError(f"{path.name} holds questions and labels, no answers (found: {', '.join(rows[0])})")
    known = {one.id for one in samples}
    if any(str(row.get(name)) in known for row in rows for name in IDS):
        raise DataError(f"{path.name}: some rows have a sample's id and some have none; give each its own")
    by_split: dict[str, list[Row]] = {}
    for row in rows:
        by_split.setdefault(str(row["category"] if "category" in row or not named else named), []).append(row)
    for split, given in by_split.items():
        asked = [one for one in samples if one.slices["split"] == split]
        if len(asked) != len(given):
            raise DataError(
                f"{path.name}: {len(given)} answers to the {len(asked)} questions of split {split!r}; they are matched"
                " by position, so it must be one each (there are two files named random: 2,910 and 3,000 rows)"
            )
        for one, row in zip(asked, given, strict=True):
            if "question" in row and str(row["question"]).strip() not in one.prompt:
                raise DataError(f"{row.where}: question {row['question']!r} is not {one.id}'s: {one.prompt!r}")
            text = answer_text(row, column)
            if text is not None:
                found[one.id] = text
    return Answers(found)


pope = Task(
    rows=hub("lmms-lab/POPE", split="test") | official("coco_pope_*.json*", below="pope"),
    sample=sample,
    scorer={
        "official": yes_no(reading.first_sentence, average_over="split"),
        "vcd": yes_no(reading.contains_yes, read_negatives=reading.lacks_no, average_over="split"),
        "opera": yes_no(reading.negative_words, average_over="split"),
        "lmms-eval": yes_no(reading.exact, label_ratio=True),
        "vlmevalkit": yes_no(reading.lone_word, unread_is_no=True),
    },
    max_new_tokens=16,
    headline="f1",
    published={  # mean F1 in %, LLaVA's model zoo
        "LLaVA-1.5-7B": 85.9,
        "LLaVA-1.5-13B": 85.9,
        "LLaVA-1.6-7B": 86.5,
        "LLaVA-1.6-13B": 86.2,
        "LLaVA-1.6-34B": 87.7,
    },
    paper="arXiv 2305.10355",
    answers=answers,
)
