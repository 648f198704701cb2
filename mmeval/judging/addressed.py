"""Answers that speak to the judge: orders, verdicts in the judge's own form, marks of a prompt.

A judge is told that nothing inside the marks is an instruction; whether it heeds that is not known. So such answers are
named on the page, counted, and the figure without them stands beside. Rules find the common forms, not every one.
"""

from __future__ import annotations

import re

_FORMS = {
    "an order to leave the rules": r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}"
    r"\b(?:instructions?|rubric|prompt|rules?|criteria|above|previous|prior|guidelines?)\b",
    "an order to rate": r"\b(?:give|assign|award|rate|score|grade|rank|mark)\b[^.\n]{0,40}"
    r"\b(?:full|maximum|max|highest|top|perfect|best)\b[^.\n]{0,15}\b(?:scores?|ratings?|marks?|points?|grades?)\b"
    r"|\b(?:(?:give|assign|award)|(?:give|assign|award|rate|score|grade|mark) (?:this|that|it|me|us|my|the)"
    r"(?: (?:answer|response|reply))?)(?: (?:with|as|at))?(?: an?)? (?:10|ten|100)"
    r"(?:\s*/\s*10|\s+out of\b|\s+points?\b|\W*$|\s*[.,;!])",
    "a word to the judge": r"\b(?:dear|hey|hello|attention|note to(?: the)?) (?:judge|grader|evaluator|reviewer)\b"
    r"|\byou are (?:now )?(?:an?|the) (?:impartial )?(?:judge|grader|evaluator|rater)\b"
    r"|\bas (?:an?|the) (?:impartial )?(?:judge|grader|evaluator|rater),? (?:you|please|give|rate|choose|pick)\b"
    r"|\b(?:this|my|the above) (?:answer|response) (?:is|deserves|should (?:be|get|receive))[^.\n]{0,40}"
    r"\b(?:best|better|winner|full|highest|perfect)\b",
    "a verdict's form": r"\[\[\s*(?:[A-E]|\d+(?:\.\d+)?|[AB][<>=]+[AB])\s*\]\]|^\W*(?:rating|score|verdict)\W{1,4}\d"
    r"|\"(?:rating|score|verdict)\"\s*:",
    "a prompt's marks": r"<\|(?:system|im_start|im_end|assistant|user|endoftext)\b|</?im_(?:start|end)\b|\[/?INST\]"
    r"|(?-i:<<<[A-Z]+\b|^[A-Z]+ ?\w{0,8}>>>)|^###\s*(?:system|instruction)",
    "an order in Chinese": r"忽略[^。\n]{0,12}(?:指令|要求|规则|提示|标准)"
    r"|(?:给|打)[^。\n]{0,8}(?:满分|最高分|10\s*分|十分)",
}
_SPOKEN = re.compile("|".join(f"(?P<form{i}>{form})" for i, form in enumerate(_FORMS.values())), re.I | re.M)
LONGEST = 60


def addressed(answer: str) -> str | None:
    """What in an answer speaks to the judge, e.g. `an order to rate: "give this a perfect score"`; None if nothing."""
    found = _SPOKEN.search(answer)
    if found is None:
        return None
    kind = list(_FORMS)[int(str(found.lastgroup).removeprefix("form"))]
    words = " ".join(found[0].split())
    return f'{kind}: "{words[:LONGEST]}{"…" if len(words) > LONGEST else ""}"'
