"""Run folders: what ran, the logs that are the source of truth, and what was made of them.

run.json         what ran: configuration, versions, fingerprints of model, data and prompts, machine, status
samples.jsonl    what was asked: one line a sample, with the digest of its request
responses.jsonl  append-only log of answers by request digest; survives kill -9 at any moment
verdicts.jsonl   the same for a judge's replies
judged.jsonl     which of these replies are about which sample
scores.parquet   one row a sample and task, from `mmeval.scoring.score`
metrics.json     the `tasks` object of `--json`
pictures/        a small picture for each one shown, named by content digest
report.html      the page
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from mmeval.errors import DataError, UsageError
from mmeval.inference.base import Response
from mmeval.journal import Journal, storage, write_whole
from mmeval.samples import Sample, ask
from mmeval.scorers.panel import ALONE, Member

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Asked:
    """A sample as samples.jsonl keeps it: all that scoring and pages need, without pictures and without a model.

    request: digest of its request; None when it could not be asked, and then `error` says why.
    images: content digests, in the order of the prompt.
    """

    task: str
    sample: Sample
    request: str | None
    images: tuple[str, ...] = ()
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        sample = self.sample
        given = {"continuations": list(sample.continuations)} if sample.continuations else {}
        return {
            "task": self.task,
            "sample": sample.id,
            "prompt": sample.prompt,
            "images": list(self.images),
            "target": sample.target,
            "slices": dict(sample.slices),
            "cluster": sample.cluster,
            "groups": dict(sample.groups),
            "metadata": dict(sample.metadata),
            "request": self.request,
            "error": self.error,
            **given,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Asked:
        sample = Sample(
            id=row["sample"],
            messages=ask(row["prompt"]),
            target=row["target"],
            slices=row["slices"],
            cluster=row["cluster"],
            groups=row["groups"],
            metadata=row["metadata"],
            continuations=tuple(row.get("continuations", ())),
        )
        return cls(row["task"], sample, row["request"], tuple(row["images"]), row["error"])


@dataclass(frozen=True, slots=True)
class Judged:
    """A judge's calls about one sample, as digests in the order asked; `error` says why there is no verdict.

    member: which judge, which of its votes, in which order the answers were shown.
    """

    task: str
    sample: str
    calls: tuple[str, ...]
    error: str | None = None
    member: Member = ALONE


class RunFolder:
    """A run folder on disk. `with RunFolder.open(path) as run:` holds its lock for writing; reading needs none."""

    def __init__(self, path: Path):
        self.path = path
        self.answers = Journal(path / "responses.jsonl")
        self.verdicts = Journal(path / "verdicts.jsonl")
        self._lock: IO[str] | None = None

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """A folder that holds a run, for reading. Raises `UsageError` when it does not."""
        if not (path / "run.json").is_file():
            raise UsageError(f"{path}: no run folder (it has no run.json); `mmeval run` prints the folder it writes")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """The folder, made if absent, locked for this process. Raises `UsageError` when another one writes to it."""
        run = cls(path)
        with storage(path):
            path.mkdir(parents=True, exist_ok=True)
            run._lock = (path / ".lock").open("a+")
        try:
            fcntl.flock(run._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            run._lock.close()
            raise UsageError(
                f"{path}: another mmeval run is writing into this folder; wait for it or pass another --output"
            ) from None
        for draft in path.glob(".*.json*.[0-9]*"):  # half-written files of a process that was killed
            draft.unlink(missing_ok=True)
        return run

    def set_log_aside(self) -> None:
        """Keeps earlier logs as responses.jsonl.1 (.2 …), so that everything is asked anew."""
        for log in (self.answers, self.verdicts):
            log.set_aside()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for log in (self.answers, self.verdicts):
            log.close()
        if self._lock is not None:
            self._lock.close()
        self._lock = None

    # -- the logs

    @property
    def log_path(self) -> Path:
        return self.answers.path

    def responses(self) -> dict[str, Response]:
        """Request digest -> its last answer."""
        return self.answers.read()

    def append(self, digest: str, response: Response) -> None:
        self.answers.append(digest, response)

    def write_judged(self, judged: list[Judged]) -> None:
        lines = (json.dumps(asdict(one), ensure_ascii=False) for one in judged)
        self.write("judged.jsonl", "".join(line + "\n" for line in lines).encode("utf-8", "replace"))

    def judged(self) -> list[Judged]:
        """What a judge was asked about which sample; nothing where there was no judge."""
        path = self.path / "judged.jsonl"
        if not path.is_file():
            return []
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        return [
            Judged(row["task"], row["sample"], tuple(row["calls"]), row["error"], Member(**row.get("member", {})))
            for row in rows
        ]

    # -- what is written whole

    def write_samples(self, asked: list[Asked]) -> None:
        lines = (json.dumps(one.to_json(), ensure_ascii=False) for one in asked)
        self.write("samples.jsonl", "".join(line + "\n" for line in lines).encode("utf-8", "replace"))

    def drop_results(self) -> None:
        """Takes away what an earlier run made of the log, so that its figures never stand beside other samples."""
        for name in ("metrics.json", "scores.parquet", "report.html", "compare.html", "judged.jsonl"):
            (self.path / name).unlink(missing_ok=True)

    def samples(self) -> list[Asked]:
        try:
            with (self.path / "samples.jsonl").open(encoding="utf-8") as lines:
                return [Asked.from_json(json.loads(line)) for line in lines]
        except FileNotFoundError:
            raise UsageError(f"{self.path}: has no samples.jsonl; run it again") from None

    def write_json(self, name: str, value: Any) -> None:
        self.write(name, json_bytes(value))

    def read_json(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"{self.path}: has no {name}; the run did not get that far, run it again") from None
        except ValueError as error:
            raise DataError(f"{self.path}: {name} is broken ({error}); run it again") from None

    def write_scores(self, frame: pd.DataFrame) -> None:
        self.write("scores.parquet", parquet_bytes(frame))

    def scores(self) -> pd.DataFrame:
        import pandas as pd

        try:
            return pd.read_parquet(self.path / "scores.parquet")
        except FileNotFoundError:
            raise UsageError(f"{self.path}: has no scores.parquet; run it again") from None

    def write(self, name: str, content: bytes) -> None:
        """Writes a file whole or not at all: a reader, or a kill, never meets half of it."""
        write_whole(self.path / name, content)


def json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    import io

    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()
