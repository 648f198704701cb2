"""From work to what is decoded, and from tokens to a response: the same whichever way the model is run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

from mmeval.inference import decoding, preprocess, thinking
from mmeval.inference.base import Response, digest_of
from mmeval.inference.preprocess import Work
from mmeval.samples import Image


class Answering:
    """Makes rows for decoding out of works, and responses out of rows."""

    def __init__(self, tokenizer: Any, context: int | None) -> None:
        """context: most tokens the model takes, None where it doesn't say."""
        self.tokenizer, self.context = tokenizer, context
        self._hidden = hidden_ids(tokenizer)
        self._pictures: OrderedDict[object, str] = OrderedDict()

    def row(self, work: Work) -> decoding.Row:
        asked = work.request.decoding
        limit = asked.max_new_tokens
        if self.context is not None:
            limit = max(1, min(limit, self.context - work.length))
        stopped = partial(self._stopped, asked.stop) if any(asked.stop) else None
        return decoding.Row(asked, limit, self._seed(work) if asked.temperature > 0 else 0, stopped)

    def response(self, work: Work, row: decoding.Row, path: str) -> Response:
        """A finished row's answer, without thinking and stop strings."""
        text = self._text(row.tokens)
        thought = thinking.split(text, work.prompt.thinking)
        answer = thought.answer
        for mark in filter(None, work.request.decoding.stop):
            answer = answer.partition(mark)[0]
        finish: Literal["stop", "length", "thinking"] = "stop" if row.ended else "length"
        if thought.cut:
            finish = "thinking"
        return Response(
            work.request.id,
            text=answer.strip(),
            finish=finish,
            thinking=thought.thinking,
            prompt_tokens=work.prompt_tokens,
            new_tokens=len(row.tokens),
            path=path,
        )

    def scored(self, work: Work, sums: Sequence[float], path: str) -> Response:
        return Response(work.request.id, prompt_tokens=work.prompt_tokens, loglikelihoods=tuple(sums), path=path)

    def picture(self, image: Image) -> str:
        """The picture's content digest, remembered for the last few pictures: questions about one come in a row.

        Raises `DataError` when it can't be read.
        """
        key = preprocess.identity(image)
        known = self._pictures.get(key)
        if known is None:
            known = self._pictures[key] = image.digest()
            if len(self._pictures) > 64:
                self._pictures.popitem(last=False)
        return known

    def _stopped(self, stop: tuple[str, ...], tokens: list[int]) -> bool:
        text = self._text(tokens)
        return any(mark in text for mark in stop if mark)

    def _seed(self, work: Work) -> int:
        """From what is asked, not from where it stands: neighbours and order change no answer."""
        pictures = [self.picture(image) for image in work.images]
        asked = work.request.decoding
        return int(digest_of(work.prompt.digest, pictures, asked.seed, asked.repeat)[:16], 16)

    def _text(self, tokens: list[int]) -> str:
        shown = [token for token in tokens if token not in self._hidden]
        return str(self.tokenizer.decode(shown, skip_special_tokens=False))


def hidden_ids(tokenizer: Any) -> frozenset[int]:
    """Special tokens that are no part of an answer; think tags are, until they are split off."""
    added = {i for i, token in tokenizer.added_tokens_decoder.items() if token.special}
    special = added | set(tokenizer.all_special_ids)
    tags = {i for i in special if tokenizer.convert_ids_to_tokens(i) in thinking.ALL_TAGS}
    return frozenset(special - tags)
