"""Pushing: one commit, again none, and one clear line for whatever goes wrong."""

from __future__ import annotations

import hashlib
import json
import warnings
from types import SimpleNamespace

import pytest
import torch

from hf_genimg import DiffusionPipeline
from hf_genimg.api import load, train
from hf_genimg.cli import main
from hf_genimg.evaluation.scores import Report, Score
from hf_genimg.hub import push as pushing
from hf_genimg.hub.push import push
from hf_genimg.pipelines.named_directions import NamedDirection
from hf_genimg.recipes import recipe_class

from .client import use_here

ID = "alice/model"


@pytest.fixture(scope="module")
def run(tmp_path_factory, recipe="mlp_gan"):
    folder = tmp_path_factory.mktemp("runs") / "mine"
    train(recipe_class(recipe)().smoke(), folder, progress=False)
    return folder


@pytest.fixture
def there(hub, tmp_path, monkeypatch):
    """The Hub, for the client of this process; pauses are noted instead of slept."""
    use_here(hub, tmp_path, monkeypatch)
    hub.pauses = []
    monkeypatch.setattr(pushing.time, "sleep", hub.pauses.append)
    return hub


def contents(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_one_commit_holds_all_of_a_run(there, run):
    before = contents(run)
    pushed = push(run, ID)
    repository = there.repository(ID)
    assert pushed.changed and pushed.commit == repository.head.sha and pushed.url == f"{there.url}/{ID}"
    assert [repository.commits[sha].title for sha in repository.history] == ["initial commit", "Push with hf_genimg"]
    files = repository.head.files
    assert {
        "README.md",
        "recipe.json",
        "curve.png",
        "model_index.json",
        "pipeline.py",
        "generator/hf_genimg.py",
    } <= set(files)
    assert {"generator/diffusion_pytorch_model.safetensors", "discriminator/config.json"} <= set(files)
    assert any(name.startswith("samples/") for name in files) and not any(name.startswith("state") for name in files)
    assert f'hf_genimg.load("{ID}")' in files["README.md"].content.decode()
    assert json.loads(files["recipe.json"].content)["recipe"] == "mlp_gan"
    assert contents(run) == before


def test_again_there_is_no_commit_and_nothing_is_sent(there, run):
    first = push(run, ID)
    there.requests.clear()
    again = push(run, ID)
    assert (again.commit, again.changed) == (first.commit, False)
    assert len(there.repository(ID).history) == 2
    assert not [request for request in there.requests if request.startswith("PUT") or "/commit/" in request]


def test_what_a_former_push_left_is_taken_away_and_the_users_files_stay(there, run):
    there.add(ID, {"generator/diffusion_pytorch_model-00001-of-00002.safetensors": b"old", "notes.txt": b"mine"})
    push(run, ID)
    files = there.repository(ID).head.files
    assert "notes.txt" in files and "generator/diffusion_pytorch_model-00001-of-00002.safetensors" not in files


def test_a_pipeline_in_memory_and_a_private_repository(there, run):
    push(load(run), ID, private=True)
    assert there.repository(ID).private
    assert "recipe.json" not in there.repository(ID).head.files and "README.md" in there.repository(ID).head.files
    push(run, "alice/public")
    with pytest.raises(ValueError, match="is there already and public"):
        push(run, "alice/public", private=True)


def test_named_directions_are_pushed_pulled_and_taken_away(there, run):
    pipeline = load(run)
    length = pipeline.network.config.latent_dim
    pipeline.directions["up"] = NamedDirection(torch.arange(1.0, length + 1), found="by hand")
    push(pipeline, ID)
    files = there.repository(ID).head.files
    assert "directions.safetensors" in files
    assert "| named directions | up (in z: by hand) |" in files["README.md"].content.decode()
    for pulled in (load(ID), DiffusionPipeline.from_pretrained(ID)):
        assert torch.equal(pulled.directions["up"].vector, pipeline.directions["up"].vector)
    push(run, ID)
    assert "directions.safetensors" not in there.repository(ID).head.files and not load(ID).directions


@pytest.mark.parametrize("kind", [429, 500, 503, "drop"])
@pytest.mark.parametrize("route", [r"POST /api/repos/create", r"GET /api/models/", r"/preupload/", r"/commit/"])
def test_what_passes_is_tried_again(there, run, route, kind):
    there.fault(route, kind, times=2)
    assert push(run, ID).changed
    assert len(there.repository(ID).history) == 2 and there.pauses[:2] == [1.0, 2.0]


def test_a_commit_whose_answer_was_lost_is_not_made_twice(there, run):
    there.fault(r"/commit/", "drop", times=1, after=True)
    push(run, ID)
    assert len(there.repository(ID).history) == 2


def test_the_hub_says_how_long_to_wait(there, run):
    there.fault(r"/commit/", 429, times=1, headers={"retry-after": "7"})
    push(run, ID)
    assert there.pauses == [7.0]


def test_a_commit_of_somebody_else_in_between_is_kept(there, run):
    there.fault(r"/commit/", 412, times=1)
    assert push(run, ID).changed


LINES = {
    401: ("POST /api/repos/create", "the token is missing or not valid; log in with"),
    403: ("/preupload/", "this token may not do that; use one with write access"),
    404: ("/preupload/", "there is no such owner or repository"),
    409: ("/commit/", "something else changed it at the same time"),
    412: ("/commit/", "something else was committed in between"),
    429: ("/commit/", "the Hub asks for fewer requests"),
    500: ("/commit/", r"the Hub is out of order \(status 500\)"),
    "drop": ("/commit/", "the Hub cannot be reached"),
}


@pytest.mark.parametrize("kind", LINES, ids=str)
def test_what_lasts_is_one_line_and_the_run_stays_as_it_was(there, run, kind, capsys):
    route, line = LINES[kind]
    there.fault(route, kind)
    before = contents(run)
    with pytest.raises(OSError, match=f"^{ID} was not pushed: {line}") as error:
        push(run, ID)
    assert "\n" not in str(error.value)
    assert contents(run) == before
    capsys.readouterr()
    assert main(["push", str(run), ID]) == 1
    refusals = [
        line
        for line in capsys.readouterr().err.replace("\r", "\n").splitlines()
        if line.strip() and "LFS files" not in line
    ]  # bars
    assert len(refusals) == 1 and refusals[0].startswith(f"hf-genimg: {ID} was not pushed: ")


@pytest.mark.parametrize(
    ("token", "line"),
    [
        ("reader", "this token may not do that"),
        ("bob", "may not do"),
        (None, "the token is missing"),
        ("x", "token is"),
    ],
)
def test_who_may_not_write(there, run, token, line, monkeypatch, tmp_path):
    use_here(there, tmp_path, monkeypatch, token)
    with pytest.raises(OSError, match=line):
        push(run, ID)
    assert not there.store.repositories


def test_what_is_no_model_or_no_name_is_refused_before_anything_is_sent(there, run, tmp_path):
    for source, name, line in (
        (tmp_path / "none", ID, "there is no .*none to push"),
        (tmp_path, ID, "holds neither"),
        (run, "a b/c", "cannot be"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=line):
            push(source, name)
    assert not there.requests


def test_the_command_says_where_and_whether(there, run, capsys):
    assert main(["push", str(run), ID, "--private"]) == 0
    assert f"{there.url}/{ID}: commit " in capsys.readouterr().out
    assert main(["push", str(run), ID]) == 0
    assert "nothing has changed since the last push" in capsys.readouterr().out


def test_nothing_pushed_names_where_the_data_lie(there, tmp_path):
    from PIL import Image

    (tmp_path / "whereabouts/pictures").mkdir(parents=True)
    for level in range(8):
        Image.new("L", (28, 28), level * 9).save(tmp_path / f"whereabouts/pictures/{level}.png")
    data = str(tmp_path / "whereabouts/pictures")
    train(recipe_class("mlp_gan")().smoke().override(data=data, images=8), tmp_path / "run", progress=False)
    protocol = {"extractor": f"{tmp_path}/whereabouts/reader", "reference": data, "split": "train"}
    Report(protocol, {"fid": Score(1.0)}, {"model": "run"}, {}, None).save(tmp_path / "run/scores.json")
    push(tmp_path / "run", ID)
    files = there.repository(ID).head.files
    published = json.loads(files["scores.json"].content)["protocol"]
    assert published == {"extractor": "reader", "reference": "pictures", "split": "train"}
    assert json.loads(files["recipe.json"].content)["fields"]["data"] == "pictures"
    assert not [name for name, blob in files.items() if b"whereabouts" in blob.content]


def smoke(**fields):
    return recipe_class("mlp_gan")().smoke().override(images=96, hub_model_id=ID, **fields)


def test_a_run_is_pushed_while_it_trains_and_with_its_card_at_the_end(there, tmp_path):
    train(smoke(), tmp_path / "run", progress=False)
    repository = there.repository(ID)
    titles = [repository.commits[sha].title for sha in repository.history]
    assert titles == ["initial commit", "32 of 96 images", "64 of 96 images", "Trained on 96 images"]
    first, last = (repository.commits[sha].files for sha in (repository.history[1], repository.history[-1]))
    assert (
        first["generator/diffusion_pytorch_model.safetensors"] != last["generator/diffusion_pytorch_model.safetensors"]
    )
    assert "samples/000000000096.png" in last and "samples/000000000096.png" not in first
    assert last["README.md"].content.decode().startswith("---") and "curve.png" in last
    weights = (tmp_path / "run/pipeline/generator/diffusion_pytorch_model.safetensors").read_bytes()
    assert last["generator/diffusion_pytorch_model.safetensors"].content == weights


def test_pushing_changes_no_tensor_and_a_hub_that_fails_stops_no_run(there, tmp_path):
    there.fault("/commit/", 500)
    with warnings.catch_warnings(record=True) as warned, pytest.raises(OSError, match="the Hub is out of order"):
        warnings.simplefilter("always")
        train(smoke(), tmp_path / "run", progress=False)
    ours = [str(each.message) for each in warned if issubclass(each.category, UserWarning)]
    assert [line.partition(": the Hub")[0] for line in ours if line.startswith("at ")] == [
        f"at {n} images: {ID} was not pushed" for n in (32, 64)
    ]
    train(smoke().override(hub_model_id=None), tmp_path / "other", progress=False)
    weights = "pipeline/generator/diffusion_pytorch_model.safetensors"
    assert (tmp_path / "run" / weights).read_bytes() == (tmp_path / "other" / weights).read_bytes()
    there.faults.faults.clear()
    train(smoke(), tmp_path / "run", progress=False)  # there is nothing left to learn, and all to push
    assert "README.md" in there.repository(ID).head.files


PAGE, HALF = b"<html>We will be back soon</html>", b'{"commitUrl": "http'


@pytest.mark.parametrize("body", [PAGE, HALF, b"[]", b""])
@pytest.mark.parametrize("route", ["POST /api/repos/create", "GET /api/models/", "/preupload/", "/commit/"])
def test_an_answer_that_is_none_is_one_line(there, run, route, body):
    fault = there.fault(route, 200, body=body)
    with pytest.raises(
        OSError, match=f"^{ID} was not pushed: what the Hub answered is not what a Hub answers"
    ) as error:
        push(run, ID)
    assert "\n" not in str(error.value)
    fault.off = True
    assert push(run, ID).changed


def test_a_page_instead_of_an_answer_stops_no_run(there, tmp_path):
    """Each snapshot warns, and the next one is pushed again."""
    there.fault("/commit/", 200, body=PAGE, times=pushing.ATTEMPTS)
    with pytest.warns(UserWarning, match=f"at 32 images: {ID} was not pushed: what the Hub answered is not"):
        train(smoke(), tmp_path / "run", progress=False)
    repository = there.repository(ID)
    titles = [repository.commits[sha].title for sha in repository.history]
    assert titles == ["initial commit", "64 of 96 images", "Trained on 96 images"]


def test_a_full_disk_stops_no_run(there, run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pushing, "copy_of", full)
    with pytest.warns(UserWarning, match=f"at 32 images: {ID} was not pushed: the disk is full; .*; the run goes"):
        pushing.Pushing(32, ID)(SimpleNamespace(images=32, recipe=SimpleNamespace(images=64)))


def test_who_may_not_push_learns_so_before_the_run(there, tmp_path, monkeypatch):
    use_here(there, tmp_path, monkeypatch, "reader")
    with pytest.raises(OSError, match="this token may not do that"):
        train(smoke(), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_pulled_model_trains_on_and_its_card_says_from_what(there, run, tmp_path):
    push(run, ID)
    pipeline = train(recipe_class("mlp_gan")().smoke().override(init=ID, images=8), tmp_path / "on", progress=False)
    assert "base_model: alice/model" in (tmp_path / "on/README.md").read_text()
    start = load(run).generator.state_dict()
    moved = [
        (start[name] - value).abs().max()
        for name, value in pipeline.generator.state_dict().items()
        if value.is_floating_point()
    ]
    assert 0 < max(moved) < 0.2  # eight images from where it began (running means move most), not from new weights


def test_diffusers_own_ways_of_pushing(there, run, tmp_path):
    pipeline = load(run)
    assert pipeline.push_to_hub(ID, private=True) == f"{there.url}/{ID}"
    assert there.repository(ID).private and "pipeline.py" in there.repository(ID).head.files
    pipeline.save_pretrained(tmp_path / "saved", push_to_hub=True, repo_id="alice/other")
    assert "generator/hf_genimg.py" in there.repository("alice/other").head.files
    with pytest.raises(ValueError, match="leave out safe_serialization and subfolder"):
        pipeline.push_to_hub(ID, subfolder="x")
