"""LiveBench's coding questions: tests as JSON, the private ones mostly packed; the function's name in another field."""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import zlib
from functools import lru_cache
from typing import Any, NoReturn

from mmeval.errors import DataError
from mmeval.sources import Row

# Their answers are run by a rule that is built here; agentic_coding and code_generation, code_completion come later.
TASKS = ("LCB_generation", "coding_completion")


def problem(row: Row) -> dict[str, Any]:
    """Metadata of a question: `public` and `private` tests as they are packed, the `function` to call (None: it reads
    the standard input) and the program that is `begun` (None: nothing is given).

    Raises `DataError` where the tests or the function's name can't be read.
    """
    public, private = str(row["public_test_cases"]), str(row["private_test_cases"])
    try:
        tests_of(public, private)
    except (ValueError, KeyError, TypeError, zlib.error, pickle.UnpicklingError, EOFError) as error:
        raise DataError(f"{row.where}: its tests can't be read: {error}") from error
    original = row["original_json"]
    try:
        original = json.loads(original) if isinstance(original, str) else original
        function = json.loads(original["metadata"] or "{}").get("func_name")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{row.where}: field 'original_json' holds no metadata with JSON in it") from error
    begun = row.get("partial_solution") or None
    return {"public": public, "private": private, "function": function, "begun": begun}


@lru_cache(64)
def tests_of(public: str, private: str) -> tuple[list[str], list[str]]:
    """(inputs, outputs) of a problem's public tests and then its private ones."""
    try:
        hidden = json.loads(private)
    except ValueError:
        hidden = json.loads(_unpacked(private))
    tests = [*json.loads(public), *hidden]
    return [str(test["input"]) for test in tests], [str(test["output"]) for test in tests]


def _unpacked(text: str) -> str:
    """What is in base64, zlib and a pickle of a string. A pickle of anything else is refused: it could run code."""
    try:
        packed = zlib.decompress(base64.b64decode(text))
    except binascii.Error as error:
        raise ValueError(f"neither JSON nor base64 ({error})") from error
    held = _Plain(io.BytesIO(packed)).load()
    if not isinstance(held, str | bytes):
        raise ValueError(f"a packed {type(held).__name__}, not text")
    return held if isinstance(held, str) else held.decode()


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"it names {module}.{name}, and only text is expected")
