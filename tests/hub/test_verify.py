"""`hf-genimg verify`: the note, the mark, and keys that lie on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from hf_genimg import DCGANGenerator, ImageGenerationPipeline
from hf_genimg.cli import main
from hf_genimg.pipelines.provenance import save_png


@pytest.fixture
def pipe() -> ImageGenerationPipeline:
    torch.manual_seed(0)
    return ImageGenerationPipeline(DCGANGenerator(64, 1, 8, 4).eval())


def verified(capsys: pytest.CaptureFixture[str], *files: Path) -> list[str]:
    assert main(["verify", *map(str, files)]) == 0
    return capsys.readouterr().out.splitlines()


def test_note_and_mark_are_distinguished(
    pipe: ImageGenerationPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_png(pipe(seed=7).images[0], tmp_path / "noted.png")
    pipe.set_watermark()
    image = pipe(seed=7).images[0]
    save_png(image, tmp_path / "both.png")
    image.convert("RGB").save(tmp_path / "marked.jpg", quality=80)
    image.resize((20, 20)).save(tmp_path / "small.jpg")
    noted, both, marked, small = verified(
        capsys, *(tmp_path / name for name in ("noted.png", "both.png", "marked.jpg", "small.jpg"))
    )
    assert "noted.png: provenance: AI-generated, model unsaved, revision" in noted
    assert noted.endswith("seed 7, truncation 1.0; no watermark of the default key")
    assert both.endswith("seed 7, truncation 1.0; watermark of the default key")
    assert marked.endswith("marked.jpg: no provenance; watermark of the default key")
    assert small.endswith("no provenance; too small to hold a watermark")


def test_a_key_of_ones_own_is_found_by_environment_run_or_cache(
    pipe: ImageGenerationPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pipe.set_watermark("of our house")
    image = pipe(seed=7).images[0]
    save_png(image, "run.png", pipe.provenance() | {"model": "faces"})
    save_png(image, "hub.png", pipe.provenance() | {"model": "owner/faces", "revision": "0" * 40})
    save_png(image, "odd.png", pipe.provenance() | {"model": "../a//b?/c", "revision": ["x"]})
    files = [Path(name) for name in ("run.png", "hub.png", "odd.png")]
    assert all(line.endswith("no watermark of the default key") for line in verified(capsys, *files))

    monkeypatch.setenv("HF_GENIMG_WATERMARK_KEYS", "another, of our house")
    assert all(line.endswith("watermark of key 2 of HF_GENIMG_WATERMARK_KEYS") for line in verified(capsys, *files))

    monkeypatch.delenv("HF_GENIMG_WATERMARK_KEYS")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    pipe.save_pretrained("runs/faces/pipeline")
    pipe.save_pretrained(f"cache/models--owner--faces/snapshots/{'0' * 40}")
    run, hub, odd = verified(capsys, *files)
    assert run.endswith("watermark of faces")
    assert hub.endswith("watermark of owner/faces")
    assert odd.endswith("no watermark of the default key")


def test_a_note_cannot_forge_a_line(
    pipe: ImageGenerationPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = "x; no watermark\nreal.png: no provenance; watermark of Ann\x1b[2K\u202e\u2028"
    save_png(pipe(seed=7).images[0], tmp_path / "a.png", {"model": forged, "seed\n": "y" * 1000})
    (line,) = verified(capsys, tmp_path / "a.png")
    assert "\\nreal.png" in line
    assert "\\x1b[2K\\u202e\\u2028" in line
    assert "seed\\n yyy" in line
    assert line.isprintable()
    assert len(line) < 700


@pytest.mark.parametrize("command", ["verify", "classify"])
def test_the_name_of_a_file_cannot_forge_a_line(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    classifier = str(Path(__file__).parents[2] / "model_cards/classifier-digits")
    model = [classifier] if command == "classify" else []
    name = "x\nreal.png: no provenance\x1b[2K\u202e.png"
    Image.new("L", (64, 64)).save(name)
    assert main([command, *model, name]) == 0
    out = capsys.readouterr().out
    assert out.startswith(r"x\nreal.png: no provenance\x1b[2K\u202e.png: ")
    assert out.count("\n") == 1
    Path(name).write_text("no")
    assert main([command, *model, name]) == 1
    output = capsys.readouterr().err
    assert output.count("\n") == 1
    assert output[:-1].isprintable()


def test_what_is_no_picture_is_refused_before_any_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.png").write_text("no")
    assert main(["verify", str(tmp_path / "no.png")]) == 1
    captured = capsys.readouterr()
    assert "no.png is not a picture that can be read" in captured.err
    assert captured.out == ""


def test_the_steps_of_a_chain_are_read_from_the_last_to_the_first(
    pipe: ImageGenerationPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, steps = pipe(seed=7).images[0], [{"model": "sprites", "seed": 7}, {"model": "x2"}]
    save_png(image, tmp_path / "chain.png", {"model": "oil", "chain": steps})
    save_png(image, tmp_path / "odd.png", {"model": "oil", "chain": "x"})
    chain, odd = verified(capsys, tmp_path / "chain.png", tmp_path / "odd.png")
    read = "AI-generated, model oil; made from an image of model x2; made from an image of model sprites, seed 7; no"
    assert read in chain
    assert "model oil, chain x; no" in odd
