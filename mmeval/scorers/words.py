"""Words of a text: tokens as `nltk.word_tokenize` makes them, singulars as Pattern's, WordNet lemmas, Penn tags.

Tokens and singulars need no data files and don't import nltk (2 s): CHAIR's official rule is defined by them.
Lemmas need WordNet's dictionary files, tags need NLTK's perceptron weights; both are looked up when first used,
and their absence is an error that says how to get them. Everything is cached by word.

Sources: Kiss & Strunk 2006 (Punkt), the Penn Treebank tokenizer as NLTK 3.9.1 has it, WordNet 3.0's morphy(7WN),
`singularize` of clips/pattern 3.6 through TextBlob's port of it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mmeval.errors import DataError

Pos = Literal["n", "v", "a", "r"]

# Where a sentence may end: a mark that closing punctuation or a further word follows (Punkt's period context).
_END = re.compile(r"[.?!](?=[)\";}\]*:@'({\[?!]|\s+\S)")
_CLOSERS = re.compile(r"[\"')\]}]+?(?:\s+|(?=--)|$)", re.MULTILINE)
_OPENERS = "([{\"'`\u201c\u2018«"
_NUMBER = re.compile(r"(?:.*:)?-?[.,]?\d[\d,.-]*")
# Those of Punkt's English abbreviations that descriptions of pictures have.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "a.m adm ave bros co col corp ct d.c dr ft gen inc jr l.a lt ltd mr mrs ms n.y p.m ph.d prof sen sr st u.k u.n "
        "u.s u.s.a vs jan feb aug sept oct nov dec mon wed fri sat",
    )
)
_AFTER_PERIOD = "])}>\"'»\u201d\u2019 \n\t\r"

# Words that the last two rules below may part, in the spellings that are all letters.
_CONTRACTED = {
    spelling
    for word in ("cannot", "gimme", "lemme", "gonna", "gotta", "wanna")
    for spelling in (word, word.capitalize(), word.upper())
}
# Treebank rules for one word between blanks, in their order: (pattern, replacement).
_RULES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"([«\u201c\u2018\u201e]|`+)", r" \1 "),
        (r"(?<=[ (\[{<])(?:\"|'')", " `` "),
        (r"(?i)'(?!re|ve|ll|m|t|s|d|n)(\w)\b", r"' \1"),
        (r"([:,])(?!\d)", r" \1"),
        (r"(?<=[:,])(?=[^\d:, ])", " "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&?!*\[\](){}<>]", r" \g<0> "),
        (r"(?<=[^'])' ", " ' "),
        ("--", " -- "),
        (r"[»\u201d\u2019]", r" \g<0> "),
        (r"''|\"", " '' "),
        (r"(?<=[^' ])('[sSmMdD]|') ", r" \1 "),
        (r"(?<=[^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r" \1 "),
        (r"(?i)\b(can)(not)\b|\b(d)('ye)\b|\b(more)('n)\b|(?<= )('t)(is|was)\b", r" \1\3\5\7 \2\4\6\8 "),
        (r"(?i)\b(gim|lem)(me)\b|\b(gon)(na)\b|\b(got)(ta)\b|\b(wan)(na)(?= )", r" \1\3\5\7 \2\4\6\8 "),
    )
]


def tokenize(text: str) -> list[str]:
    """Tokens as `nltk.word_tokenize` gives them; case is kept."""
    tokens: list[str] = []
    for sentence in sentences(text):
        body = sentence.rstrip(_AFTER_PERIOD)
        if len(body) > 1 and body[-1] == "." != body[-2]:
            sentence = f"{body[:-1]} .{sentence[len(body) :]}"
        for word in sentence.split():
            if word.isalpha() and word not in _CONTRACTED:
                tokens.append(word)
            else:
                tokens.extend(_split(word))
    return tokens


def sentences(text: str) -> Iterator[str]:
    """Sentences as Punkt finds them; its trained tables are replaced by a short list of abbreviations."""
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if end <= start or (match.group() == "." and not _ends(text, match.start())):
            continue
        after = end
        while text[after].isspace():
            after += 1
        if closers := _CLOSERS.match(text, after):
            end, after = after + len(closers.group().rstrip()), closers.end()
        yield text[start:end]
        start = after
    if text[start:].strip():
        yield text[start:]


def _ends(text: str, at: int) -> bool:
    """Whether the full stop at `at` ends a sentence rather than an abbreviation, a list number or an ellipsis."""
    before = text[max(0, at - 40) : at]
    word = before.split()[-1].lstrip(_OPENERS) if before and not before[-1].isspace() else ""
    if word.isalpha() and len(word) > 5:  # longer than every abbreviation
        return True
    if word.endswith("."):
        return False
    if (len(word) == 1 and word.isalpha()) or word.lower().rsplit("-")[-1] in _ABBREVIATIONS:
        return False
    if not _NUMBER.fullmatch(word):
        return True
    following = text[at + 1 :].lstrip()[:1]
    return not (following.islower() or following in ";:,.!?")


@lru_cache(1 << 17)
def _split(word: str) -> tuple[str, ...]:
    if word[-1] in ",;?!" and word[:-1].isalpha() and word[:-1] not in _CONTRACTED:
        return word[:-1], word[-1]
    padded = f" {word} "
    for pattern, replacement in _RULES:
        padded = pattern.sub(replacement, padded)
    return tuple(padded.split())


@lru_cache(1)
def _pattern_tables() -> Any:
    """TextBlob's tables of inflection. The file is loaded by itself: its package would import nltk."""
    package = importlib.util.find_spec("textblob")
    if package is None or package.origin is None:
        raise DataError("words: TextBlob, which holds the rules for singulars, is missing; pip install textblob")
    spec = importlib.util.spec_from_file_location(
        "mmeval_textblob_inflect", Path(package.origin).parent / "en" / "inflect.py"
    )
    assert spec
    assert spec.loader
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    # Where TextBlob has moved on from Pattern 3.6, which the official scripts were run with:
    later = {"jeans", "cattle", "moose", "antelope", "aircraft", "offspring"}
    same = {*tables.singular_uninflected} - later | {"christmas"} | {*tables.singular_uncountable} - {"cannabis"}
    whole: Any = tables
    whole.unchanged = {word[i:] for word in same for i in range(len(word) + 1)}
    whole.unchanged_ies = tuple(
        f"{word}s" for word in {*tables.singular_ie} - {"bookie", "algerie"} | {"alergie", "newbie"}
    )
    whole.irregular = {word: form for word, form in tables.singular_irregular.items() if word != "lynxes"}
    whole.any_irregular = tuple(whole.irregular)
    patterns = [suffix for suffix, _ in tables.singular_rules]
    whole.last_letters = {pattern.pattern[-2] for pattern in patterns if pattern.pattern.endswith("$")}
    whole.unanchored = [pattern for pattern in patterns if not pattern.pattern.endswith("$")]
    return whole


@lru_cache(1 << 17)
def singularize(word: str) -> str:
    """The singular by Pattern's rules, quirks and all: bus -> bu, glass -> glas, people -> person, slice -> slouse."""
    tables = _pattern_tables()
    first, hyphen, rest = word.partition("-")
    if hyphen and rest.split("-")[0] in tables.plural_prepositions:
        return f"{singularize(first)}-{rest}"
    if word.endswith("'"):
        return singularize(word[:-1]) + "'s"
    lower = word.lower()
    if lower in tables.unchanged:
        return word
    if lower.endswith(tables.unchanged_ies):
        return lower
    if lower.endswith(tables.any_irregular):
        plural = next(plural for plural in tables.irregular if lower.endswith(plural))
        return word[: len(word) - len(plural)] + str(tables.irregular[plural])
    if lower[-1:] not in tables.last_letters and not any(pattern.search(word) for pattern in tables.unanchored):
        return word
    for suffix, replacement in tables.singular_rules:
        if match := suffix.search(word):
            for number, group in enumerate(match.groups(), start=1):
                if group is None:
                    replacement = replacement.replace(f"\\{number}", "")
            return str(suffix.sub(replacement, word))
    return word


# Detachment rules of morphy(7WN).
_ENDINGS: dict[Pos, Sequence[tuple[str, str]]] = {
    "n": [
        *[("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh")],
        *[("men", "man"), ("ies", "y")],
    ],
    "v": [("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", "")],
    "a": [("er", ""), ("est", ""), ("er", "e"), ("est", "e")],
    "r": [],
}
_FILES: dict[Pos, str] = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}


@lru_cache(1 << 17)
def lemmatize(word: str, pos: Pos = "n") -> str:
    """WordNet's base form as `WordNetLemmatizer` chooses it: the shortest of morphy's, the word itself if none.

    Case matters: "Dogs" has no lemma. Raises `DataError` where WordNet's files are not installed.
    """
    lemmas, exceptions = _wordnet(pos)
    if word in exceptions:
        found = [form for form in (word, *exceptions[word]) if form in lemmas]
        return min(found, key=len) if found else word
    forms = _detach(word, pos)
    found = [form for form in (word, *forms) if form in lemmas]
    while forms and not found:
        forms = [shorter for form in forms for shorter in _detach(form, pos)]
        found = [form for form in forms if form in lemmas]
    return min(found, key=len) if found else word


def _detach(word: str, pos: Pos) -> list[str]:
    return [word[: len(word) - len(old)] + new for old, new in _ENDINGS[pos] if word.endswith(old)]


@lru_cache(4)
def _wordnet(pos: Pos) -> tuple[frozenset[str], dict[str, list[str]]]:
    folder = wordnet_folder()
    if folder is None:
        raise DataError(
            "words: WordNet is not installed; `apt install wordnet-base` or `python -m nltk.downloader wordnet`"
        )
    index = (folder / f"index.{_FILES[pos]}").read_text(encoding="utf-8")
    lemmas = frozenset(line[: line.index(" ")] for line in index.splitlines() if not line.startswith(" "))
    listed = (folder / f"{_FILES[pos]}.exc").read_text(encoding="utf-8").splitlines()
    return lemmas, {first: rest for first, *rest in map(str.split, listed)}


def wordnet_folder() -> Path | zipfile.Path | None:
    """The folder of WordNet's dictionary files: NLTK's, installed or zipped, or Debian's; None where there is none."""
    for folder in (*(place / "corpora" / "wordnet" for place in _nltk_places()), Path("/usr/share/wordnet")):
        if (folder / "index.noun").is_file():
            return folder
        if folder.with_suffix(".zip").is_file():
            return zipfile.Path(folder.with_suffix(".zip"), "wordnet/")
    return None


def _nltk_places() -> list[Path]:
    """Where NLTK looks for its data."""
    named = [Path(place) for place in os.environ.get("NLTK_DATA", "").split(os.pathsep) if place]
    prefixes = [Path(sys.prefix), *(Path(sys.prefix) / part for part in ("share", "lib"))]
    prefixes += [Path("/usr/share"), Path("/usr/local/share"), Path("/usr/lib"), Path("/usr/local/lib")]
    return [*named, Path.home() / "nltk_data", *(prefix / "nltk_data" for prefix in prefixes)]


def has_tagger() -> bool:
    """Whether NLTK's English perceptron tagger is installed; asked without importing nltk."""
    name = "averaged_perceptron_tagger_eng"
    places = [place / "taggers" / name for place in _nltk_places()]
    return any(place.is_dir() or place.with_suffix(".zip").is_file() for place in places)


@lru_cache(1)
def _tagger() -> Callable[[list[str]], list[tuple[str, str]]]:
    from nltk.tag.perceptron import PerceptronTagger

    try:
        tagger = PerceptronTagger()
    except LookupError as error:
        raise DataError(
            "words: NLTK's part-of-speech tagger is not installed; "
            "`python -m nltk.downloader averaged_perceptron_tagger_eng`"
        ) from error
    tag: Callable[[list[str]], list[tuple[str, str]]] = tagger.tag
    return tag


def tag(tokens: list[str]) -> list[tuple[str, str]]:
    """(token, Penn Treebank tag) as `nltk.pos_tag` gives them. Raises `DataError` where its weights are missing."""
    return _tagger()(tokens) if tokens else []


def spacy_pipeline(model: str, why: str) -> Callable[[], Any]:
    """A function that gives spaCy's pipeline, loaded at the first call. Raises `DataError` where it is not installed.

    why: who needs it, and what does without.
    """

    @lru_cache(1)
    def nlp() -> Any:
        try:
            import spacy

            return spacy.load(model)
        except (ImportError, OSError) as error:
            mend = f"`pip install spacy && python -m spacy download {model}`"
            raise DataError(f"spaCy's {model} is not installed: {why}; to install it: {mend}") from error

    return nlp
