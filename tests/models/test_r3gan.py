"""R3GAN's stages: how many channels each has."""

import pytest

from hf_genimg.models.r3gan import stage_widths


@pytest.mark.parametrize(
    ("image_size", "width", "widest", "widths"),
    [
        (32, 768, 32, [768, 768, 768, 768]),  # 4, 8, 16, 32 pixels: the paper's for CIFAR-10
        (256, 768, 32, [768, 768, 768, 768, 384, 192, 96]),  # the paper's for FFHQ-256
        (28, 64, 8, [64, 32, 16]),  # 7, 14, 28 pixels
        (32, 64, 8, [64, 64, 32, 16]),
        (8, 8, 4, None),
        (8, 8, 0, None),
        (64, 24, 32, None),
        (30, 64, 8, None),
    ],
)
def test_large_maps_have_fewer_channels(image_size: int, width: int, widest: int, widths: list[int] | None) -> None:
    if widths is not None:
        assert stage_widths(image_size, width, widest) == widths
        return
    with pytest.raises(ValueError, match=r"^(image_size|width|widest)=\d+ (is not a size|must be)"):
        stage_widths(image_size, width, widest)
