"""Thinking is kept apart from the answer, whoever wrote the tags."""

from __future__ import annotations

import pytest

from mmeval.inference.thinking import Thought, opened_by, split

from .conftest import answers, request


@pytest.mark.parametrize(
    ("text", "opening", "expected"),
    [
        ("A dog.", None, Thought(None, "A dog.", False)),
        ("<think>four legs</think>\nA dog.", None, Thought("four legs", "A dog.", False)),
        (" <thinking>\nlegs\n</thinking> A dog. ", None, Thought("legs", "A dog.", False)),
        ("◁think▷legs◁/think▷A dog.", None, Thought("legs", "A dog.", False)),
        ("<think></think>A dog.", None, Thought("", "A dog.", False)),
        ("<think>four legs and", None, Thought("four legs and", "", True)),
        ("four legs</think>A dog.", "<think>", Thought("four legs", "A dog.", False)),
        ("four legs</think>A dog.", None, Thought("four legs", "A dog.", False)),
        ("four legs and", "<think>", Thought("four legs and", "", True)),
        ("<think>legs</think>It says </think>.", None, Thought("legs", "It says </think>.", False)),
        ("The tag <think>x</think> opens.", None, Thought(None, "The tag <think>x</think> opens.", False)),
        ("", None, Thought(None, "", False)),
    ],
)
def test_split(text, opening, expected):
    assert split(text, opening) == expected


def test_the_template_may_open_the_tag():
    assert opened_by("<|im_start|>assistant\n<think>\n") == "<think>"
    assert opened_by("<|im_start|>assistant\n<think>\n\n</think>\n\n") is None


@pytest.fixture
def thinker(checkpoint, tmp_path):
    """A model that reads text only, whose tags are special tokens and whose template opens the first."""
    pytest.importorskip("torch", reason="the transformers engine needs torch")
    from tests import miniatures

    template = miniatures.TEXT_TEMPLATE.replace("assistant\n{% endif %}", "assistant\n<think>{% endif %}")
    return miniatures.llama(tmp_path / "thinker", template=template, special=("<think>", "</think>"))


def test_an_answer_cut_off_while_thinking_is_empty(engine, thinker):
    found = answers(engine(thinker), [request("t/0", "Is there a dog?")])["t/0"]
    assert (found.text, found.finish) == ("", "thinking")
    assert found.thinking


def test_tags_that_are_special_tokens_are_found(engine, thinker, monkeypatch):
    from mmeval.inference import decoding

    ours = engine(thinker)
    script = [*ours.tokenizer.encode("four legs</think> A dog.", add_special_tokens=False), min(ours.running.ends)]

    def scripted(logits, rows):
        return [script[len(row.tokens)] for row in rows]

    monkeypatch.setattr(decoding, "choose", scripted)
    found = answers(ours, [request("t/0", "Is there a dog?", tokens=60)])["t/0"]
    assert (found.thinking, found.text, found.finish) == ("four legs", "A dog.", "stop")
