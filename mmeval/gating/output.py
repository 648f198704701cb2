"""A gate's decision for people and for CI: the terminal, JUnit XML, a GitHub step summary.

Names of models, paths and errors come from outside: in each of these they stay text.
"""

from __future__ import annotations

import html
import os
import re
import unicodedata
from pathlib import Path

from mmeval.errors import UsageError
from mmeval.gating.gate import Gated
from mmeval.gating.results import CANNOT_TELL, HOLDS, VIOLATED, RuleResult
from mmeval.gating.wanted import BASE, CANDIDATE
from mmeval.journal import storage
from mmeval.reporting.figures import number
from mmeval.reporting.rendering import plural, short

OUTCOMES = {"pass": "PASS", "regression": "REGRESSION", "cannot tell": "CANNOT TELL"}
MARKS = {VIOLATED: "✗ violated", CANNOT_TELL: "? cannot tell", HOLDS: "✓ holds"}  # the gravest first
STYLES = {
    HOLDS: "green",
    VIOLATED: "bold red",
    CANNOT_TELL: "yellow",
    **{"pass": "bold green", "regression": "bold red", "cannot tell": "bold yellow"},
}
NOTHING = "-"
INDENT = "  "


def headline(gated: Gated) -> str:
    """The decision in one line."""
    names = [_name(gated, which) for which in (CANDIDATE, BASE)]
    total = plural(len(gated.rules), "rule")
    counts = [
        f"{len(found)} {words}"
        for verdict, words in ((VIOLATED, "violated"), (CANNOT_TELL, "not shown"))
        if (found := gated.of(verdict))
    ]
    told = f"of {total} {', '.join(counts)}" if counts else f"all {total} hold"
    return f"{OUTCOMES[gated.outcome]}: {names[0]} against {names[1]}: {told}"


def _name(gated: Gated, which: int) -> str:
    side = gated.side(which)
    return one_line(short(str(side["model"].get("name") or side["run"])))


def one_line(text: str) -> str:
    """Text in which nothing steers a terminal, an XML reader or the reader's eye: no control characters, no characters
    that turn the direction of writing, no line breaks, no halves of surrogate pairs."""
    return " ".join("".join(_visible(character) for character in text).split())


def _visible(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    return "\N{REPLACEMENT CHARACTER}" if kind in ("Cf", "Cs", "Cn") else character


def figures(one: RuleResult) -> tuple[str, str, str]:
    """Base, candidate, and the difference in points (in the metric's unit where it has no scale)."""
    if one.metric is None or (one.base is None and one.candidate is None):
        return "", "", ""
    sides = [NOTHING if value is None else number(value, one.metric.unit) for value in (one.base, one.candidate)]
    if one.points is not None:
        return sides[0], sides[1], f"{one.points[0]:+.1f}".replace("-", "\N{MINUS SIGN}")
    return sides[0], sides[1], "" if one.difference is None else f"{one.difference.value:+.3g}"


# -- the terminal


def print_gated(gated: Gated) -> None:
    """A line of figures a rule, its reason below; what stands against a release comes first."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(headline(gated), style=STYLES[gated.outcome]))
    for note in gated.notes:
        console.print(Text(one_line(note), style="yellow"))
    header = ("", "base", "cand.", "points")
    rows = {verdict: [(one_line(one.rule), *figures(one)) for one in gated.of(verdict)] for verdict in MARKS}
    every = [header, *(row for found in rows.values() for row in found)]
    numbers = [max(cell_len(row[i]) for row in every) for i in (1, 2, 3)]
    room = console.width - sum(numbers) - 6 - len(INDENT)
    words = min(room, max(cell_len(row[0]) for row in every))
    for verdict, found in rows.items():
        if found:
            console.print(
                Text(f"\n{_line((MARKS[verdict], *header[1:]), words + len(INDENT), numbers)}", STYLES[verdict])
            )
        for row, one in zip(found, gated.of(verdict), strict=True):
            console.print(Text(INDENT + _line(row, words, numbers), "bold" if verdict == VIOLATED else ""))
            console.print(Padding(Text(one_line(one.reason), "dim"), (0, 0, 0, 2 * len(INDENT))))
    console.print(Text("\n" + footnote(gated), style="dim"))


def gravest_first(gated: Gated) -> list[RuleResult]:
    return [one for verdict in MARKS for one in gated.of(verdict)]


def _line(row: tuple[str, ...], words: int, numbers: list[int]) -> str:
    """Words to the left, numbers to the right; below a name that is too long for both."""
    from rich.cells import cell_len

    told = "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], numbers, strict=True)).rstrip()
    if not told:
        return row[0]
    if cell_len(row[0]) > words:
        return f"{row[0]}\n{' ' * words}{INDENT}{told}"
    return row[0] + " " * (words - cell_len(row[0])) + told


def footnote(gated: Gated) -> str:
    policy = gated.policy
    tests = sum(one.p is not None for one in gated.rules)
    level = f"{policy.confidence:g} % confidence, over {plural(tests, 'test')} together (Holm)"
    points = "points: of a metric's 0 to 100 scale, above 0 is better"
    return f"policy: {one_line(policy.source)}; {level}; {points}"


# -- JUnit


def write_junit(gated: Gated, path: Path) -> None:
    """One test case a rule: failed where violated, an error where there was nothing to judge, skipped where nothing
    could be told. CI shows skipped tests as passed: the exit code says more."""
    from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

    suite = TestSuite("mmeval gate")
    for name, value in (
        ("outcome", gated.outcome),
        ("base", str(gated.side(BASE)["run"])),
        ("candidate", str(gated.side(CANDIDATE)["run"])),
        ("policy", gated.policy.source),
        ("forced", str(gated.forced).lower()),
        *(("note", note) for note in gated.notes),
    ):
        suite.add_property(name, one_line(value))
    for one in gated.rules:
        case = TestCase(one_line(one.rule), f"mmeval.gate.{one.task or one.asks}", 0.0)
        reason = one_line(one.reason)
        if one.absent:
            case.result = [Error(reason, "absent")]
        elif one.verdict == VIOLATED:
            case.result = [Failure(reason, "regression")]
        elif one.verdict == CANNOT_TELL:
            case.result = [Skipped(reason)]
        case.system_out = "\n".join([f"{MARKS[one.verdict]}: {reason}", *_told(one)])
        suite.add_testcase(case)
    xml = JUnitXml("mmeval gate")
    xml.add_testsuite(suite)
    xml.update_statistics()
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        xml.write(str(path), pretty=True)


def _told(one: RuleResult) -> list[str]:
    base, candidate, points = figures(one)
    return [f"base {base}, candidate {candidate}" + (f", {points} points" if points else "")] if candidate else []


# -- the step summary


def write_summary(gated: Gated, path: Path | None) -> Path | None:
    """Adds the decision as Markdown to a file, or to the one that GitHub names; that file, or None without one."""
    named = os.environ.get("GITHUB_STEP_SUMMARY")
    target = path or (Path(named) if named else None)
    if target is None:
        return None
    if target.is_dir():
        raise UsageError(f"--summary {target}: is a folder; name a file")
    with storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a", encoding="utf-8") as file:
            file.write(markdown(gated))
    return target


def markdown(gated: Gated) -> str:
    lines = [f"## {escaped(headline(gated))}", ""]
    lines += [f"> {escaped(note)}" for note in gated.notes] + [""] * bool(gated.notes)
    lines += ["| | rule | base | candidate | points | why |", "| --- | --- | ---: | ---: | ---: | --- |"]
    for one in gravest_first(gated):
        cells = (MARKS[one.verdict], one.rule, *figures(one), one.reason)
        lines.append(f"| {' | '.join(escaped(cell) for cell in cells)} |")
    return "\n".join([*lines, "", escaped(footnote(gated)), ""]) + "\n"


def escaped(text: str) -> str:
    """Text that GitHub's Markdown shows as it is: no HTML, no table cell, link, mention, emphasis or formula in it."""
    text = html.escape(one_line(text), quote=False)
    text = re.sub(r"[\\`*_{}\[\]#|~$]", lambda found: f"\\{found.group()}", text)
    text = re.sub(
        r"@|(?<=[a-z]):(?=//)|(?<=www)\.", lambda found: f"&#{ord(found.group())};", text, flags=re.IGNORECASE
    )
    return re.sub(r"^([-+=]|\d+[.)])(?=\s|$)", lambda found: found.group()[:-1] + "\\" + found.group()[-1], text)
