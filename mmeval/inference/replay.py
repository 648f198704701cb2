"""Answers that were given before, read from a file: to score them again, or those of a model run elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from mmeval.errors import DataError, UsageError
from mmeval.inference.base import Request, Response, digest_of

FINISHES = frozenset(get_args(get_type_hints(Response)["finish"]))


@dataclass(frozen=True, slots=True)
class _Stored:
    response: Response
    digest: str


class ReplayEngine:
    """Gives stored answers by the request's id.

    path: a JSONL file, or a run folder with responses.jsonl. A row names its request by `id` ("task/sample" or
    "task/sample#repeat") or by `sample` (the same, or without the task), and holds `text`; `finish`, `thinking`,
    `error`, `loglikelihoods`, `rewards` and token counts are taken over where they stand. Of rows with the same id the
    last counts, as in a log.

    Raises `UsageError` when there is no such file, `DataError` naming the line that can't be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / "responses.jsonl" if path.is_dir() else path
        try:
            self._answers = dict(_rows(self.path))
            if path.is_dir():
                self._answers |= dict(_shared(path, self._answers))
        except OSError as error:
            raise UsageError(f"--model replay:{path}: can't be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: is no UTF-8 text: {error}") from error

    def describe(self) -> dict[str, Any]:
        content = digest_of(sorted((key, stored.digest) for key, stored in self._answers.items()))
        return {"engine": "replay", "name": f"replay:{self.path}", "digest": content, "answers": len(self._answers)}

    def digest(self, request: Request) -> str:
        """Over the request's id and its stored answer: a changed answer is asked anew, the others are not."""
        stored = self._find(request.id)
        return digest_of("replay", request.id, stored.digest if stored else None)

    def run(self, requests: Iterable[Request]) -> Iterator[Response]:
        for request in requests:
            stored = self._find(request.id)
            if stored is None:
                yield Response(request.id, finish="error", error=f"no stored answer in {self.path}")
                continue
            given, wanted = stored.response, len(request.continuations)
            known = given.loglikelihoods or given.rewards or ()
            if wanted and given.finish != "error" and len(known) != wanted:
                error = f"{wanted} continuations asked for, {len(known)} log-likelihoods or rewards in {self.path}"
                yield Response(request.id, finish="error", error=error)
                continue
            yield replace(given, id=request.id, path="")

    def close(self) -> None:
        self._answers = {}

    def _find(self, key: str) -> _Stored | None:
        return self._answers.get(key) or self._answers.get(key.partition("/")[2])


def _rows(path: Path) -> Iterator[tuple[str, _Stored]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = _row(line)
            except ValueError as error:
                if not line.endswith("\n"):
                    return  # the last line of a log whose writer was stopped
                raise DataError(f"{path}: line {number} is no JSON: {error}") from error
            response = _response(row, f"{path}: line {number}")
            yield response.id, _Stored(response, digest_of(row))


def _shared(folder: Path, answers: Mapping[str, _Stored]) -> Iterator[tuple[str, _Stored]]:
    """A run asks equal requests once: the other samples with the same request, by the run folder's samples.jsonl."""
    with (folder / "responses.jsonl").open(encoding="utf-8") as log:
        rows = [_row(line) for line in log if line.endswith("\n") and line.strip()]
    by_request = {row["digest"]: answers[str(row["id"])] for row in rows if "digest" in row}
    if not (folder / "samples.jsonl").is_file():
        return
    with (folder / "samples.jsonl").open(encoding="utf-8") as samples:
        for line in samples:
            sample = json.loads(line)
            if sample["request"] in by_request:
                yield f"{sample['task']}/{sample['sample']}", by_request[sample["request"]]


def _row(line: str) -> Any:
    """A line's JSON, with "?" for halves of characters: a text cut in the middle of an emoji can't be written again."""
    row = json.loads(line)
    if "\\ud" not in line.lower():
        return row
    return json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode())


def _response(row: Any, place: str) -> Response:
    if not isinstance(row, dict):
        raise DataError(f"{place}: not an object")
    key = row.get("id", row.get("sample"))
    numbers = {name: row.get(name) for name in ("loglikelihoods", "rewards")}
    said = "text" in row or any(value is not None for value in numbers.values())
    if key is None or (not said and row.get("finish") != "error"):
        raise DataError(f"{place} needs 'id' (or 'sample') and 'text' (found: {', '.join(map(str, row))})")
    finish = row.get("finish", "stop")
    if finish not in FINISHES:
        raise DataError(f"{place}: finish is {finish!r}, not one of {', '.join(sorted(FINISHES))}")
    loglikelihoods, rewards = (None if known is None else tuple(map(float, known)) for known in numbers.values())
    return Response(
        id=str(key),
        text=str(row.get("text") or ""),
        finish=finish,
        thinking=row.get("thinking"),
        error=row.get("error"),
        prompt_tokens=int(row.get("prompt_tokens") or 0),
        new_tokens=int(row.get("new_tokens") or 0),
        loglikelihoods=loglikelihoods,
        rewards=rewards,
    )
