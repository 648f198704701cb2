"""Policies: what is read, and how what can't be meant is refused."""

from __future__ import annotations

import pytest

from mmeval.errors import DataError, UsageError
from mmeval.gating.policy import DEFAULT, load_policy


def written(tmp_path, text):
    path = tmp_path / "release.yaml"
    path.write_text(text)
    return path


def test_a_policy_as_people_write_it(tmp_path):
    policy = load_policy(
        written(
            tmp_path,
            """
            confidence: 90
            rules:
              - metric: demo_pope.f1
                not_worse_by: 1
              - metric: [demo_chair.chair_s, demo_amber.hal]
                no_regression: true
                at_most: 30 %
            required_dimensions: safety
            missing: {at_most: 2 %, more_than_base: 0.01}
            tolerance: 0.5
            """,
        )
    )
    first, second = policy.rules
    assert (policy.confidence, policy.alpha, policy.tolerance) == (90, pytest.approx(0.1), 0.5)
    assert (first.metric, first.not_worse_by) == (("demo_pope.f1",), 1.0)
    assert (second.metric, second.no_regression, second.at_most) == (
        ("demo_chair.chair_s", "demo_amber.hal"),
        True,
        0.3,
    )
    assert policy.required_dimensions == ("safety",)
    assert (policy.missing.at_most, policy.missing.more_than_base) == (0.02, 0.01)


def test_without_a_file_every_headline_must_not_be_worse():
    (rule,) = DEFAULT.rules
    assert (rule.metric, rule.no_regression, DEFAULT.missing.at_most) == (("*",), True, 0.05)


RULE = "rules:\n  - metric: demo_pope\n    better: true\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE + "confidense: 95\n", r"release\.yaml, line 4: no key 'confidense'; did you mean 'confidence'\?"),
        ("rules:\n  - metric: a\n    not_worse: 1\n", r"line 3: no key 'not_worse'; did you mean 'not_worse_by'\?"),
        (RULE + "missing:\n  at_mots: 2 %\n", r"line 5: no key 'at_mots'; did you mean 'at_most'\?"),
        (RULE + "at_least: 0.5\n", r"line 4: no key 'at_least'; it belongs into a rule"),
        (RULE + "source: x\n", r"line 4: no key 'source'; there are: confidence, rules"),
        ("rules:\n  - metric: a\n", r"line 2: rules: asks nothing; give it one of no_regression, not_worse_by"),
        ("rules:\n  - metric: a\n    no_regression: false\n", r"line 2: rules: asks nothing"),
        ("confidence: 95\n", r"'rules' is missing; a policy needs rules"),
        ("rules:\n  - better: true\n", r"line 2: 'metric' is missing; .* a rule its metric"),
        ("rules: []\n", r"line 1: rules: .*at least 1"),
        (RULE + "confidence: 0.95\n", r"line 4: confidence: 0.95: .*greater than or equal to 50"),
        ("rules:\n  - metric: a\n    not_worse_by: 0\n", r"line 3: rules\.not_worse_by: 0: .*greater than 0"),
        ("rules:\n  - metric: a\n    not_worse_by: 1 %\n", r"line 3: rules\.not_worse_by: '1 %': .*number"),
        ("rules:\n  - metric: a\n    better: 2\n", r"line 3: rules\.better: 2: .*boolean"),
        ("rules:\n  - metric: a\n    at_most: lots\n", r"line 3: rules\.at_most: 'lots': .*share such as 2 %"),
        ("rules:\n  - metric: a\n    at_most: .nan\n", r"line 3: rules\.at_most: nan: .*finite"),
        (RULE + "missing: {at_most: 5}\n", r"line 4: missing\.at_most: 5: .*less than or equal to 1"),
        (
            "rules:\n  - metric: a\n    better: true\n    metric: b\n",
            r"line 4: 'metric' stands twice .* a `-` of its own",
        ),
        ("rules: [\n", r"release\.yaml, line 2: no YAML"),
        ("- better\n", r"must hold keys such as rules"),
        ("", r"must hold keys such as rules"),
    ],
)
def test_what_can_not_be_meant_names_line_key_and_mend(tmp_path, text, said):
    with pytest.raises(DataError, match=said) as error:
        load_policy(written(tmp_path, text))
    assert error.value.exit_code == 65
    assert "\n" not in str(error.value)


def test_a_policy_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"none\.yaml: No such file.*gate --init"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"rules: \xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        load_policy(tmp_path / "latin.yaml")
