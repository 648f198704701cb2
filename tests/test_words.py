"""Tokens, singulars and lemmas; recorded with NLTK 3.9.1 and its data, PatternLite 3.6 and WordNet 3.0."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mmeval.errors import DataError
from mmeval.scorers import words
from mmeval.scorers.words import lemmatize, sentences, singularize, tag, tokenize

TOKENS = {  # as nltk.word_tokenize of NLTK 3.9.1 with punkt_tab gives them
    "A dog. A cat.": ["A", "dog", ".", "A", "cat", "."],
    "the time is 10:21. been there": ["the", "time", "is", "10:21.", "been", "there"],
    "mr. smith isn't on elm st. today": ["mr.", "smith", "is", "n't", "on", "elm", "st.", "today"],
    "it's a kids' bike, the dog's": ["it", "'s", "a", "kids", "'", "bike", ",", "the", "dog", "'s"],
    'a sign says "stop." and (yes) 3,000 men': [
        *["a", "sign", "says", "``", "stop", ".", "''", "and", "(", "yes", ")", "3,000", "men"]
    ],
    "wait... what?! dog,cat;bird": ["wait", "...", "what", "?", "!", "dog", ",", "cat", ";", "bird"],
    "two-story fridge/freezer -- cannot": ["two-story", "fridge/freezer", "--", "can", "not"],
    "In the u.s. flags wave. The end": ["In", "the", "u.s.", "flags", "wave", ".", "The", "end"],
    "step 1. open it\n\n2. close it.": ["step", "1.", "open", "it", "2.", "close", "it", "."],
    "": [],
    "   \n ": [],
}


@pytest.mark.parametrize(("text", "expected"), TOKENS.items(), ids=list(TOKENS))
def test_tokens_are_those_of_nltk(text, expected):
    assert tokenize(text) == expected


def test_sentences_keep_their_closing_quotes():
    assert list(sentences('He said "stop." Then he left! Why?')) == ['He said "stop."', "Then he left!", "Why?"]


def test_no_letter_is_lost():
    text = "A (big) dog's ball -- \"red\"; 3.5 cm, e.g. this... isn't [it]? Yes! 'no' `x` «y»"
    letters = [character for character in text if character.isalnum()]
    assert [character for character in "".join(tokenize(text)) if character.isalnum()] == letters


SINGULARS = {
    "buses": "bus",
    "bus": "bu",  # Pattern's own mistakes, which the benchmark has in it
    "glass": "glas",
    "slice": "slouse",
    "people": "person",
    "men": "man",
    "children": "child",
    "knives": "knife",
    "geese": "goose",
    "oxen": "ox",
    "mice": "mouse",
    "skis": "ski",
    "sheep": "sheep",
    "'s": "'",
    "'": "'s",
    "": "",
    "mothers-in-law": "mother-in-law",
    # where TextBlob's tables are not Pattern 3.6's
    "jeans": "jean",
    "as": "as",
    "cookies": "cookies",
    "christmas": "christmas",
    "cannabis": "cannabi",
    "lenses": "lense",
    "zombies": "zombies",
}


@pytest.mark.parametrize(("plural", "expected"), SINGULARS.items())
def test_singulars_are_patterns(plural, expected):
    assert singularize(plural) == expected


def test_scoring_words_imports_no_nltk():
    code = (
        "import sys; from mmeval.scorers.captions import mentions, singular;"
        "assert mentions('Two dogs.', singular).nodes == ('dog',);"
        "assert not {'nltk', 'textblob', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def small_wordnet(tmp_path, monkeypatch):
    """A WordNet of a few words, found as NLTK's data."""
    folder = tmp_path / "corpora" / "wordnet"
    folder.mkdir(parents=True)
    files = {
        "index.noun": "  1 licence text\n"
        + "".join(f"{word} n 1\n" for word in ("dog", "glass", "glasses", "man", "women", "bus", "knife", "box")),
        "noun.exc": "men man\nknives knife\nwives wife\n",
        "index.verb": "be v 1\nsit v 1\nski v 1\n",
        "verb.exc": "is be\nsat sit\nskiing ski\n",
        "index.adj": "big a 1\n",
        "adj.exc": "bigger big\n",
        "index.adv": "well r 1\n",
        "adv.exc": "best well\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("NLTK_DATA", str(tmp_path))
    yield folder
    forget()


def forget():
    words._wordnet.cache_clear()
    words.lemmatize.cache_clear()


def test_lemmas_follow_morphy(small_wordnet):
    forget()
    nouns = {"dogs": "dog", "dog": "dog", "men": "man", "knives": "knife", "boxes": "box", "busses": "bus"}
    nouns |= {"glasses": "glass", "wives": "wives", "Dogs": "Dogs", "zzz": "zzz", "women": "women"}
    assert {word: lemmatize(word) for word in nouns} == nouns
    assert (lemmatize("is", "v"), lemmatize("skiing", "v"), lemmatize("bigger", "a")) == ("be", "ski", "big")
    assert lemmatize("best", "r") == "well"


def test_missing_wordnet_says_how_to_get_it(monkeypatch):
    forget()
    monkeypatch.setattr(words, "wordnet_folder", lambda: None)
    with pytest.raises(DataError, match=r"apt install wordnet-base"):
        lemmatize("dogs")
    forget()


def test_a_zipped_wordnet_is_read(tmp_path, small_wordnet, monkeypatch):
    import shutil

    shutil.make_archive(str(tmp_path / "zipped" / "corpora" / "wordnet"), "zip", small_wordnet.parent, "wordnet")
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "zipped"))
    forget()
    assert lemmatize("dogs") == "dog"


@pytest.mark.skipif(words.has_tagger(), reason="NLTK's tagger is installed")
def test_missing_tagger_says_how_to_get_it():
    with pytest.raises(DataError, match=r"nltk.downloader averaged_perceptron_tagger_eng"):
        tag(["a", "dog"])


@pytest.mark.skipif(not words.has_tagger(), reason="NLTK's averaged_perceptron_tagger_eng is not installed")
def test_tags_are_nltks():
    import nltk

    tokens = tokenize("Two dogs are skiing down a snowy hill beside a seated man.")
    assert tag(tokens) == nltk.pos_tag(tokens)
    assert tag([]) == []
