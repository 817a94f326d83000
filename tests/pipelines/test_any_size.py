"""Translators of any size: padding, tiles without seams, masks, styles, strength, two directions and scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers.configuration_utils import register_to_config
from PIL import Image
from torch import nn

from hf_genimg import ImageTranslationPipeline
from hf_genimg.models._network import TranslationNetwork
from hf_genimg.pipelines.provenance import read_provenance, save_png
from hf_genimg.pipelines.tiles import reflected, tiles


class Convolutions(TranslationNetwork):
    """Halves, convolves, doubles `scale` times more: its output depends on 9 pixels around a tile, and it counts calls.

    It takes what `takes` names: a mask as a second input, the mean of a style, a strength that multiplies.
    """

    size_multiple = 2
    halo = 9

    @register_to_config
    def __init__(
        self,
        image_size: int = 16,
        image_channels: int = 3,
        input_channels: int = 3,
        scale: int = 1,
        takes: str = "",
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(input_channels + ("mask" in takes), 8, 4, 2, 1)
        self.middle = nn.Conv2d(8, 8, 5, 1, 2, padding_mode="zeros")
        self.last = nn.ConvTranspose2d(8, image_channels, 2 * scale, 2 * scale)
        self.sizes: list[tuple[int, ...]] = []

    @property
    def scale(self) -> int:
        return self.config.scale

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
        self.sizes.append(tuple(inputs.shape[2:]))
        seen = inputs if mask is None else torch.cat([inputs, mask], 1)
        features = self.middle(self.first(seen).tanh()).tanh()
        shift = 0 if style is None else style.mean((2, 3), keepdim=True)
        return (strength * 2 * self.last(features) + shift).tanh()


def pipe_of(**config: Any) -> ImageTranslationPipeline:
    torch.manual_seed(0)
    pipe = ImageTranslationPipeline(Convolutions(**config).eval())
    pipe.set_progress_bar_config(disable=True)
    return pipe


def photo(width: int, height: int, seed: int = 0, mode: str = "RGB") -> Image.Image:
    shape = (height, width) if mode == "L" else (height, width, 3)
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def array(image: Image.Image) -> np.ndarray:
    return np.asarray(image)


@pytest.mark.parametrize("size", [(200, 130), (17, 40), (31, 31), (1, 5), (16, 16)])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_picture_comes_back_at_its_size_times_scale(size: tuple[int, int], scale: int) -> None:
    pipe = pipe_of(scale=scale)
    (made,) = pipe(photo(*size)).images
    assert made.size == (scale * size[0], scale * size[1]) and made.mode == "RGB"
    assert array(made).std() > 1
    assert pipe.capabilities.any_size and pipe.capabilities.scale == scale


def test_padding_reflects_and_does_not_move_the_picture() -> None:
    pipe, picture = pipe_of(), photo(31, 23)
    padded = np.pad(array(picture), ((0, 1), (0, 1), (0, 0)), mode="reflect")
    tensor = torch.from_numpy(padded).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        expected = pipe.generator(tensor)[:, :, :23, :31]
    made = pipe(picture, output_type="pt").images
    torch.testing.assert_close(made, ((expected + 1) / 2).clamp(0, 1))
    assert reflected(3, 8).tolist() == [0, 1, 2, 1, 0, 1, 2, 1] and reflected(1, 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("tile_size", [16, 21, 64])
def test_tiles_have_no_seams(tile_size: int, scale: int) -> None:
    pipe, picture = pipe_of(scale=scale), photo(131, 90)
    whole = pipe(picture, output_type="pt").images
    assert pipe.generator.sizes == [(90, 132)]
    pipe.generator.sizes.clear()
    tiled = pipe(picture, output_type="pt", tile_size=tile_size).images
    assert len(pipe.generator.sizes) > 1 and max(map(max, pipe.generator.sizes)) <= tile_size + 1 + 2 * 10
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-6)
    assert np.array_equal(array(pipe(picture, tile_size=tile_size).images[0]), array(pipe(picture).images[0]))


def test_a_halo_that_is_too_small_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, picture = pipe_of(), photo(64, 64)
    whole = pipe(picture, output_type="pt").images
    monkeypatch.setattr(Convolutions, "halo", 0)
    assert (pipe(picture, output_type="pt", tile_size=16).images - whole).abs().max() > 0.01


def test_tiles_cover_every_pixel_once_and_begin_at_multiples() -> None:
    for height, width, multiple, halo, size in ((64, 48, 8, 5, 16), (1024, 1544, 8, 30, None), (40, 40, 4, 0, 17)):
        kept = np.zeros((height, width), int)
        for tile in tiles(height, width, multiple, halo, size):
            kept[slice(*tile.rows), slice(*tile.columns)] += 1
            assert not any(edge % multiple for edge in (*tile.seen_rows, *tile.seen_columns))
            for kept_span, seen_span in ((tile.rows, tile.seen_rows), (tile.columns, tile.seen_columns)):
                assert seen_span[0] in (0, kept_span[0] - -(-halo // multiple) * multiple)
        assert (kept == 1).all()
    assert len(tiles(4096, 4096, 256, None, 256)) == 1 and len(tiles(1024, 1024, 1, 8)) == 1


def test_pictures_of_several_sizes_at_once() -> None:
    pipe = pipe_of()
    pictures = [photo(20, 30, 0), photo(20, 30, 1), photo(40, 18, 2), photo(20, 30, 3)]
    made = pipe(pictures).images
    assert [image.size for image in made] == [(20, 30), (20, 30), (40, 18), (20, 30)]
    assert pipe.generator.sizes == [(30, 20), (18, 40), (30, 20)]
    for picture, image in zip(pictures, made, strict=True):
        assert np.abs(array(pipe(picture).images[0]).astype(int) - array(image)).max() <= 1
    with pytest.raises(ValueError, match="images have sizes such as 40x18 and 20x30, and output_type='np' needs one"):
        pipe(pictures, output_type="np")


@pytest.mark.parametrize("tile_size", [None, 16])
@pytest.mark.parametrize("orientation", [1, 6])
def test_known_pixels_come_back_bit_for_bit(tile_size: int | None, orientation: int) -> None:
    pipe, picture = pipe_of(takes="mask"), photo(50, 37)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.info["exif"] = exif.tobytes()
    upright = picture if orientation == 1 else picture.transpose(Image.Transpose.ROTATE_270)
    hole = np.zeros((upright.height, upright.width), bool)
    hole[5:20, 10:30] = True
    mask = Image.fromarray(np.where(hole, 255, 0).astype(np.uint8))
    (made,) = pipe(picture, mask=mask, tile_size=tile_size).images
    assert made.size == upright.size
    assert np.array_equal(array(made)[~hole], array(upright)[~hole])
    assert (array(made)[hole] != array(upright)[hole]).mean() > 0.9
    tensor = torch.rand(2, 3, 37, 50) * 2 - 1
    tensor_mask = torch.zeros(2, 1, 37, 50)
    tensor_mask[:, :, 5:20, 10:30] = 1
    known = tensor_mask.expand(-1, 3, -1, -1) == 0
    assert torch.equal(
        pipe(tensor, mask=tensor_mask, output_type="pt").images[known], ((tensor + 1) * 0.5).clamp(0, 1)[known]
    )


def test_what_lies_under_the_mask_is_not_seen() -> None:
    pipe = pipe_of(takes="mask")
    mask = Image.new("L", (20, 20))
    mask.paste(255, (5, 5, 15, 15))
    one, other = photo(20, 20), photo(20, 20)
    other.paste((255, 0, 0), (5, 5, 15, 15))
    assert np.array_equal(array(pipe(one, mask=mask).images[0]), array(pipe(other, mask=mask).images[0]))


def test_a_mask_of_the_same_proportions_is_enlarged_and_a_watermark_leaves_known_pixels() -> None:
    pipe, picture = pipe_of(takes="mask"), photo(128, 96)
    mask = Image.new("L", (64, 48))
    mask.paste(255, (8, 8, 24, 24))
    pipe.network.register_to_config(image_size=64)
    pipe.set_watermark("key")
    (made,) = pipe(picture, mask=mask).images
    hole = np.zeros((96, 128), bool)
    hole[16:48, 16:48] = True
    assert np.array_equal(array(made)[~hole], array(picture)[~hole])


def test_style_strength_and_what_is_noted(tmp_path: Any) -> None:
    pipe, picture = pipe_of(takes="style strength"), photo(40, 30)
    dark, light = (Image.new("RGB", (2000, 9), level) for level in ("black", "white"))
    low, high = (pipe(picture, style=style, output_type="np").images.mean() for style in (dark, light))
    assert low < 0.3 < 0.7 < high
    both = pipe([picture, picture], style=[dark, light], output_type="np").images.mean((1, 2, 3))
    np.testing.assert_allclose(both, [low, high], atol=1e-5)
    assert pipe(picture, style=light, strength=0.0, output_type="np").images.std() < 1e-6
    able = pipe.capabilities
    assert able.style and able.strength and not able.mask and not able.reverse
    save_png(pipe(picture, style=light, strength=0.5).images[0], tmp_path / "x.png")
    note = read_provenance(tmp_path / "x.png")
    assert note["strength"] == 0.5 and "reversed" not in note and "filled_in" not in note


def test_two_directions_and_both_networks_are_named(tmp_path: Any) -> None:
    torch.manual_seed(1)
    there, back = Convolutions(image_channels=1).eval(), Convolutions(input_channels=1).eval()
    one = ImageTranslationPipeline(there)
    pipe = ImageTranslationPipeline(there, reverse_generator=back)
    assert pipe.capabilities.reverse and set(pipe.networks) == {"generator", "reverse_generator"}
    (grey,) = pipe(photo(20, 30)).images
    (colour,) = pipe(grey, reverse=True).images
    assert (grey.mode, colour.mode, colour.size) == ("L", "RGB", (20, 30))
    save_png(colour, tmp_path / "x.png")
    note = read_provenance(tmp_path / "x.png")
    assert note["reversed"] is True
    assert note["networks"] == {"generator": "Convolutions", "reverse_generator": "Convolutions"}
    assert pipe.revision != one.revision
    before = pipe.revision
    with torch.no_grad():
        back.last.bias.add_(1)
    assert pipe.revision != before
    with pytest.raises(ValueError, match="translates in one direction only; leave reverse out"):
        one(photo(20, 30), reverse=True)


MASK = Image.new("L", (20, 20), 255)


@pytest.mark.parametrize(
    ("takes", "arguments", "message"),
    [
        ("", {"mask": MASK}, "mask is given, but Convolutions takes none; leave it out"),
        ("", {"style": MASK}, "style is given, but Convolutions takes none"),
        ("", {"strength": 0.5}, "strength is given, but Convolutions has none"),
        ("", {"tile_size": 0}, "tile_size=0 is not possible"),
        ("mask", {}, "Convolutions needs a mask; give mask= as well"),
        ("mask", {"mask": Image.new("L", (20, 20))}, "mask marks nothing; make white what is to be filled in"),
        ("mask", {"mask": Image.new("L", (20, 25), 255)}, "mask is 20x25, and its image 20x20; give a mask of the"),
        ("mask", {"mask": [MASK] * 3}, "there are 3 of mask for 1 images; give one for all, or one for each"),
        ("mask", {"mask": "x.png"}, "mask is str; give a PIL image"),
        ("mask", {"mask": torch.ones(1, 3, 20, 20)}, r"mask is torch.float32 \[1, 3, 20, 20\]; give float"),
        ("style", {"style": torch.full((1, 3, 9, 9), 7.0)}, "images has values from 7 to 7"),
        ("style strength", {"style": MASK, "strength": 1.5}, "strength=1.5 is not possible; give a number from 0 to 1"),
    ],
)
def test_refusals_are_one_line_before_any_work(takes: str, arguments: dict[str, Any], message: str) -> None:
    pipe = pipe_of(takes=takes)
    with pytest.raises(ValueError, match=message) as error:
        pipe(photo(20, 20), **arguments)
    assert "\n" not in str(error.value) and not pipe.generator.sizes


def test_a_network_that_fills_in_keeps_size_and_channels() -> None:
    for config in ({"image_channels": 1}, {"scale": 2}):
        with pytest.raises(ValueError, match="Convolutions fills in, so its images must have the size and channels"):
            pipe_of(takes="mask", **config)


def test_a_network_of_one_size_gets_centre_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Convolutions, "size_multiple", 0)
    pipe = pipe_of()
    assert not pipe.capabilities.any_size
    assert pipe(photo(40, 30)).images[0].size == (16, 16)
    with pytest.raises(ValueError, match=r"this model takes float \[N, 3, 16, 16\]"):
        pipe(torch.zeros(1, 3, 20, 20))


def test_a_comparison_shows_small_inputs_as_large_as_their_targets(tmp_path: Any) -> None:
    path = pipe_of(scale=2).save_comparison(tmp_path / "x.png", torch.zeros(2, 3, 32, 32), torch.zeros(2, 3, 64, 64))
    with Image.open(path) as grid:
        assert grid.size == (3 * 66, 2 * 66)


class Whole(Convolutions):
    """Depends on all of its input."""

    halo = None


class Greedy(Whole):
    """Wants more memory than any machine has."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.empty(10**15)


def test_a_network_that_makes_no_tiles_refuses_what_is_too_large_with_a_size_that_works() -> None:
    pipe = ImageTranslationPipeline(Whole(input_channels=1))
    line = r"5000x4000 pixels are too many for Whole, .* makes no tiles; resize it to 4579x3663"
    with pytest.raises(ValueError, match=line):
        pipe(Image.new("L", (5000, 4000)))
    assert not pipe.generator.sizes, "before any work"
    assert 4579 * 3663 <= 4096**2


@pytest.mark.parametrize(("halo", "line"), [(None, "resize it to 20x15"), (9, "for the memory; give tile_size=256")])
def test_memory_that_does_not_suffice_is_one_line(halo: int | None, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Greedy, "halo", halo)
    with pytest.raises(ValueError, match=line):
        ImageTranslationPipeline(Greedy())(photo(40, 30))
