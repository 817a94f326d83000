"""Human trials: raters are measured as good as they are, a trial counts once, and the file is all that is needed to go
on.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hf_genimg.evaluation.human import SIDES, HumanTest, Trial
from hf_genimg.evaluation.scores import Report

ABOUT = {"model": "mine", "revision": "abc", "reference": "digits", "split": "test"}


def opened(path: Path, **about: object) -> HumanTest:
    return HumanTest(path, range(100, 120), 30, {**ABOUT, **about})


def other(trial: Trial) -> str:
    return SIDES[trial.real_side == "left"]


def rate(test: HumanTest, rater: str, count: int, skill: float, seed: int = 0) -> None:
    """Answer `count` trials, each rightly with a probability of `skill`."""
    rng = random.Random(seed)
    for _ in range(count):
        trial = test.trial(rater)
        test.answer(trial.id, trial.real_side if rng.random() < skill else other(trial))


@pytest.mark.parametrize("skill", [0.5, 0.7, 0.95])
def test_a_rater_is_measured_as_good_as_he_is(tmp_path: Path, skill: float) -> None:
    test = opened(tmp_path / "trials.jsonl")
    rate(test, "ann", 300, skill)
    found = test.results()
    assert found.trials == 300
    assert found.accuracy.low < skill < found.accuracy.high
    assert found.accuracy.high - found.accuracy.low < 0.12
    assert found.raters == {"ann": found.accuracy}


def test_one_who_always_says_left_is_guessing(tmp_path: Path) -> None:
    test = opened(tmp_path / "trials.jsonl")
    for _ in range(300):
        test.answer(test.trial("ann").id, "left")
    assert abs(test.results().accuracy.value - 0.5) < 0.15, "the sides are random: five standard deviations"


def test_a_trial_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    tab, second_tab = opened(path), opened(path)
    shown = tab.trial("ann")
    assert tab.trial("ann") == shown, "a reload shows the open trial"
    assert second_tab.trial("ann") == shown, "so does a second tab"
    assert second_tab.trial("bob") != shown
    first = tab.answer(shown.id, other(shown))
    assert (first.right, first.counted) == (False, True)
    again = second_tab.answer(shown.id, shown.real_side)
    assert (again.right, again.counted) == (False, False), "the first answer stands"
    assert tab.trial("ann").id == second_tab.trial("ann").id != shown.id
    assert tab.results() == second_tab.results()
    assert tab.results().trials == 1 and tab.results().accuracy.value == 0


def test_it_goes_on_from_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    test = opened(path)
    rate(test, "ann", 7, 0.7)
    waiting = test.trial("ann")
    later = opened(path)
    assert later.results() == test.results()
    assert later.trial("ann") == waiting
    later.answer(waiting.id, waiting.real_side)
    assert test.results().trials == 8


def test_half_a_line_of_a_killed_writer_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    test = opened(path)
    rate(test, "ann", 3, 1.0)
    with open(path, "a") as file:
        file.write('{"answer": "12')
    assert test.results().trials == opened(path).results().trials == 3
    rate(test, "ann", 2, 1.0)
    assert test.results().trials == opened(path).results().trials == 5


def test_every_image_is_shown_as_often_as_every_other(tmp_path: Path) -> None:
    test = opened(tmp_path / "trials.jsonl")
    trials = []
    for _ in range(20):
        trials.append(test.trial("ann"))
        test.answer(trials[-1].id, trials[-1].real_side)
    assert sorted(trial.fake for trial in trials) == list(range(100, 120)), (
        "nobody sees a fake twice before all are seen"
    )
    assert len({trial.real for trial in trials}) == 20
    assert {test.trial("bob").real} <= set(range(30)) - {trial.real for trial in trials}, (
        "what nobody has seen comes first"
    )


def test_results_of_each_image(tmp_path: Path) -> None:
    """A fake that gives itself away, among those that nobody tells from real images."""
    test = HumanTest(tmp_path / "trials.jsonl", range(2), 5)
    for number in range(80):
        trial = test.trial(f"rater {number % 4}")
        guess = random.Random(number).choice(SIDES)
        test.answer(trial.id, trial.real_side if trial.fake == 1 else guess)
    found = test.results()
    assert set(found.fakes) == {0, 1} and set(found.reals) == set(range(5)) and len(found.raters) == 4
    assert found.fakes[1].value == 1 and found.fakes[1].low > 0.9
    assert 0.1 < found.fakes[0].value < 0.9, "forty random answers: five standard deviations"


WRITER = """
import sys
from hf_genimg.evaluation.human import HumanTest
about = {"model": "mine", "revision": "abc", "reference": "digits", "split": "test"}
test = HumanTest(sys.argv[1], range(100, 120), 30, about)
for number in range(25):
    trial = test.trial(f"{sys.argv[2]} {number % 2}")
    test.answer(trial.id, trial.real_side)
"""


def test_many_writers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in ("one", "two")]
    test = opened(path)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda name: rate(test, name, 10, 1.0), "abcd"))
    assert [writer.wait(120) for writer in writers] == [0, 0]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    answers = [line["answer"] for line in lines if "answer" in line]
    assert len(answers) == len(set(answers)) == 2 * 25 + 4 * 10
    assert test.results().trials == len(answers) and test.results().accuracy.value == 1
    assert sum("human_test" in line for line in lines) == 1


def test_ten_tabs_that_answer_one_trial_count_once(tmp_path: Path) -> None:
    test = opened(tmp_path / "trials.jsonl")
    trial = test.trial("ann")
    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(lambda number: test.answer(trial.id, SIDES[number % 2]), range(10)))
    assert sum(outcome.counted for outcome in outcomes) == 1
    assert len({outcome.right for outcome in outcomes}) == 1
    assert test.results().trials == 1


def test_results_are_scores_with_a_protocol(tmp_path: Path) -> None:
    test = opened(tmp_path / "trials.jsonl")
    with pytest.raises(ValueError, match="holds no answer yet"):
        test.report()
    rate(test, "ann", 20, 0.7)
    report = test.report()
    assert Report.load(report.save(tmp_path / "human.json")) == report
    assert report.protocol["reference"] == "digits" and report.protocol["num_fake"] == 20
    assert report.source == {"model": "mine", "revision": "abc", "trials": 20, "raters": 1}
    assert "20 trials" in report.table() and "human_accuracy" in report.table()


def test_what_cannot_be_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    test = opened(path)
    before = path.read_text()
    for call, message in (
        (
            lambda: opened(path, model="yours"),
            r"is of another test, with model=yours \(there: mine\); name another file",
        ),
        (lambda: HumanTest(path, range(5), 30, ABOUT), "is of another test, with fakes="),
        (lambda: HumanTest(tmp_path / "none.jsonl", range(0), 30), "0 fakes and 30 real images make no trial"),
        (lambda: test.answer("guessed", "left"), "there is no trial 'guessed'"),
        (lambda: test.answer(test.trial("ann").id, "both"), "side='both' is not known; use left or right"),
        (lambda: test.trial(""), "must have 1 to 100 characters"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert path.read_text().startswith(before) and not (tmp_path / "none.jsonl").exists()
    for notes in ("dear diary", "dear diary\n"):
        (tmp_path / "notes.txt").write_text(notes)
        with pytest.raises(ValueError, match="holds no human test"):
            HumanTest(tmp_path / "notes.txt", range(5), 30)
        assert (tmp_path / "notes.txt").read_text() == notes


@pytest.mark.parametrize(
    "line",
    [
        b'{"trial": 1}',
        b'{"trial": [], "rater": "a", "fake": 101, "real": 1, "side": "left"}',
        b'{"trial": "x", "rater": "a", "fake": 7, "real": 1, "side": "left"}',
        b'{"trial": "x", "rater": "a", "fake": 101, "real": 30, "side": "left"}',
        b'{"trial": "x", "rater": "a", "fake": 101, "real": 1, "side": "up"}',
        b'{"sent": 3, "to": "x"}',
        b'{"answer": []}',
    ],
)
def test_a_damaged_line_is_named(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    rate(opened(path), "ann", 2, 1)
    with open(path, "ab") as file:
        file.write(line + b"\n")
    with pytest.raises(ValueError, match=r"trials\.jsonl is damaged at '\{") as error:
        opened(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("head", [b'{"human_test": 1}', b'{"human_test": 1, "about": 3}', b"[" * 100_000])
def test_a_file_without_its_first_line_holds_no_test(head: bytes, tmp_path: Path) -> None:
    (tmp_path / "trials.jsonl").write_bytes(head + b"\n")
    with pytest.raises(ValueError, match="holds no human test of this version"):
        opened(tmp_path / "trials.jsonl")
