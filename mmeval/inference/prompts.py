"""From messages to the text and tokens that a model sees: chat template, system prompt, tokenizer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmeval.errors import DataError, UsageError
from mmeval.inference.base import digest_of
from mmeval.inference.thinking import opened_by
from mmeval.samples import Message

REMEMBERED = 100_000
PROBE = "mmeval-probe"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt. ids: its tokens with one placeholder a picture, not yet expanded to the picture's tokens.

    thinking: the tag with which the template opens the answer, if it does.
    """

    text: str
    ids: tuple[int, ...]
    digest: str
    thinking: str | None
    special: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """What a template writes behind an assistant's words. end: of that, up to the token that ends the turn; where it
    writes no special token, the tokenizer's end of sequence. token: that token's id, None if the template has none."""

    text: str
    end: str
    token: int | None


class Prompts:
    """Renders and tokenises, each distinct conversation once: benchmarks ask the same words of many pictures."""

    def __init__(self, processor: Any, tokenizer: Any, template: str, system: str | None) -> None:
        """processor: None for a model that reads text only."""
        self.processor, self.tokenizer, self.template, self.system = processor, tokenizer, template, system
        self.reads_pictures = processor is not None
        self._known: dict[object, Prompt] = {}
        self._closing: Closing | None = None
        if system is not None:
            self._check_system(system)

    def render(self, messages: Sequence[Message]) -> Prompt:
        """Raises `DataError` when the template refuses the conversation or the model reads no pictures."""
        key = tuple((m.role, tuple(p if isinstance(p, str) else None for p in m.content)) for m in messages)
        prompt = self._known.get(key)
        if prompt is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            prompt = self._known[key] = self._render(messages)
        return prompt

    def continuation(self, prompt: Prompt, text: str) -> list[int]:
        """Tokens of a text that stands directly after the prompt.

        Both are tokenised together, as in the model's own training; where that changes the prompt's last tokens, the
        continuation is tokenised by itself.
        """
        start = list(prompt.ids)
        joint = self._encode(prompt.text + text, prompt.special)
        if joint[: len(start)] == start:
            return joint[len(start) :]
        return self._encode(text, False)

    def answered(self, messages: Sequence[Message], text: str) -> list[int]:
        """Tokens of a whole answer behind its prompt, as the chat template writes an assistant's turn: with what it
        puts in front, up to the token that ends the turn. What follows that (a line break) is left out.

        That is what preference trainers score (trl's DPOTrainer). A template that writes no such token gets the
        tokenizer's end of sequence, with which answers then end. Raises `DataError` as `render`.
        """
        prompt, closing = self.render(messages), self._closed()
        whole = self._whole(with_answer(messages, text))
        if whole.startswith(prompt.text) and whole.endswith(closing.text):
            text = whole[len(prompt.text) : len(whole) - len(closing.text)]
        return self.continuation(prompt, text + closing.end)

    def conversation(self, messages: Sequence[Message]) -> Prompt:
        """A finished conversation, whose last turn the template closes. Raises `DataError` as `render`."""
        text = self._whole(messages)
        special = self._adds_special(text)
        ids = tuple(self._encode(text, special))
        return Prompt(text, ids, digest_of(ids), None, special)

    def answer_ends(self) -> set[int]:
        """Special tokens with which the template closes an assistant's turn, e.g. <|im_end|>."""
        token = self._closed().token
        return set() if token is None else {token}

    def _closed(self) -> Closing:
        if self._closing is None:
            try:
                turns = [self._turn("user", [PROBE]), self._turn("assistant", [PROBE])]
                _, shown, text = self._apply(turns, add_generation_prompt=False).rpartition(PROBE)
            except Exception:  # a template may refuse such a conversation; then it tells us nothing
                shown = ""
            text = text if shown else ""
            special = {i: token.content for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}
            first = next(iter(self._encode(text.lstrip(), False)), None)
            if first in special:
                head, token, _ = text.partition(special[first])
                self._closing = Closing(text, head + token, first)
            else:
                self._closing = Closing(text, self.tokenizer.eos_token or "", None)
        return self._closing

    def _whole(self, messages: Sequence[Message]) -> str:
        self._check_pictures(messages)
        return self._written(self._turns(messages), add_generation_prompt=False)

    def _render(self, messages: Sequence[Message]) -> Prompt:
        self._check_pictures(messages)
        goes_on = messages[-1].role == "assistant"
        text = self._written(self._turns(messages), add_generation_prompt=not goes_on, continue_final_message=goes_on)
        special = self._adds_special(text)
        ids = tuple(self._encode(text, special))
        return Prompt(text, ids, digest_of(ids), opened_by(text), special)

    def _check_pictures(self, messages: Sequence[Message]) -> None:
        if not self.reads_pictures and any(message.images for message in messages):
            raise DataError("the sample shows a picture, but this model reads text only")

    def _adds_special(self, text: str) -> bool:
        """transformers' own rule: a template that writes the first special token itself gets no second one."""
        return self.reads_pictures and not text.startswith(self.tokenizer.bos_token or "\0")

    def _turns(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        turns = [self._turn(message.role, message.content) for message in messages]
        return turns if self.system is None else [self._turn("system", [self.system]), *turns]

    def _turn(self, role: str, content: Sequence[object]) -> dict[str, Any]:
        if not self.reads_pictures:
            return {"role": role, "content": "".join(str(part) for part in content)}
        parts = [{"type": "text", "text": p} if isinstance(p, str) else {"type": "image"} for p in content]
        return {"role": role, "content": parts}

    def _apply(self, turns: list[dict[str, Any]], **how: bool) -> str:
        maker = self.processor if self.reads_pictures else self.tokenizer
        return str(maker.apply_chat_template(turns, chat_template=self.template, tokenize=False, **how))

    def _written(self, turns: list[dict[str, Any]], **how: bool) -> str:
        try:
            return self._apply(turns, **how)
        except Exception as error:  # templates raise whatever they like
            roles = ", ".join(turn["role"] for turn in turns)
            raise DataError(f"the chat template refuses a conversation of {roles}: {error}") from error

    def _encode(self, text: str, special: bool) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=special))

    def _check_system(self, system: str) -> None:
        turns = [self._turn("system", [system]), self._turn("user", [PROBE])]
        try:
            text = self._apply(turns, add_generation_prompt=True)
        except Exception as error:
            raise UsageError(f"--system: the model's chat template takes no system prompt: {error}") from error
        if system.strip() not in text:
            raise UsageError("--system: the model's chat template drops the system prompt; pass --chat-template FILE")


def with_answer(messages: Sequence[Message], text: str) -> list[Message]:
    """The conversation with a given answer: the assistant's turn, or the rest of the one that has begun."""
    if messages[-1].role != "assistant":
        return [*messages, Message("assistant", (text,))]
    begun = messages[-1].content
    joined = (*begun[:-1], begun[-1] + text) if begun and isinstance(begun[-1], str) else (*begun, text)
    return [*messages[:-1], Message("assistant", joined)]


def read_template(given: Path | str) -> str:
    """A chat template given as a Jinja file, a JSON file with `chat_template`, or the text itself."""
    text = str(given)
    if "{{" in text or "{%" in text:
        return text
    try:
        text = Path(given).read_text()
    except OSError as error:
        raise UsageError(f"--chat-template {given}: can't be read: {error.strerror or error}") from error
    if Path(given).suffix != ".json":
        return text
    try:
        return str(json.loads(text)["chat_template"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"--chat-template {given}: a JSON file needs a field 'chat_template'") from error
