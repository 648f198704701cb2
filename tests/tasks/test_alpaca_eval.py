"""AlpacaEval 2: preferences stored and live, the tables of the length control, figures by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmeval.answers import read_answers
from mmeval.catalog import load_catalog
from mmeval.errors import DataError
from mmeval.layouts import alpaca_eval as layout
from mmeval.requests import read_samples
from mmeval.samples import Sample
from mmeval.scorers.continuous_preference import compared, is_switched, verdict
from mmeval.scorers.panel import Member, panel_scored
from mmeval.scoring import columns, figures, score, summarise
from tests.fixtures.alpaca_eval import difficulty, gamed, rows, write
from tests.hub import save_hub
from tests.judged import asked, readable

TASK = load_catalog().tasks["alpaca_eval"]
PREFERENCES = [1.1, 1.5, 1.9, 2.0, 1.2, 1.75, 1.95, 1.99, 1.05, 1.6, 0, 1.9]


@pytest.fixture
def data(tmp_path):
    write(tmp_path)
    return tmp_path


def annotations(path: Path, **changes: Any) -> Path:
    """A judge's annotations.json; the model's answers get longer, and are liked as in `PREFERENCES`."""
    made = [
        {
            **{"dataset": row["dataset"], "instruction": row["instruction"], "output_1": row["output"]},
            **{
                "generator_1": "gpt4_1106_preview",
                "generator_2": "mine",
                "annotator": "weighted_alpaca_eval_gpt4_turbo",
            },
            **{"output_2": "x" * (40 + 3 * i), "preference": preference},
        }
        for i, (row, preference) in enumerate(zip(rows(), PREFERENCES, strict=True))
    ]
    made = changes.pop("order", lambda all_: all_)(made)
    made[4] = {**made[4], **changes}
    path.write_text(json.dumps(made))
    return path


def of(samples: list[Sample], path: Path, dialect: str = "official") -> dict[str, float]:
    read = read_answers(TASK, [path], samples)
    scorer = TASK.dialects[dialect]
    metrics = summarise(columns(scorer, samples, read.answers, read.verdicts), scorer, resamples=0).metrics
    return {name: one.value for name, one in metrics.items() if not one.undefined}


def test_samples(data):
    samples = read_samples(TASK, (data,))
    assert [one.id for one in samples] == [str(i) for i in range(12)]
    assert samples[1].prompt == "Say 1 things about tea."
    assert samples[1].target == "Tea is warm. " * 3
    assert samples[1].slices == {"dataset": "koala"}
    assert samples[5].metadata == {"difficulty": -0.25, "gamed": [[-1.25, 0.7], [1.25, pytest.approx(0.3)]]}
    assert json.loads(json.dumps(samples[5].metadata)) == samples[5].metadata


@pytest.mark.parametrize("layout_", ["clone", "disk", "parquet"])
def test_a_clone_and_mirrors_of_the_hub(tmp_path, layout_):
    root = tmp_path / "tatsu-lab" / "alpaca_eval"
    if layout_ == "clone":
        write(tmp_path)
        root.parent.mkdir()
        (tmp_path / "alpaca_eval").rename(root)
    else:
        place = root / "alpaca_eval_gpt4_baseline" if layout_ == "parquet" else root
        save_hub(rows(), place, "eval", layout_)
        (root / "df_gamed.csv").write_text(gamed())
    samples = read_samples(TASK, (tmp_path,))
    assert len(samples) == 12
    assert samples[3].metadata["difficulty"] == difficulty(3)


def test_the_table_of_difficulties_alone(data):
    (data / "alpaca_eval" / "df_gamed.csv").unlink()
    lines = [f"{i},{difficulty(i)}" for i in range(12)]
    (data / "alpaca_eval" / "instruction_difficulty.csv").write_text(
        "\n".join(["index,instruction_difficulty", *lines])
    )
    samples = read_samples(TASK, (data,))
    assert samples[3].metadata == {"difficulty": 0.75, "gamed": []}
    found = of(samples, annotations(data / "a.json"))
    assert "lc_win_rate" not in found
    assert found.keys() >= {"length_controlled_noreg", "length_controlled_minimal"}


def test_without_tables(data):
    """No length-controlled win rate under that name, but the variant that needs no table."""
    whole = of(read_samples(TASK, (data,)), annotations(data / "a.json"))
    (data / "alpaca_eval" / "df_gamed.csv").unlink()
    bare = of(read_samples(TASK, (data,)), data / "a.json")
    assert bare.keys() & {"lc_win_rate", "lc_standard_error", "lc_c", "length_controlled_noreg"} == set()
    assert bare == {name: whole[name] for name in bare}
    assert {"win_rate", "length_controlled_minimal"} <= bare.keys()


def test_stored_preferences(data):
    found = of(read_samples(TASK, (data,)), annotations(data / "a.json"))
    y = np.array([one - 1 if one else 0.5 for one in PREFERENCES])
    assert found["win_rate"] == pytest.approx(y.mean(), abs=1e-15)
    assert found["standard_error"] == pytest.approx(y.std(ddof=1) / np.sqrt(12), abs=1e-15)
    assert (found["won"], found["tied"], found["lost"]) == (7 / 12, 2 / 12, 3 / 12)
    assert found["discrete_win_rate"] == 8 / 12
    assert found["avg_length"] == np.mean([40 + 3 * i for i in range(12)])
    assert found["unread"] == 0
    assert 0 < found["lc_win_rate"] < 1


def test_what_the_fit_is_given(data):
    samples = read_samples(TASK, (data,))
    read = read_answers(TASK, [annotations(data / "a.json")], samples)
    made = columns(TASK.dialects["official"], samples, read.answers, read.verdicts)
    given = compared({name.removeprefix("count."): made[name] for name in made if name.startswith("count.")})
    assert given.preference == pytest.approx([one - 1 if one else 0.5 for one in PREFERENCES])
    assert given.shorter.tolist() == [13 * (i % 5 + 2) - 40 - 3 * i for i in range(12)]
    assert given.difficulty.tolist() == [difficulty(i) for i in range(12)]
    assert given.gamed[13].tolist() == [1.25, difficulty(1), pytest.approx(0.2)]  # the second model's row of 1
    assert len(given.gamed) == 24


def test_absent_rows_and_null_preferences(data):
    """Both are in no figure but `unread`; the official script takes difficulties by row from the absent one on."""
    samples = read_samples(TASK, (data,))
    path = annotations(data / "a.json", order=lambda all_: all_[:2] + all_[3:], preference=None)  # of instruction 5
    read = read_answers(TASK, [path], samples)
    assert any("lacks 1 of 12 instructions" in note for note in read.notes)
    judged = [i for i in range(12) if i not in (2, 5)]
    for dialect, shift in (("official", 1), ("by_instruction", 0)):
        frame = score(TASK.dialects[dialect], samples, read.answers, read.verdicts)
        assert frame["count.judged"].tolist() == [float(i in judged) for i in range(12)]
        assert frame["count.difficulty"].tolist()[3:] == [difficulty(i - shift) for i in range(3, 12)]
    found = of(samples, path)
    assert found["unread"] == 2 / 12
    assert found["win_rate"] == pytest.approx(np.mean([(PREFERENCES[i] or 1.5) - 1 for i in judged]), abs=1e-15)
    assert found["avg_length"] == sum(40 + 3 * i for i in range(12) if i != 2) / 12
    assert found["lc_win_rate"] != of(samples, path, "by_instruction")["lc_win_rate"]


@pytest.mark.filterwarnings("error")
def test_no_verdict_at_all(data):
    path = annotations(data / "a.json")
    path.write_text(json.dumps([{**row, "preference": None} for row in json.loads(path.read_text())]))
    assert of(read_samples(TASK, (data,)), path).keys() == {"avg_length", "unread"}


def test_shuffled_annotations(data):
    samples = read_samples(TASK, (data,))
    shuffled = annotations(data / "b.json", order=lambda all_: all_[1:] + all_[:1])
    assert any("another order" in note for note in read_answers(TASK, [shuffled], samples).notes)
    straight = annotations(data / "a.json")
    assert of(samples, shuffled, "by_instruction") == of(samples, straight, "by_instruction")
    assert of(samples, straight) == of(samples, straight, "by_instruction")
    assert of(samples, shuffled)["lc_win_rate"] != of(samples, straight)["lc_win_rate"]
    assert of(samples, straight, "pinned")["lc_c"] == pytest.approx(2.7825594)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"preference": 2.5}, r"row 5 of a\.json: field 'preference': 2.5 is not between 1"),
        ({"preference": "m"}, r"row 5 of a\.json: field 'preference': 'm' is no number"),
        ({"output_1": "Other."}, r"row 5 of a\.json: field 'output_1' is not the baseline's answer"),
        ({"instruction": "Say 1 things about tea."}, r"row 5 of a\.json: id '1' was already in row 2"),
        ({"instruction": "Say more."}, "1 of 12 ids are no samples of alpaca_eval: 'Say more.' in row 5"),
    ],
)
def test_annotations_that_do_not_fit(data, changes, says):
    samples = read_samples(TASK, (data,))
    with pytest.raises(DataError, match=says):
        read_answers(TASK, [annotations(data / "a.json", **changes)], samples)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"output": ""}, "row 5 of alpaca_eval_gpt4_baseline.json: field 'output' is empty"),
        ({"instruction": "Say 1 things about tea."}, "row 5 of .*: field 'instruction' is that of row 2 of"),
    ],
)
def test_rows_that_do_not_fit(data, changes, says):
    broken = rows()
    broken[4] |= changes
    (data / "alpaca_eval" / "alpaca_eval_gpt4_baseline.json").write_text(json.dumps(broken))
    with pytest.raises(DataError, match=says):
        read_samples(TASK, (data,))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (gamed(11), "df_gamed.csv is about 11 instructions, the data has 12"),
        (gamed().replace(",0.6,", ",high,", 1), "row 2 of df_gamed.csv: field 'preference' is 'high', not a number"),
        ("\n".join(gamed().splitlines()[:-1]), "more models for some instructions than for others"),
    ],
)
def test_tables_that_do_not_fit(data, table, says):
    (data / "alpaca_eval" / "df_gamed.csv").write_text(table)
    with pytest.raises(DataError, match=says):
        read_samples(TASK, (data,))


def test_the_order_is_by_lot():
    """Python's generator is specified, so that these values stand; the stored judgments of four models agree."""
    assert [is_switched(f"Say {i} things about tea.") for i in range(6)] == [True, False, True, True, False, True]


@pytest.mark.parametrize(
    ("reply", "letter"), [("m", "m"), (" M\n", "M"), ('"m".', "m"), ("I'm sure: M", None), ("", None), ("Mm", None)]
)
def test_verdicts(data, reply, letter):
    assert verdict(reply) == letter
    assert readable(TASK, read_samples(TASK, (data,))[0], reply) is (letter is not None)


def test_a_live_judge(data):
    samples = read_samples(TASK, (data,))
    texts = {}
    for one in samples:
        (text,) = asked(TASK, one, "Mine.")
        own, base = text.index("<<<MODEL " + ("m" if is_switched(one.prompt) else "M")), text.index(one.target)
        assert text.index("Mine.") == text.index("\n", own) + 1
        assert base != text.index("Mine.")
        assert f"<<<INSTRUCTION\n{one.prompt}\nINSTRUCTION>>>" in text
        texts[one.id] = "m" if is_switched(one.prompt) else "M"  # the model's answer, wherever it stands
    assert asked(TASK, samples[0], samples[0].target) == []
    texts |= {"7": "m" if texts["7"] == "M" else "M", "8": "both"}
    answers = {one.id: "Mine." for one in samples} | {"2": samples[2].target}
    replies = {id: (text,) for id, text in texts.items() if id != "2"}
    frame = score(TASK.dialects["official"], samples, answers, replies)
    won = ["won"] * 12
    assert frame["prediction"].fillna("").tolist() == [*won[:2], "tied", *won[:4], "lost", "", *won[:3]]
    assert not frame["missing"].any()


def test_votes(data):
    """Several verdicts about an answer make a preference between 1 and 2."""
    sample = read_samples(TASK, (data,))[0]
    model, base = ("m", "M") if is_switched(sample.prompt) else ("M", "m")
    said = {Member(vote=vote): (letter,) for vote, letter in enumerate([model, base, model, model])}
    scored = panel_scored(TASK.dialects["official"], sample, "Mine.", said)
    assert scored.counts["preference"] == 0.75
    assert panel_scored(TASK.dialects["official"], sample, "Mine.", said, "majority").counts["preference"] == 1


def test_outputs_of_a_model(data):
    made = [
        {"instruction": row["instruction"], "output": f"No. {i}", "generator": "mine"} for i, row in enumerate(rows())
    ]
    (data / "model_outputs.json").write_text(json.dumps(made[::-1]))
    samples = read_samples(TASK, (data,))
    assert read_answers(TASK, [data / "model_outputs.json"], samples).answers["3"] == "No. 3"


def test_the_baseline_itself_wins_half(data):
    samples = read_samples(TASK, (data,))
    found = figures(TASK.dialects["official"], samples, {one.id: one.target for one in samples}, "official")["metrics"]
    assert (found["win_rate"]["value"], found["lc_win_rate"]["value"]) == (0.5, 0.5)


def test_files_from_the_hub(tmp_path, monkeypatch):
    write(tmp_path)
    fetched = []

    def download(repo: str, name: str, repo_type: str) -> str:
        fetched.append((repo, name, repo_type))
        return str(tmp_path / "alpaca_eval" / name)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.setattr(layout, "unreachable", lambda: None)
    samples = read_samples(TASK, ())
    assert len(samples) == 12
    assert samples[3].metadata["difficulty"] == 0.75
    assert fetched[1] == ("tatsu-lab/alpaca_eval", "df_gamed.csv", "dataset")
