"""Answers of the human test onto a Hub on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hf_genimg
from hf_genimg.demo import human
from hf_genimg.demo.models import Shelf
from hf_genimg.demo.tabs.human import _endpoints, leaving
from hf_genimg.evaluation.human import HumanTest

from ..hub.client import use_here

ID = "alice/answers"


@pytest.fixture
def there(hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    use_here(hub, tmp_path, monkeypatch)
    return hub


@pytest.fixture
def shelf(models: list[Path], tmp_path: Path) -> Shelf:
    """With the GAN of the digits, whose test is a new one."""
    shelf = Shelf(models[0], results_to=ID)
    gan = shelf.find("")
    test = HumanTest(tmp_path / "human.jsonl", range(500), len(human.reals(gan)), {"model": "gan"})
    gan.know("human", lambda: test)
    return shelf


def rate(shelf: Shelf, rater: str, count: int) -> list[str]:
    """What the page says after each answer, all of them right, of a visit that is called as the rater."""
    ask, answer = _endpoints(shelf)
    messages, (*_, trial, _, _) = [], ask("", rater)
    for _ in range(count):
        side = human.test_of(shelf.find("")).trials[trial].real_side
        *_, trial, message, _ = answer("", rater, trial, side, SimpleNamespace(session_hash=rater))
        messages.append(message)
    return messages


def lines(hub: Any) -> list[dict[str, Any]]:
    files = hub.repository(ID, "datasets").head.files
    return [
        json.loads(line)
        for name in sorted(files)
        if name.startswith("answers/")
        for line in files[name].content.decode().splitlines()
    ]


def test_raters_read_first_where_their_answers_go(there: Any, shelf: Shelf) -> None:
    ask, _ = _endpoints(shelf)
    assert ask("", "one")[3].startswith(f"Answers are added to the dataset {ID} on the Hub, without a name.\n\n")


def test_each_finished_session_is_one_commit_and_nothing_is_sent_twice(there: Any, shelf: Shelf) -> None:
    messages = rate(shelf, "one", human.ROUND)
    assert f"{human.ROUND} answers were added to {ID}" in messages[-1] and not any(
        "added" in message for message in messages[:-1]
    )
    rate(shelf, "two", 3)
    leaving(shelf)(SimpleNamespace(session_hash="two"))
    leaving(shelf)(SimpleNamespace(session_hash="one"))  # nothing new
    repository = there.repository(ID, "datasets")
    assert [repository.commits[sha].title for sha in repository.history] == [
        "initial commit",
        "Add 20 answers",
        "Add 3 answers",
    ]
    found = lines(there)
    assert len(found) == len({each["trial"] for each in found}) == human.ROUND + 3
    assert all(each["right"] and each["chosen_side"] == each["real_side"] and each["model"] == "gan" for each in found)
    assert len({each["rater"] for each in found}) == 2 and not {"one", "two"} & {each["rater"] for each in found}
    assert b"answers/*.jsonl" in repository.head.files["README.md"].content


def test_what_did_not_reach_the_hub_is_kept_and_sent_later(
    there: Any, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    messages = rate(shelf, "one", human.ROUND)
    assert messages[-1].startswith("Your answers are kept, but did not reach the Hub") and "\n" not in messages[-1]
    assert human.test_of(shelf.find("")).results().trials == human.ROUND
    monkeypatch.setenv("HF_TOKEN", there.tokens["alice"])
    again = HumanTest(tmp_path / "human.jsonl", range(500), len(human.reals(shelf.find(""))), {"model": "gan"})
    assert human.send(again, "one", ID).startswith("20 answers were added")
    assert len(lines(there)) == human.ROUND and human.send(again, "one", ID) == ""


def test_without_a_token_nothing_is_sent(
    hub: Any, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_here(hub, tmp_path, monkeypatch, token=None)
    assert human.where_to(ID) == "" and human.where_to(None) == ""
    rate(shelf, "one", human.ROUND)
    leaving(shelf)(SimpleNamespace(session_hash="one"))
    assert not hub.requests and human.test_of(shelf.find("")).results().trials == human.ROUND


def test_leaving_is_no_endpoint(models: list[Path]) -> None:
    demo = hf_genimg.build_demo(models[0], results_to=ID)
    leaving_events = [
        each for each in demo.config["dependencies"] if any(target[1] == "unload" for target in each["targets"])
    ]
    assert [each["api_visibility"] for each in leaving_events] == ["private"]
    assert "/leave" not in demo.get_api_info()["named_endpoints"]


def test_who_runs_the_page_names_the_dataset(models: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="names no owner"):
        hf_genimg.build_demo(models[0], results_to="answers")
    monkeypatch.setenv("HF_GENIMG_RESULTS_TO", "no good name/at/all")
    with pytest.raises(ValueError, match="cannot be the name of a repository|names no owner"):
        hf_genimg.build_demo(models[0])
