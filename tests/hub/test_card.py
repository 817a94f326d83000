"""Model cards: made of the run's own numbers, readable by the Hub's library, with code that runs, and never over what
somebody wrote.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from huggingface_hub import EvalResultEntry, ModelCard
from huggingface_hub import parse_eval_result_entries as parse

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.evaluation.scores import Report, Score
from hf_genimg.hub.card import TEMPLATE, additions, card_text, eval_results, example, is_generated, write_card
from hf_genimg.hub.card_facts import Facts
from hf_genimg.hub.card_sentences import limits, summary
from hf_genimg.pipelines.capabilities import Capabilities

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GAN that was scored, a VAE, a translator and a classifier, trained as a user would."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("mlp_gan", "mlp_vae", "classifier"):
        assert main(["train", name, "--smoke", "--out", str(folder / name)]) == 0
    assert main(["train", "pix2pix", "--smoke", "inputs=blurred", "--out", str(folder / "pix2pix")]) == 0
    assert main(["evaluate", str(folder / "mlp_gan"), "--reference", "digits@test", "--num", "100"]) == 0
    return folder


@pytest.fixture
def run(runs: Path, tmp_path: Path) -> Path:
    """A copy of the GAN's run to change."""
    import shutil

    return Path(shutil.copytree(runs / "mlp_gan", tmp_path / "mine"))


@pytest.fixture
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    assert not caplog.records


def body(card: Path) -> str:
    return card.read_text(encoding="utf-8")


def test_the_card_holds_the_runs_own_numbers(runs: Path, silent: None) -> None:
    card = ModelCard.load(runs / "mlp_gan/README.md")
    report = Report.load(runs / "mlp_gan/scores.json")
    assert {result.metric_type: result.metric_value for result in card.data.eval_results} == {
        name: score.value for name, score in report.scores.items()
    }
    assert all(result.dataset_args == report.protocol for result in card.data.eval_results)
    assert card.data.model_name == "mlp_gan"
    assert card.data.library_name == "diffusers"
    assert card.data.pipeline_tag == "unconditional-image-generation"
    assert {"hf_genimg", "gan", "mlp_gan"} <= set(card.data.tags)
    for name, score in report.scores.items():
        assert f"| {name} | {score.value:.4g} |" in card.text
    assert f"extractor_sha256 {report.protocol['extractor_sha256']}" in card.text
    assert f"{report.diagnosis['duplicate_rate']:.1%}" in card.text


@pytest.mark.parametrize("name", ["mlp_gan", "mlp_vae", "pix2pix", "classifier"])
def test_every_run_ends_with_a_whole_card(name: str, runs: Path, silent: None) -> None:
    card = ModelCard.load(runs / name / "README.md")
    headings = re.findall(r"^## (.+)$", card.text, re.MULTILINE)
    assert headings == [
        "How to use it", "What it is", "Data", "Training", "Scores", "Mode collapse",
        "Memorization", "Intended use", "Limits",
    ]  # fmt: skip
    assert "synthetic" in card.text or name == "classifier"
    assert "Licence of the data: cc-by-4.0" in card.text
    assert re.search(
        r"Cost: 64 images in \d+ s of training by its log, on cpu \(\w+, \d+ threads?\), with torch", card.text
    )
    assert "None" not in card.text
    assert is_generated(body(runs / name / "README.md"))
    grid = re.search(r"!\[.*\]\((.+)\)", card.text)
    assert bool(grid) == (name in ("mlp_gan", "mlp_vae"))  # the grids of the others show real pictures
    assert grid is None or (runs / name / grid[1]).is_file()


@pytest.mark.parametrize("name", ["mlp_gan", "mlp_vae", "pix2pix", "classifier"])
def test_the_code_runs_when_pasted(name: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)
    write_card(name)
    code = re.search(r"```python\n(.*?)```", body(runs / name / "README.md"), re.DOTALL)[1]
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["pipe"].model_name == name
    assert name == "classifier" or names["image"].size
    (runs / "grid.png").unlink(missing_ok=True)


def test_the_command_of_the_card_trains_the_same_weights(runs: Path, tmp_path: Path) -> None:
    import shlex

    command = re.search(r"```\nhf-genimg (train .+)\n```", body(runs / "mlp_gan/README.md"))[1]
    arguments = shlex.split(command)
    assert arguments[-2:] == ["--out", "runs/mlp_gan"]
    assert main([*arguments[:-1], str(tmp_path / "again")]) == 0
    weights = "pipeline/generator/diffusion_pytorch_model.safetensors"
    assert (tmp_path / "again" / weights).read_bytes() == (runs / "mlp_gan" / weights).read_bytes()


def test_a_card_is_written_again_but_never_over_a_users_words(run: Path) -> None:
    card = write_card(run)
    first = body(card)
    card.write_text(first + "\n## Thanks\n\nTo all.\n", encoding="utf-8")
    (run / "scores.json").unlink()
    assert write_card(run) == card
    assert "To all." in body(card)
    assert additions(body(card)) == "\n## Thanks\n\nTo all.\n"
    assert "Not measured" in body(card)
    edited = body(card).replace("Research, teaching", "Fun")
    card.write_text(edited, encoding="utf-8")
    with pytest.warns(UserWarning, match=r"README.md was changed or written by hand and is left as it is: write below"):
        write_card(run)
    assert body(card) == edited
    assert card_text(run, "me/mine") == edited
    card.write_text("mine\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="left as it is"):
        write_card(run)
    assert body(card) == "mine\n"


def test_writing_again_changes_nothing(run: Path) -> None:
    card = write_card(run)
    before = card.stat().st_mtime_ns, body(card)
    assert write_card(run) == card
    assert (card.stat().st_mtime_ns, body(card)) == before


def test_training_on_keeps_an_edited_card(run: Path) -> None:
    (run / "README.md").write_text("mine\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="left as it is"):
        hf_genimg.train("mlp_gan", run, progress=False, **_fields(run) | {"images": 72})
    assert body(run / "README.md") == "mine\n"


def _fields(run: Path) -> dict[str, object]:
    return json.loads((run / "recipe.json").read_text())["fields"]


def test_licences_and_the_users_words_about_the_data(run: Path) -> None:
    facts = {
        "data": "/home/ann/secret/photos",
        "license": "mit",
        "data_license": "cc0-1.0",
        "data_about": "Leaves that Ann took.",
    }
    recipe = json.loads((run / "recipe.json").read_text())
    recipe["fields"] |= facts
    (run / "recipe.json").write_text(json.dumps(recipe))
    card = ModelCard.load(write_card(run))
    assert card.data.license == "mit"
    assert "Leaves that Ann took." in card.text
    assert "Licence of the data: cc0-1.0. Licence of these weights: mit." in card.text
    recipe["fields"] |= {"license": None, "data_license": None, "data_about": None}
    (run / "recipe.json").write_text(json.dumps(recipe))
    card = ModelCard.load(write_card(run))
    assert card.data.license is None
    assert "Licence of the data: unknown" in card.text
    assert "Images of the maker's own" in card.text
    with pytest.raises(ValueError, match=r"data_license=Public Domain must be an identifier such as cc-by-4.0"):
        hf_genimg.train("mlp_gan", run / "x", data_license="Public Domain")


def test_base_model_of_the_hub_and_a_local_one(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    run.rename("runs/mine")
    again = {**_fields(Path("runs/mine")), "init": "runs/mine"}
    hf_genimg.train("mlp_gan", "runs/next", progress=False, **again)
    card = ModelCard.load("runs/next/README.md")
    assert card.data.base_model is None  # runs/mine looks like an id of the Hub, and is none
    assert "It began with the weights of another model" in card.text
    recipe = json.loads(Path("runs/next/recipe.json").read_text())
    assert recipe["fields"]["init"] == "./runs/mine"
    recipe["fields"]["init"] = "ann/leaves"
    Path("runs/next/recipe.json").write_text(json.dumps(recipe))
    card = ModelCard.load(write_card("runs/next"))
    assert card.data.base_model == "ann/leaves"
    assert "(https://huggingface.co/ann/leaves)" in card.text


def test_results_of_a_hub_dataset_are_yaml_too(run: Path) -> None:
    assert eval_results(run) is None  # digits are no dataset of the Hub
    report = Report.load(run / "scores.json")
    replace(report, protocol={**report.protocol, "reference": "ann/leaves"}).save(run / "scores.json")
    write_card(run)
    entries = parse(yaml.safe_load((run / ".eval_results/hf_genimg.yaml").read_text()))
    assert all(isinstance(entry, EvalResultEntry) and entry.dataset_id == "ann/leaves" for entry in entries)
    assert {entry.task_id: entry.value for entry in entries} == {
        name: score.value for name, score in report.scores.items()
    }
    assert all(report.protocol["extractor_sha256"] in entry.notes for entry in entries)
    report.save(run / "scores.json")
    write_card(run)
    assert not (run / ".eval_results/hf_genimg.yaml").exists()


def test_signs_of_memorization_are_shown(run: Path) -> None:
    report = Report.load(run / "scores.json")
    found = {
        "copies": Score(0.25, 0.2, 0.3, "of 100"),
        "authentic_percent": Score(71.25),
        "memorization_gap": Score(0.5, 0.25, 0.75),
    }
    replace(report, scores=found).save(run / "scores.json")
    text = body(write_card(run))
    assert "copies of an image of the reference: 25.00% (20.00% to 30.00%) of 100" in text
    assert "AuthPct: 71.2 %" in text
    assert "by 0.5 (0.25 to 0.75), by features" in text
    replace(report, scores={"fid": Score(1.0)}).save(run / "scores.json")
    assert "Not checked for memorization: the metric `copies`" in body(write_card(run))


def test_membership_is_told_from_guessing_in_words(run: Path) -> None:
    report = Report.load(run / "scores.json")

    def card(area: Score, of_data: float) -> str:
        found = {"copies": Score(0.0, 0.0, 0.01), "membership_auc_of_data": Score(of_data)}
        for name in ("membership", "membership_discriminator"):
            found |= {f"{name}_auc": area, f"{name}_tpr": Score(0.03, 0.01, 0.05)}
        replace(report, scores=found).save(run / "scores.json")
        return body(write_card(run))

    text = card(Score(0.52, 0.48, 0.56, "of 100"), 0.5)
    assert text.count("guesses which images were trained on is no better than guessing: AUC 0.520 (0.480 to 0.560") == 2
    assert "where 1 % of the other images are suspected wrongly, 3.0% (1.0% to 5.0%) of the training images" in text
    text = card(Score(0.7, 0.66, 0.74, "of 100"), 0.5)
    assert text.count("is **better than guessing: the model gives some of them away**: AUC 0.700") == 2
    text = card(Score(0.7, 0.66, 0.74, "of 100"), 0.68)
    assert "who has the samples and guesses which images were trained on is no better than without the model" in text
    assert "who has the discriminator and guesses which images were trained on is **better than guessing" in text


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("recipe.json", '{"recipe": "mlp', "recipe.json is damaged"),
        ("recipe.json", "[]", "recipe.json holds no JSON object"),
        ("machine.json", "\udcff", "machine.json is damaged"),
        ("scores.json", None, r"scores.json holds no scores \(high of fid is missing\)"),
    ],
)
def test_damaged_files_of_a_run_are_one_line(run: Path, name: str, content: str | None, line: str) -> None:
    if content is None:
        saved = json.loads((run / name).read_text())
        saved["scores"] = {"fid": {"value": 3.0, "low": 2.0}}
        content = json.dumps(saved)
    (run / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=line) as error:
        write_card(run)
    assert "\n" not in str(error.value)


def test_lines_of_a_log_that_say_nothing_are_passed_over(run: Path) -> None:
    log = run / "log.jsonl"
    log.write_text(f'null\n{{}}\n{{"images": "x"}}\n{log.read_text()}')
    assert "Cost: 64 images" in body(write_card(run))


def test_bytes_that_are_not_utf_8_stay_in_additions_and_are_escaped_in_names(run: Path) -> None:
    odd = run.with_name("caf\udce9")
    run.rename(odd)
    card = write_card(odd)
    assert "# caf\\udce9\n" in body(card)
    card.write_bytes(card.read_bytes() + b"Merci, Andr\xe9\n")
    (odd / "scores.json").unlink()
    write_card(odd)
    assert card.read_bytes().endswith(b"Merci, Andr\xe9\n")
    assert b"Not measured" in card.read_bytes()


def test_the_names_of_the_classes_are_on_the_card(tmp_path: Path) -> None:
    classifier = hf_genimg.LeNetClassifier(16, num_classes=3, class_names=["big cat", "owl\n", "f|x"])
    hf_genimg.ImageClassificationPipeline(classifier).save_pretrained(tmp_path / "animals")
    assert "| classes | big cat, owl , f\\|x |" in body(write_card(tmp_path / "animals"))


def test_cards_of_a_pipeline_directory_and_of_one_in_memory(run: Path) -> None:
    pipe = hf_genimg.load(run)
    for model in (pipe, run / "pipeline"):
        text = card_text(model, "ann/leaves", standalone=True)
        assert 'hf_genimg.load("ann/leaves")' in text
        assert (
            'DiffusionPipeline.from_pretrained("ann/leaves", custom_pipeline="pipeline", trust_remote_code=True)'
            in text
        )
        assert "How it was trained is not recorded" in text
        assert is_generated(text)
    assert "custom_pipeline" not in card_text(run, "ann/leaves")


def test_a_card_says_nothing_of_where_a_run_lies(runs: Path) -> None:
    assert str(runs) not in body(runs / "mlp_gan/README.md")
    assert str(Path.home()) not in body(runs / "mlp_gan/README.md")


def test_the_template_is_found_in_an_installed_package(tmp_path: Path) -> None:
    assert (ROOT / "model_cards/template.md").read_text() == TEMPLATE.read_text()
    assert '"hub/template.md"' in (ROOT / "pyproject.toml").read_text()


def test_no_warning_when_a_card_is_written(run: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_card(run)
    code = "import sys, hf_genimg.hub.card as c; c.write_card(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(run)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("able", "phrase", "code"),
    [
        (Capabilities("translation", 64, 3, mask=True), "fills in the masked parts of images", "mask=mask"),
        (Capabilities("translation", 64, 3, scale=4), "enlarges images 4 times a side", "image = pipe(picture)"),
        (Capabilities("translation", 64, 3), "translates images into images", "image = pipe(picture)"),
        (Capabilities("generation", 64, 3, num_classes=5), "generates images from noise, of 5 classes", "pipe(seed=0)"),
        (Capabilities("reconstruction", 64, 1, encode=True), "encodes images and decodes them again", "reconstruct"),
        (
            Capabilities("translation", 64, 3, style=True, any_size=True),
            "(any size, trained at 64x64 pixels",
            "style=style",
        ),
        (Capabilities("translation", 64, 3, input_channels=1), "64x64 pixels, grey to colour", "image = pipe(picture)"),
        (Capabilities("translation", 64, 3, reverse=True), "in both directions", "back = pipe(image, reverse=True)"),
        (
            Capabilities("generation", 64, 3, text=True),
            "generates images from a text",
            'pipe(prompt="a red house", seed=0)',
        ),
        (Capabilities("reconstruction", 64, 3, prior=True), "from latents of a learned prior", "pipe(seed=0)"),
        (Capabilities("morphing", 64, 1), "generates images from noise", "pipe(seed=0)"),  # of a later pipeline
    ],
)
def test_sentences_and_code_follow_from_capabilities(able: Capabilities, phrase: str, code: str) -> None:
    facts = Facts("mine", SimpleNamespace(capabilities=able, directions={}))
    assert phrase in summary(facts)
    assert code in example(facts, "ann/mine")
    assert ("Detail that the input does not show is invented" in " ".join(limits(facts))) == (
        able.task == "translation"
    )
    compile(example(facts, "ann/mine"), "README.md", "exec")
