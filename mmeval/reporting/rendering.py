"""What every page is made with: templates, data that can stand inside a page, settings as words without secrets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mmeval.catalog import bundled
from mmeval.reporting.browsing import as_text

if TYPE_CHECKING:
    from markupsafe import Markup

SECRET = re.compile(r"(^|[-_])(api[-_]?key|key|token|secret|password)$", re.I)
HIDDEN = "…"


def render(template: str, **values: Any) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = bundled("reports")
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(asset=_asset, script_hash=script_hash)
    environment.filters.update(embedded_json=embedded_json, plural=plural)
    return environment.get_template(template).render(**values)


def _asset(*names: str) -> Markup:
    """Style and script files, one after the other, to stand inside <style> and <script>."""
    from markupsafe import Markup

    folder = bundled("reports")
    return Markup("\n".join((folder / name).read_text(encoding="utf-8") for name in names))


def script_hash(script: str) -> Markup:
    """The page's own scripts as its content security policy names them; no other script runs."""
    from markupsafe import Markup

    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(str(script).encode()).digest()).decode()}'")


def embedded_json(value: Any) -> Markup:
    """JSON that can stand inside <script>: no `<` can end the element, whatever a model answered."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def short(name: str) -> str:
    """A checkpoint's folder by its last part, a hub id in full; the whole path stands under "What ran"."""
    return name.rstrip("/").rpartition("/")[2] if name.startswith(("/", "~", ".")) else name


def plural(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def command_line(given: Sequence[str]) -> str:
    """The command line, to be run again; without what is nobody's business."""
    shown = without_secrets(given)
    return shlex.join(shown if not shown or shown[0].endswith("mmeval") else ["mmeval", *shown])


def plain(values: Any) -> list[tuple[str, str]]:
    """Name and value for people; what is not set, and what is nobody's business, is left out."""
    if not isinstance(values, Mapping):
        return [("", words(values))] if values else []
    shown = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    return [
        (str(name).replace("_", " "), HIDDEN if SECRET.search(str(name)) else _url(words(value)))
        for name, value in shown.items()
    ]


def words(value: Any) -> str:
    """A setting for people: large whole numbers in groups of three, others to four digits, what is nested on lines of
    its own."""
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {words(one)}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else as_text(value) or ""


def without_secrets(command: Iterable[str]) -> list[str]:
    """A command line with the values of --api-key, --token and their like replaced by an ellipsis."""
    shown: list[str] = []
    hide = False
    for word in command:
        name, equals, _ = word.partition("=")
        if hide and not word.startswith("--"):
            shown.append(HIDDEN)
        elif equals and SECRET.search(name):
            shown.append(f"{name}={HIDDEN}")
        else:
            shown.append(_url(word))
        hide = word.startswith("-") and not equals and bool(SECRET.search(word))
    return shown


def _url(text: str) -> str:
    return re.sub(r"://[^/@\s]+@", f"://{HIDDEN}@", text)
