"""`hf-genimg translate` on folders, GIFs and films, with masks and styles; `sample` by name; what `verify` prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.configuration_utils import register_to_config
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from torch import nn

import hf_genimg
from hf_genimg.cli import main
from hf_genimg.commands.films import translate_gif
from hf_genimg.faults import printable
from hf_genimg.models._network import LatentNetwork, TranslationNetwork
from hf_genimg.pipelines.provenance import read_provenance


class Inverter(TranslationNetwork):
    """The negative of an image, or what its conditions say: grey in the hole, the mean of the style."""

    size_multiple, halo = 1, 0

    @register_to_config
    def __init__(
        self, image_size: int = 16, image_channels: int = 3, input_channels: int = 3, takes: str = "", sign: int = -1
    ) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    @property
    def conditions(self) -> tuple[str, ...]:
        return ("inputs", *self.config.takes.split())

    def forward(
        self,
        inputs: torch.Tensor,
        *,
        mask: torch.Tensor | None = None,
        style: torch.Tensor | None = None,
        strength: float = 1.0,
    ) -> torch.Tensor:
        if style is not None:
            return torch.lerp(inputs, style.mean((2, 3), keepdim=True).expand_as(inputs), strength)
        return (self.config.sign * self.one * inputs).clamp(-1, 1)


class Words(LatentNetwork):
    """Each image is as light as its class, or as its text is long."""

    @register_to_config
    def __init__(
        self, num_classes: int = 0, image_size: int = 16, image_channels: int = 1, latent_dim: int = 2
    ) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(1))

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        return torch.randn(num_images, 2, generator=generator)

    @property
    def conditions(self) -> tuple[str, ...]:
        return ("labels",) if self.config.num_classes else ("text",)

    def tokenize(self, prompts: list[str]) -> torch.Tensor:
        return torch.tensor([[len(prompt)] for prompt in prompts])

    def forward(
        self, latents: torch.Tensor, class_labels: torch.Tensor | None = None, *, text: torch.Tensor | None = None
    ) -> torch.Tensor:
        level = class_labels if text is None else text[:, 0]
        return (self.one * level / 10 - 1).view(-1, 1, 1, 1).expand(-1, 1, 16, 16)


@pytest.fixture(autouse=True)
def _public(monkeypatch: pytest.MonkeyPatch) -> None:
    for network in (Inverter, Words):
        monkeypatch.setattr(hf_genimg, network.__name__, network, raising=False)


def model(tmp_path: Path, takes: str = "", reverse: bool = False) -> str:
    back = Inverter(sign=1) if reverse else None
    folder = tmp_path / "models" / (takes.replace(" ", "-") or "plain")
    hf_genimg.ImageTranslationPipeline(Inverter(takes=takes), reverse_generator=back).save_pretrained(folder)
    return str(folder)


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def array(path: Path | Image.Image) -> np.ndarray:
    if isinstance(path, Image.Image):
        return np.asarray(path).astype(int)
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.strip().splitlines()) == 1
    return captured.err


def test_a_folder_keeps_names_sizes_and_what_pictures_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "photos"
    (folder / "deep/er").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for number in range(6):
        photo(20 + 7 * number, 31 - number, number).save(folder / f"{'deep/' if number % 2 else ''}{number}.png")
    levels = np.random.default_rng(9).integers(0, 65536, (10, 12), dtype=np.uint16)
    Image.fromarray(levels).save(folder / "sixteen bits.png")
    clear = photo(9, 9).convert("RGBA")
    clear.putalpha(0)
    clear.save(folder / "clear.png")
    turned, exif = photo(16, 24), Image.Exif()
    exif[0x0112] = 6
    turned.save(folder / "turned.webp", lossless=True, exif=exif)
    photo(8, 8).save(folder / "deep/er/broken exif.webp", lossless=True, exif=b"Exif\0\0junkjunkjunk")
    photo(8, 8).save(folder / ".hidden/x.png")
    (folder / "notes.txt").write_text("notes")
    assert run("translate", model(tmp_path), folder, "--out", tmp_path / "out") == 0
    assert capsys.readouterr().out == f"10 translations in {tmp_path}/out; 1 other file was left out\n"
    made = sorted(str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*.png"))
    numbered = ["0.png", "2.png", "4.png", "deep/1.png", "deep/3.png", "deep/5.png"]
    assert made == sorted([*numbered, "sixteen bits.png", "clear.png", "turned.png", "deep/er/broken exif.png"])
    for number in range(6):
        name = f"{'deep/' if number % 2 else ''}{number}.png"
        assert np.abs(255 - array(folder / name) - array(tmp_path / "out" / name)).max() <= 1
    grey = array(tmp_path / "out/sixteen bits.png")
    assert np.abs(255 - levels[..., None] / 257 - grey).max() <= 1.5
    clear = array(tmp_path / "out/clear.png")
    assert clear.shape == (9, 9, 4) and clear.max() == 0  # of white, without its colours, and as clear as it was
    expected = array(turned.transpose(Image.Transpose.ROTATE_270))
    assert np.abs(255 - expected - array(tmp_path / "out/turned.png")).max() <= 1
    assert read_provenance(tmp_path / "out/deep/1.png")["network"] == "Inverter"
    message = refusal(capsys, "translate", model(tmp_path), folder, "--out", tmp_path / "out")
    assert "exists already and is not overwritten" in message


def test_transparency_and_sixteen_bits_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(5)
    folder = tmp_path / "photos"
    folder.mkdir()
    alpha = np.full((11, 13), 255, np.uint8)
    alpha[2:5], alpha[6] = 128, 0
    picture = photo(13, 11).convert("RGBA")
    picture.putalpha(Image.fromarray(alpha))
    picture.save(folder / "half.png")
    assert run("translate", model(tmp_path, "", reverse=True), folder, "--reverse", "--out", tmp_path / "same") == 0
    same = array(tmp_path / "same/half.png")
    assert np.array_equal(same[..., 3], alpha)
    assert np.abs(same - array(picture))[alpha > 0].max() <= 2, "the colours below are not mixed with white"
    levels = random.integers(0, 65536, (10, 12), dtype=np.uint16)
    Image.fromarray(levels).save(folder / "deep.png")
    photo(5, 6).convert("L").save(folder / "flat.png")
    grey = Inverter(image_channels=1, input_channels=1)
    hf_genimg.ImageTranslationPipeline(grey).save_pretrained(tmp_path / "grey")
    capsys.readouterr()
    assert run("translate", tmp_path / "grey", folder, "--out", tmp_path / "negative") == 0
    assert "3/3" in capsys.readouterr().err
    with Image.open(tmp_path / "negative/deep.png") as made:
        assert made.mode == "I;16" and np.abs(65535 - levels.astype(int) - np.asarray(made)).max() <= 1
    assert read_provenance(tmp_path / "negative/deep.png")["translated"] is True
    for name, mode in (("half", "LA"), ("flat", "L")):
        with Image.open(tmp_path / f"negative/{name}.png") as made:
            assert made.mode == mode


def test_the_colours_of_a_picture_are_those_of_its_profile(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    clear = photo(9, 9).convert("RGBA")
    clear.save(tmp_path / "colour.png", icc_profile=profile)
    photo(9, 9).convert("L").save(tmp_path / "grey.png", icc_profile=profile[:16] + b"GRAY" + profile[20:])
    assert run("translate", model(tmp_path), tmp_path / "colour.png", tmp_path / "grey.png", "--out", tmp_path) == 0
    with Image.open(tmp_path / "colour-translated.png") as made:
        assert made.info["icc_profile"] == profile
    with Image.open(tmp_path / "grey-translated.png") as made:  # a picture in colour by now
        assert made.mode == "RGB" and "icc_profile" not in made.info


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_several_pictures_in_a_file_are_not_passed_over(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(8, 8).save(tmp_path / f"x{suffix}", save_all=True, append_images=[photo(8, 8, 1), photo(8, 8, 2)])
    message = refusal(capsys, "translate", model(tmp_path), tmp_path / f"x{suffix}", "--out", tmp_path / "out")
    assert f"x{suffix} holds 3 pictures, of which one would be used" in message
    assert not (tmp_path / "out").exists()


def test_an_animated_gif_stays_one(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (21, 14), (60 * number, 0, 0)) for number in range(4)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:], duration=[40, 80, 120, 40], loop=3)
    frames[0].save(tmp_path / "still.gif")
    assert run("translate", model(tmp_path), tmp_path / "x.gif", tmp_path / "still.gif", "--out", tmp_path / "out") == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["still-translated.png", "x-translated.gif"]
    with Image.open(tmp_path / "out/x-translated.gif") as made:
        assert (made.n_frames, made.size, made.info["loop"]) == (4, (21, 14), 3)
        assert json.loads(made.info["comment"])["Source"] == "AI-generated"
        for number, duration in enumerate([40, 80, 120, 40]):
            made.seek(number)
            assert made.info["duration"] == duration
            assert np.abs(array(made.convert("RGB"))[5, 5] - [255 - 60 * number, 255, 255]).max() <= 8


def test_frames_of_a_gif_do_not_pile_up(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (9, 7), (20 * number, 0, 0)) for number in range(12)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    made: list[weakref.ref] = []

    def translate(frame: Image.Image) -> Image.Image:
        assert sum(each() is not None for each in made) <= 3, "of all frames, those that are being written"
        result = frame.convert("RGB")
        made.append(weakref.ref(result))
        return result

    assert translate_gif(tmp_path / "x.gif", tmp_path / "y.gif", translate) == len(made) == 12
    with Image.open(tmp_path / "y.gif") as found:
        assert found.n_frames == 12


def film(path: Path, size: tuple[int, int] = (64, 48), sound: bool = True) -> None:
    """Eight frames, each lighter than the last, at 24 a second with a tone."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=24, options={"crf": "1"})
        video.width, video.height, video.pix_fmt = *size, "yuv444p" if size[0] % 2 else "yuv420p"
        audio = container.add_stream("aac", rate=16000) if sound else None
        for number in range(8):
            image = Image.new("RGB", size, (30 * number,) * 3)
            container.mux(video.encode(av.VideoFrame.from_image(image)))
        container.mux(video.encode())
        for start in range(0, 5120 if sound else 0, 1024):
            wave = np.sin(np.arange(start, start + 1024) / 5).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, start
            container.mux(audio.encode(frame))
        if sound:
            container.mux(audio.encode())


def seen(path: Path) -> dict[str, Any]:
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        frames = [(float(f.pts * f.time_base), f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
        stream = container.streams.video[0]
        found = {"frames": frames, "rate": stream.average_rate, "size": (stream.width, stream.height)}
        found["comment"] = container.metadata.get("comment")
    with av.open(str(path)) as container:
        sound = container.streams.audio
        return {**found, "sound": sum(frame.samples for frame in container.decode(audio=0)) if sound else 0}


@pytest.mark.parametrize(("size", "sound"), [((64, 48), True), ((33, 21), False)])
def test_a_film_keeps_its_rate_its_sound_and_its_size(
    size: tuple[int, int], sound: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film(tmp_path / "x.mp4", size, sound)
    assert run("translate", model(tmp_path), tmp_path / "x.mp4", "--out", tmp_path / "out") == 0
    captured = capsys.readouterr()
    assert captured.out == f"1 translation (8 frames) in {tmp_path}/out\n" and "8/8" in captured.err
    before, after = seen(tmp_path / "x.mp4"), seen(tmp_path / "out/x-translated.mp4")
    assert before["size"] == after["size"] == size and before["rate"] == after["rate"] == 24
    assert before["sound"] == after["sound"] and bool(after["sound"]) == sound
    assert [time for time, _ in before["frames"]] == [time for time, _ in after["frames"]]
    levels = [(one, other) for (_, one), (_, other) in zip(before["frames"], after["frames"], strict=True)]
    assert all(abs(255 - one - other) < 8 for one, other in levels)
    assert json.loads(after["comment"])["translated"] is True
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["x-translated.mp4"]


def test_films_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.mp4").write_bytes(b"nothing" * 100)
    message = refusal(capsys, "translate", model(tmp_path), tmp_path / "x.mp4", "--out", tmp_path / "out")
    assert f"{tmp_path}/x.mp4 is not a film that can be read" in message
    film(tmp_path / "y.mp4")
    whole = (tmp_path / "y.mp4").read_bytes()
    (tmp_path / "y.mp4").write_bytes(whole[: len(whole) // 2])
    refusal(capsys, "translate", model(tmp_path), tmp_path / "y.mp4", "--out", tmp_path / "out")
    out = tmp_path / "out.mp4"
    assert "is the name of a film, and a folder is wanted" in refusal(
        capsys, "translate", model(tmp_path), tmp_path / "y.mp4", "--out", out
    )
    assert not (tmp_path / "out").exists()


def test_masks_styles_strength_and_reverse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture, folder = photo(20, 14), tmp_path / "photos"
    folder.mkdir()
    picture.save(folder / "a.png")
    hole = np.zeros((14, 20), np.uint8)
    hole[3:7, 4:9] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    (tmp_path / "masks").mkdir()
    Image.fromarray(hole).save(tmp_path / "masks/a.bmp")
    filler = model(tmp_path, "mask")
    for number, mask in enumerate(("mask.png", "masks")):
        out = tmp_path / f"filled-{number}"
        assert run("translate", filler, folder, "--mask", tmp_path / mask, "--out", out) == 0
        made = array(out / "a.png")
        assert np.array_equal(made[hole == 0], array(picture)[hole == 0])
        assert (np.abs(made[hole > 0] - 127.5) <= 1).all()
    (tmp_path / "masks/a.bmp").rename(tmp_path / "masks/b.bmp")
    arguments = ["translate", filler, folder, "--out", tmp_path / "none"]
    assert "holds no mask called a, for" in refusal(capsys, *arguments, "--mask", tmp_path / "masks")
    assert f"{filler} needs --mask: what to fill in, white" in refusal(capsys, *arguments)
    Image.new("RGB", (300, 5), (10, 200, 30)).save(tmp_path / "style.png")
    styler = model(tmp_path, "style strength")
    style = ["--style", tmp_path / "style.png"]
    assert run("translate", styler, folder, *style, "--strength", "0.5", "--out", tmp_path / "styled") == 0
    half = (array(picture) + np.array([10, 200, 30])) / 2
    assert np.abs(array(tmp_path / "styled/a.png") - half).max() <= 1.5
    both = model(tmp_path, "", reverse=True)
    assert run("translate", both, folder, "--reverse", "--out", tmp_path / "back") == 0
    assert np.array_equal(array(tmp_path / "back/a.png"), array(picture))
    hf_genimg.ImageTranslationPipeline(Inverter()).save_pretrained(tmp_path / "one way")
    for option, message in (
        (["--mask", tmp_path / "mask.png"], "takes no mask, for it fills nothing in; leave out --mask"),
        (style, "takes no style; leave out --style"),
        (["--strength", "0.5"], "has no strength to set; leave out --strength 0.5"),
        (["--reverse"], "translates in one direction only; leave out --reverse"),
    ):
        found = refusal(capsys, "translate", tmp_path / "one way", folder, "--out", tmp_path / "none", *option)
        assert f"{tmp_path / 'one way'} {message}" in found
    assert not (tmp_path / "none").exists()


def test_sample_takes_names_and_prompts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = Words(num_classes=11)
    named.register_to_config(class_names=[str(number) for number in range(10)] + ["big cat"])
    hf_genimg.ImageGenerationPipeline(named).save_pretrained(tmp_path / "named")
    hf_genimg.TextToImagePipeline(Words()).save_pretrained(tmp_path / "text")
    for label, level in (("big cat", 10), ("3", 3)):
        assert run("sample", tmp_path / "named", "--label", label, "--out", tmp_path / f"{label}.png") == 0
        assert abs(array(tmp_path / f"{label}.png")[0, 0] - level * 12.75) < 1
    assert run("sample", tmp_path / "text", "--prompt", "four", "--num", 4, "--out", tmp_path / "four.png") == 0
    assert read_provenance(tmp_path / "four.png")["prompt"] == "four"
    capsys.readouterr()
    for options, message in (
        (
            ["named", "--label", "big cats"],
            "there is no class 'big cats'; did you mean 'big cat'?; the classes are 0, 1",
        ),
        (["named", "--prompt", "four"], "prompt is given, but Words is not conditioned on text"),
        (["text"], "prompt=None is not possible: Words needs a text"),
        (["named", "--mix-seed", "3"], "Words mixes no styles"),
    ):
        assert message in refusal(capsys, "sample", tmp_path / options[0], *options[1:], "--out", tmp_path / "x.png")


def test_what_a_png_says_cannot_pass_for_another_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = PngInfo()
    forged = "x\nreal.png: provenance: none\x1b[2K\r\u202e\u2028"
    info.add_text("hf_genimg", json.dumps({"model": forged}))
    Image.new("L", (64, 64)).save(tmp_path / "x.png", pnginfo=info)
    assert run("verify", tmp_path / "x.png") == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and r"x\nreal.png" in out and r"\x1b[2K\r\u202e\u2028" in out
    assert printable("é 猫 \x07") == "é 猫 \\x07"


@pytest.mark.parametrize("command", ["verify", "translate", "classify"])
def test_no_other_program_is_started_and_only_files_are_read(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("x.png", "pipe.png"):
        arguments = [] if command == "verify" else [model(tmp_path)]
        out = [] if command in ("verify", "classify") else ["--out", tmp_path / "out"]
        message = refusal(capsys, command, *arguments, tmp_path / name, *out)
        assert f"{tmp_path / name} is not a picture that can be read" in message


@pytest.mark.skipif(sys.platform == "win32", reason="names are text there")
def test_any_encoding_of_the_output_and_any_name(tmp_path: Path) -> None:
    """A run of seconds in a process of its own, whose output takes ASCII only and whose folder is no UTF-8."""
    out = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \xe7\x8c\xab")
    command = [sys.executable, "-m", "hf_genimg.cli", "train", "mlp_gan", "--smoke", "images=32", "--out", out]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert rb"caf\udce9 \u732b: the model in pipeline/" in done.stdout
    assert Path(out, "README.md").is_file()
