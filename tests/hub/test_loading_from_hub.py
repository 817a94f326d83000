"""What was pushed loads by its id, in all forms and fresh processes, to the same pixels; with hf_genimg and without."""

from __future__ import annotations

import hashlib

import pytest
import torch

import hf_genimg
from hf_genimg.api import load
from hf_genimg.cli import main
from hf_genimg.hub.push import push
from hf_genimg.recipes import recipe_class, recipe_names

from .client import python, use_here

ID = "alice/model"
FAST = ["mlp_gan", "biggan", "rae", "pix2pix", "classifier"]  # each pipeline, conditional layers, a prior


def pipeline_of(name):
    """A recipe's pipeline at the size of its smoke run."""
    torch.manual_seed(0)
    recipe = recipe_class(name)().smoke()
    recipe = recipe.override(
        image_channels=1, **({"input_channels": 1} if "input_channels" in recipe.to_json()["fields"] else {})
    )
    recipe = recipe.override(vocabulary=("one",)) if name == "text_gan" else recipe
    pipeline = recipe.pipeline({**recipe.models(), **recipe.frozen()})
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval()
    return pipeline


DIGEST = """
import hashlib

def digest(pipe):
    import torch
    from PIL import Image

    pipe.set_progress_bar_config(disable=True)
    task = pipe.capabilities.task
    if task in ("generation", "reconstruction"):
        first = ["one"] if "text" in pipe.network.conditions else []
        content = b"".join(image.tobytes() for image in pipe(*first, 3, seed=5).images)
    else:
        size = pipe.network.config.image_size
        picture = Image.frombytes("L", (size, size), bytes(i * 7 % 256 for i in range(size * size)))
        centre = Image.new("L", (size // 2, size // 2), 255)
        mask = Image.new("L", (size, size))
        mask.paste(centre, (size // 4, size // 4))
        own = {"style": picture, "mask": mask}
        given = {name: image for name, image in own.items() if name in pipe.network.conditions}
        found = pipe(picture, **given)
        if task == "translation":
            content = found.images[0].tobytes()
        else:  # the last bits follow from where in memory weights lie
            content = repr([[round(each, 5) for each in row] for row in found.probabilities]).encode()
    return hashlib.sha256(content).hexdigest()
"""
exec(DIGEST)

WITHOUT = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "hf_genimg":
            raise ModuleNotFoundError("hf_genimg is blocked")

sys.meta_path.insert(0, Blocked())
try:
    import hf_genimg
except ModuleNotFoundError:
    pass
else:
    raise SystemExit("it is not blocked")
import torch, warnings
try:
    import torchvision
except RuntimeError:  # beside a CPU torch: the two operators that hf_genimg's hook would declare
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
warnings.simplefilter("ignore")
from diffusers import DiffusionPipeline
"""


@pytest.fixture
def there(hub, tmp_path, monkeypatch):
    use_here(hub, tmp_path / "here", monkeypatch)
    (tmp_path / "home").mkdir()
    return hub


@pytest.mark.parametrize("names", [FAST, pytest.param(recipe_names(), marks=pytest.mark.slow)], ids=["some", "all"])
def test_every_family_loads_without_hf_genimg_to_the_same_pixels(names, there, tmp_path):
    expected = []
    for name in names:
        pipeline = pipeline_of(name)
        push(pipeline, f"alice/{name}")
        expected.append(f"{name} {digest(pipeline)}")  # noqa: F821 (of DIGEST)
    code = """
for name in sys.argv[1:]:
    pipe = DiffusionPipeline.from_pretrained(f"alice/{name}", custom_pipeline="pipeline", trust_remote_code=True)
    print(name, digest(pipe))
"""
    assert python(there, tmp_path / "home", DIGEST + WITHOUT + code, *names).splitlines() == expected


FORMS = """
import sys, warnings
import hf_genimg, torch
from diffusers import DiffusionPipeline
warnings.simplefilter("ignore")
revision = sys.argv[1]
settings = {"revision": revision} if revision != "main" else {}
pipes = [
    DiffusionPipeline.from_pretrained("alice/model", **settings),
    hf_genimg.ImageGenerationPipeline.from_pretrained("alice/model", **settings),
    hf_genimg.load("alice/model", **settings),
    hf_genimg.ImageGenerationPipeline(
        hf_genimg.MLPGANGenerator.from_pretrained("alice/model", subfolder="generator", **settings).eval()
    ),
]
print(*(digest(pipe) for pipe in pipes), pipes[2].model_name, pipes[2].revision)
"""


def test_trained_pushed_and_loaded_in_fresh_processes(there, tmp_path):
    """Public, private, by revision, and from the cache without the Hub."""
    home, run, digests = tmp_path / "home", tmp_path / "run", []
    for images in ("64", "128"):
        assert main(["train", "mlp_gan", "--smoke", f"images={images}", "--out", str(run)]) == 0
        digests.append(digest(load(run)))  # noqa: F821 (of DIGEST)
        assert main(["push", str(run), ID]) == 0
    first, second = digests
    history = there.repository(ID).history
    assert first != second and len(history) == 3
    found = python(there, home, DIGEST + FORMS, "main", token=None).split()
    assert found == [second] * 4 + [ID, history[2]]
    there.repository(ID).private = True
    found = python(there, home, DIGEST + FORMS, history[1], token="reader").split()
    assert found == [first] * 4 + [ID, history[1]]
    assert "it is private" in one_line(lambda: load(ID, token=False))
    found = python(there, home, DIGEST + FORMS, "main", token=None, HF_HUB_OFFLINE="1")
    assert found.split()[:4] == [second] * 4


def one_line(call):
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        call()
    assert "\n" not in str(error.value) and len(str(error.value)) < 400
    return str(error.value)


def test_what_the_hub_does_not_give_is_one_line(there, capsys):
    pipeline = pipeline_of("mlp_gan")
    push(pipeline, ID)
    assert "it has no such revision" in one_line(lambda: load(ID, revision="v9"))
    assert "no safetensors for all its parts in the variant that was asked for" in one_line(
        lambda: load(ID, variant="fp16")
    )
    assert "there is no such repository" in one_line(lambda: load("alice/none"))
    assert "is no directory here, and the Hub gave no pipeline" in one_line(lambda: load("rums/mine"))
    there.repository(ID).gated = True
    assert "it is gated; ask for access" in one_line(lambda: load(ID, token=there.tokens["bob"], force_download=True))
    there.add("alice/text", {"a.txt": b"1"})
    assert "it has no model_index.json" in one_line(lambda: load("alice/text"))
    assert main(["sample", "alice/none", "--out", "x.png"]) == 1
    assert "there is no such repository" in capsys.readouterr().err


def test_a_damaged_index_is_named_by_its_repository(there):
    push(pipeline_of("mlp_gan"), ID)
    files = {name: blob.content for name, blob in there.repository(ID).head.files.items()}
    for number, index in enumerate((b"[" * 100_000, b"[]", b"{", b"<html>")):
        there.add(f"alice/damaged{number}", {**files, "model_index.json": index})
        for way in (load, hf_genimg.ImageGenerationPipeline.from_pretrained):
            line = one_line(lambda number=number, way=way: way(f"alice/damaged{number}"))
            assert line.startswith(f"alice/damaged{number}/model_index.json is damaged: it ")


def test_a_repository_of_pickles_is_refused(there, tmp_path):
    push(pipeline_of("mlp_gan"), ID)
    files = {name: blob.content for name, blob in there.repository(ID).head.files.items()}
    pickles = {name.replace(".safetensors", ".bin"): content for name, content in files.items()}
    there.add("alice/pickles", pickles)
    assert "hf_genimg reads safetensors only" in one_line(lambda: load("alice/pickles"))


def test_variants_and_shards(there, tmp_path):
    pipeline = pipeline_of("mlp_gan")
    folder = tmp_path / "saved"
    pipeline.save_pretrained(folder, max_shard_size="2KB")
    pipeline.save_pretrained(
        folder, max_shard_size="2KB", variant="fp16"
    )  # second: a plain save takes shards of others away
    push(folder, ID)
    names = [name for name in there.repository(ID).head.files if name.startswith("generator/")]
    assert sum("-of-" in name for name in names) >= 4
    for settings in ({}, {"variant": "fp16"}):
        assert digest(load(ID, **settings)) == digest(pipeline)  # noqa: F821
    assert load(ID, dtype=torch.float16).dtype == torch.float16


def test_weights_of_a_variant_alone_are_pushed_too(there, tmp_path):
    pipeline = pipeline_of("mlp_gan")
    pipeline.save_pretrained(tmp_path / "half", max_shard_size="2KB", variant="fp16")
    push(tmp_path / "half", ID)
    assert digest(load(ID, variant="fp16")) == digest(pipeline)  # noqa: F821


KILLED = """
import sys
from hf_genimg.hub.push import push
push(sys.argv[1], "alice/model")
"""


def test_a_push_that_is_killed_goes_on(there, tmp_path):
    import signal
    import subprocess
    import sys
    import time

    from .client import environment

    pipeline_of("dcgan").save_pretrained(tmp_path / "saved")
    before = {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "saved").rglob("*")
        if path.is_file()
    }
    fault = there.fault("PUT /lfs/", "hang", skip=1)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "saved")], env=environment(there, tmp_path / "home")
    )
    limit = time.monotonic() + 120
    while fault.hits < 2 and time.monotonic() < limit and process.poll() is None:
        time.sleep(0.05)
    while not there.store.large and time.monotonic() < limit:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    sent = set(there.store.large)
    assert len(sent) == 1 and len(there.repository(ID).history) == 1
    there.faults.faults.clear()
    fault.off = True
    there.requests.clear()
    time.sleep(0.2)  # what the dead process had asked for is answered now, to nobody
    sent = set(there.store.large)
    assert push(tmp_path / "saved", ID).changed
    assert not [
        request for request in there.requests if request.startswith("PUT") and any(oid in request for oid in sent)
    ]
    assert not push(tmp_path / "saved", ID).changed and len(there.repository(ID).history) == 2
    assert {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tmp_path / "saved").rglob("*")
        if path.is_file()
    } == before
    assert digest(load(ID)) == digest(pipeline_of("dcgan"))  # noqa: F821
