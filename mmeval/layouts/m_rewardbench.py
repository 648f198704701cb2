"""M-RewardBench: its languages, its own counts, and the files of its repository's layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmeval.layouts.rewardbench import SECTIONS
from mmeval.sources import Source, hub, official, read_rows

# Codes as in FLORES-200, with the names that the official prompt has for them.
LANGUAGES: Mapping[str, str] = {
    "arb_Arab": "Arabic",
    "ces_Latn": "Czech",
    "deu_Latn": "German",
    "ell_Grek": "Greek",
    "fra_Latn": "French",
    "heb_Hebr": "Hebrew",
    "hin_Deva": "Hindi",
    "ind_Latn": "Indonesian",
    "ita_Latn": "Italian",
    "jpn_Jpan": "Japanese",
    "kor_Hang": "Korean",
    "nld_Latn": "Dutch",
    "pes_Arab": "Persian",
    "pol_Latn": "Polish",
    "por_Latn": "Portuguese",
    "ron_Latn": "Romanian",
    "rus_Cyrl": "Russian",
    "spa_Latn": "Spanish",
    "tur_Latn": "Turkish",
    "ukr_Cyrl": "Ukrainian",
    "vie_Latn": "Vietnamese",
    "zho_Hans": "Chinese (simplified)",
    "zho_Hant": "Chinese (traditional)",
}
ENGLISH = "eng_Latn"  # RewardBench itself; in no mean over languages
# How much each subset counts: analysis/plot_utils.py of for-ai/m-rewardbench, after its filtering.
COUNTS = {
    "alpacaeval-easy": 79,
    "alpacaeval-length": 79,
    "alpacaeval-hard": 76,
    "mt-bench-easy": 24,
    "mt-bench-med": 38,
    "mt-bench-hard": 35,
    "llmbar-natural": 76,
    "llmbar-adver-neighbor": 124,
    "llmbar-adver-GPTInst": 87,
    "llmbar-adver-GPTOut": 42,
    "llmbar-adver-manual": 43,
    "xstest-should-respond": 247,
    "donotanswer": 135,
    "math-prm": 983,
    "hep-python": 163,
}
OWN_SECTIONS = {
    section: {subset: COUNTS.get(subset, fixed) for subset, fixed in subsets.items()}
    for section, subsets in SECTIONS.items()
}
REPOS = ("C4AI-Community/multilingual-reward-bench", "CohereLabsCommunity/multilingual-reward-bench")  # one, renamed


def release() -> Source:
    """LANGUAGE/filtered.json, as the data set was first and as the scripts ask for; else its configs."""
    files = official("*/filtered.json", _with_language, below="m_rewardbench")
    old, new = (hub(repo, "test", tuple(LANGUAGES)) for repo in REPOS)
    return files | old | new


def _with_language(path: Path) -> Iterator[dict[str, Any]]:
    for row in read_rows(path):
        yield {**row, "config": path.parent.name}
