"""What judges are asked: a folder with a card (`judge.yaml`) and the words (`prompt.jinja`), read when needed."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from mmeval.errors import DataError, UsageError
from mmeval.inference.base import digest_of
from mmeval.samples import Image, Message, ask

if TYPE_CHECKING:
    from jinja2 import Template

WORDS = "prompt.jinja"


class Card(BaseModel):
    """judge.yaml: summary; source: where the official prompt stands; model: the judge that published figures used;
    limits; system: a system message; pictures: the sample's pictures go before the words; votes: verdicts on each
    answer (they need a temperature); orders: "both" shows compared answers in both orders; reply_schema: JSON
    schema of a reply to our words, for servers that can hold it to one; engine: what `--judge NAME` opens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    source: str = ""
    model: str = ""
    max_new_tokens: int = 512
    temperature: float = 0.0
    system: str | None = None
    pictures: bool = False
    votes: PositiveInt = 1
    orders: Literal["one", "both"] = "one"
    reply_schema: dict[str, Any] | None = None
    engine: str = ""


@dataclass(frozen=True)
class JudgePrompt:
    """A judge's question. `theirs` is the file that took the place of our words, if one did.

    Beside what a call gives, the words have `mark`: 8 characters that stand nowhere else in the rendered words. What is
    judged stands between `<<<ANSWER {{ mark }}` and `ANSWER {{ mark }}>>>`, so that no answer can end it.
    """

    name: str
    card: Card
    words: str
    theirs: Path | None = None

    @property
    def digest(self) -> str:
        return digest_of(self.card.model_dump(), self.words)

    @property
    def schema(self) -> str:
        """The reply's JSON schema as text; "" where there is none, or where the words are not ours."""
        form = None if self.theirs else self.card.reply_schema
        return json.dumps(form, sort_keys=True) if form else ""

    @cached_property
    def _template(self) -> Template:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        try:
            return SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True).from_string(self.words)
        except Exception as error:  # TemplateError, but also RecursionError and what filters raise
            raise DataError(f"judge prompt {self.theirs or self.name}: {error}") from error

    def messages(self, variables: Mapping[str, Any], pictures: tuple[Image, ...]) -> tuple[Message, ...]:
        """The judge's messages for one call. Raises `DataError` for a variable that the call does not give, or gives in
        another form than the words take."""
        try:
            mark = _mark(self._template.render({**variables, "mark": ""}))
            text = self._template.render({**variables, "mark": mark})
        except DataError:
            raise
        except Exception as error:  # a row's null where the words take a list is a TypeError, and so on
            said = f"{type(error).__name__}: {error} (variables: {', '.join(variables)})"
            raise DataError(f"judge prompt {self.theirs or self.name}: {said}") from error
        system = (Message("system", (self.card.system,)),) if self.card.system else ()
        return (*system, *ask(*(pictures if self.card.pictures else ()), text.strip()))

    def record(self) -> dict[str, Any]:
        """This prompt's part of run.json."""
        words = str(self.theirs) if self.theirs else "ours"
        told = {"name": self.name, "words": words, "digest": self.digest, "official_judge": self.card.model}
        asks = {
            name: getattr(self.card, name) for name in ("votes", "orders") if getattr(self.card, name) not in (1, "one")
        }
        return told | asks


def _mark(text: str) -> str:
    """8 characters that are not in a text, always the same for the same text: requests are known by their words."""
    mark = ""
    while mark in text:
        mark = hashlib.sha256((mark + text).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return mark


def judge_prompt(name: str, known: Mapping[str, Path], theirs: Path | None = None) -> JudgePrompt:
    """The prompt of that name out of a catalogue's judges (name -> folder).

    theirs: a folder with prompts to use in place of ours, as NAME.jinja or NAME/prompt.jinja (an official prompt out of
    the benchmark's own release). Raises `DataError` for an unknown name or a broken card.
    """
    if name not in known:
        near = ", ".join(difflib.get_close_matches(name, known)) or "none near"
        raise DataError(f"no judge prompt {name!r} in judges/ ({near})")
    folder = known[name]
    card = _card(folder)
    replaced = _replacement(name, theirs)
    if replaced:
        return JudgePrompt(name, card, _text(replaced), replaced)
    return JudgePrompt(name, card, _text(folder / WORDS))


def named_engine(judge: str, known: Mapping[str, Path]) -> str:
    """What `--judge` opens: the engine of the card of that name, else the judge as it is.

    Raises `UsageError` for a card that has words for a judge but names no engine.
    """
    if judge not in known or Path(judge).exists():
        return judge
    engine = _card(known[judge]).engine
    if not engine:
        raise UsageError(f"--judge {judge}: {known[judge] / 'judge.yaml'} names no engine; add `engine: MODEL`")
    return engine


def _card(folder: Path) -> Card:
    import yaml

    try:
        return Card.model_validate(yaml.safe_load(_text(folder / "judge.yaml")))
    except (ValidationError, yaml.YAMLError) as error:
        raise DataError(f"{folder / 'judge.yaml'}: {error}") from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}; a judge has judge.yaml and {WORDS}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 ({error}); save it as UTF-8") from error


def _replacement(name: str, theirs: Path | None) -> Path | None:
    if theirs is None:
        return None
    if not theirs.is_dir():
        raise UsageError(f"--judge-prompts {theirs}: no such folder")
    return next((path for path in (theirs / f"{name}.jinja", theirs / name / WORDS) if path.is_file()), None)
