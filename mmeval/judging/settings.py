"""How a judge is asked: what `mmeval run --judge-…` sets."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmeval.errors import UsageError
from mmeval.inference.base import Response
from mmeval.prompts import Card
from mmeval.scorers.panel import RULES, Member

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([kKM]?)")
_PRICE = re.compile(r"\d+(?:\.\d+)?")
_TIMES = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}
FIRST = 8  # calls made before a call's tokens are known


@dataclass(frozen=True, slots=True)
class Budget:
    """What one command may spend on judging: calls, tokens (read and written), US dollars.

    price: dollars for a million tokens read, and written.
    """

    calls: float | None = None
    tokens: float | None = None
    usd: float | None = None
    price: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def parse(cls, text: str) -> Budget:
        """`calls=1000`, `tokens=2M`, `usd=5@2.5/10` (5 dollars, a million tokens for 2.5 in and 10 out), or several
        with commas between them. Raises `UsageError`."""
        given: dict[str, Any] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            amount, at, price = value.partition("@")
            number = _AMOUNT.fullmatch(amount)
            if name not in ("calls", "tokens", "usd") or not number or bool(at) != (name == "usd"):
                raise UsageError(
                    f"--judge-budget {text}: write calls=1000, tokens=2M or usd=5@2.5/10 (dollars at the price of a "
                    "million tokens read / written), several with commas"
                )
            given[name] = float(number[1]) * _TIMES[number[2]]
            if name == "usd":
                given["price"] = _price(text, price)
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        limits = {name: getattr(self, name) for name in ("calls", "tokens", "usd")}
        return {name: value for name, value in limits.items() if value is not None}


def _price(text: str, price: str) -> tuple[float, float]:
    parts = price.split("/")
    if len(parts) != 2 or not all(_PRICE.fullmatch(part) for part in parts) or not any(map(float, parts)):
        raise UsageError(f"--judge-budget {text}: after the @ stand two prices, as in usd=5@2.5/10")
    return float(parts[0]), float(parts[1])


@dataclass(slots=True)
class Purse:
    """What has been spent of a budget, and how many calls the rest is good for."""

    budget: Budget | None = None
    calls: int = 0
    read: int = 0
    written: int = 0
    answered: int = 0
    limits: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.share(1.0)

    def share(self, part: float) -> None:
        """Leaves the next judge a part of what is left, so that the others of a panel have theirs."""
        spent, whole = self._spent(), self.budget.to_json() if self.budget else {}
        self.limits = {name: spent[name] + (limit - spent[name]) * part for name, limit in whole.items()}

    def book(self, response: Response) -> None:
        self.calls += 1
        self.read += response.prompt_tokens
        self.written += response.new_tokens
        self.answered += response.finish != "error"

    def check(self) -> None:
        """Raises `UsageError` for a budget that can't be kept: a judge need not say what a call takes."""
        limited = self.limits.keys() & {"tokens", "usd"}
        if limited and self.answered >= FIRST and not self.read + self.written:
            raise UsageError("--judge-budget: this judge doesn't say how many tokens a call takes; give calls=N")

    @property
    def usd(self) -> float:
        read, written = self.budget.price if self.budget else (0.0, 0.0)
        return (self.read * read + self.written * written) / 1e6

    def _spent(self) -> dict[str, float]:
        return {"calls": self.calls, "tokens": self.read + self.written, "usd": self.usd}

    def allowed(self) -> int | None:
        """Calls that may be made at once, by what a call has cost so far; None without a budget, 0 when it is spent."""
        spent = self._spent()
        allowed: list[int] = []
        for name, limit in self.limits.items():
            left = limit - spent[name]
            each = spent[name] / self.calls if self.calls else None
            if name == "calls":
                allowed.append(int(left + 1e-9))
            elif left <= 0:
                allowed.append(0)
            else:
                allowed.append(max(1, int(left / each + 1e-9)) if each else FIRST)
        return max(0, min(allowed)) if allowed else None

    def record(self) -> dict[str, Any]:
        spent: dict[str, Any] = {"calls": self.calls, "prompt_tokens": self.read, "new_tokens": self.written}
        if self.budget:
            spent |= {"budget": self.budget.to_json()}
            spent |= {"usd": round(self.usd, 6)} if self.budget.usd is not None else {}
        return spent


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgeSettings:
    """What decides verdicts, apart from the judge, its words and the answers; None leaves it to the judge's card.

    prompts: a folder with words to use in place of mmeval's own. votes: verdicts a judge gives on each answer.
    orders: "both" has compared answers shown in both orders too. rule: how the verdicts of several members make one.
    rate: calls a minute, at most. labels: a file with people's labels of some answers.
    """

    prompts: Path | None = None
    votes: int | None = None
    temperature: float | None = None
    orders: str | None = None
    rule: str = "mean"
    budget: Budget | None = None
    rate: float | None = None
    labels: Path | None = None

    def __post_init__(self) -> None:
        if self.orders not in (None, "one", "both"):
            raise UsageError(f"--judge-orders {self.orders}: must be one or both")
        if self.rule not in RULES:
            raise UsageError(f"--panel {self.rule}: must be {' or '.join(RULES)}")
        if self.votes is not None and self.votes < 1:
            raise UsageError(f"--judge-votes {self.votes}: must be at least 1")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise UsageError(f"--judge-temperature {self.temperature}: must be at least 0")
        if self.rate is not None and not 0 < self.rate < math.inf:
            raise UsageError(f"--judge-rate {self.rate}: must be above 0 calls a minute")

    def temperature_of(self, card: Card) -> float:
        return card.temperature if self.temperature is None else self.temperature

    def members(self, card: Card, judge: int, swappable: bool) -> list[Member]:
        """The verdicts that one judge is asked for. Raises `UsageError` for several votes without temperature."""
        votes = card.votes if self.votes is None else self.votes
        if votes > 1 and not self.temperature_of(card):
            raise UsageError("several votes need --judge-temperature above 0, or they are all equal")
        both = swappable and (self.orders or card.orders) == "both"
        return [
            Member(judge, vote, swapped) for vote in range(votes) for swapped in ((False, True) if both else (False,))
        ]
