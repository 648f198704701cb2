"""Keeps what a model thinks aloud apart from what it answers."""

from __future__ import annotations

from typing import NamedTuple

TAGS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("◁think▷", "◁/think▷"))
ALL_TAGS = frozenset(tag for pair in TAGS for tag in pair)


class Thought(NamedTuple):
    """thinking: what stood in the tags, None without tags. answer: what came after; empty when `cut`.
    cut: the text ended before the thinking did."""

    thinking: str | None
    answer: str
    cut: bool


def opened_by(prompt: str) -> str | None:
    """The opening tag with which a rendered prompt ends, if it ends with one: then the answer starts in thought."""
    return next((opening for opening, _ in TAGS if prompt.rstrip().endswith(opening)), None)


def split(text: str, opening: str | None = None) -> Thought:
    """Splits a decoded answer. `opening`: the tag that the prompt has opened already.

    Tags count at the start of the answer only, where models put them: an answer may quote one later on. A closing tag
    without an opening one counts too, since some templates hide the opening one.
    """
    text = text.strip()
    for start, end in TAGS:
        before, closing, after = text.partition(end)
        opened = opening == start or text.startswith(start)
        unopened = bool(closing) and not any(tag in before for tag in ALL_TAGS)
        if opened or unopened:
            return Thought(before.removeprefix(start).strip(), after.strip() if closing else "", not closing)
    return Thought(None, text, False)
