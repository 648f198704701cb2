"""A small task whose answers are compared with references, and judges whose ways are known."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mmeval.catalog import Catalog, load_catalog
from mmeval.inference.base import Request, Response, digest_of

TASK = '''"""Duel: is the model's answer better than the reference?"""

from mmeval.samples import Sample, ask
from mmeval.scorers.pairwise import against_reference
from mmeval.sources import generated
from mmeval.tasks import Task

duel = Task(
    rows=generated(lambda: [{"id": i} for i in range(NUMBER)], "rows"),
    sample=lambda row: Sample(str(row["id"]), ask(f"Say {row['id']}."), target="so so"),
    scorer=against_reference("duel", lambda sample: {"question": sample.prompt}),
    max_new_tokens=8,
    headline="win_rate",
)
'''
WORDS = """{{ question }}
<<<A {{ mark }}
{{ answer_a }}
A {{ mark }}>>>
<<<B {{ mark }}
{{ answer_b }}
B {{ mark }}>>>"""


def duels(folder: Path, number: int = 6, card: str = "") -> Catalog:
    """A catalogue with the task `duel` of so many questions."""
    (folder / "judges" / "duel").mkdir(parents=True)
    (folder / "duel.py").write_text(TASK.replace("NUMBER", str(number)))
    (folder / "judges" / "duel" / "judge.yaml").write_text(f"summary: compares\nmax_new_tokens: 8\n{card}")
    (folder / "judges" / "duel" / "prompt.jinja").write_text(WORDS)
    return load_catalog([folder])


def answers(path: Path, texts: Iterable[str]) -> str:
    rows = ({"id": f"duel/{i}", "text": text} for i, text in enumerate(texts))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"replay:{path}"


class Judge:
    """Replies by a rule: (first answer, second answer, vote) -> verdict. tokens: what each call says it took."""

    def __init__(self, rule: Callable[[str, str, int], str | None], name: str = "rule", tokens: int = 0):
        self.rule, self.name, self.tokens = rule, name, tokens
        self.asked: list[Request] = []

    def describe(self) -> dict[str, str]:
        return {"engine": "rule", "name": self.name, "digest": digest_of(self.name)}

    def digest(self, request: Request) -> str:
        vote = request.decoding.repeat if request.decoding.temperature else 0
        return digest_of(self.name, [one.text for one in request.messages], vote)

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        for request in requests:
            self.asked.append(request)
            first, second = re.findall(r"<<<[AB] \w*\n(.*)\n", request.messages[0].text)
            said = self.rule(first, second, request.decoding.repeat)
            if said is None:
                yield Response(request.id, finish="error", error="lost")
            else:
                yield Response(request.id, said, prompt_tokens=self.tokens)

    def close(self) -> None:
        pass
