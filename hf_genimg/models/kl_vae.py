"""The autoencoder of latent diffusion with a KL divergence (arXiv:2112.10752, table 8): latents are a map.

Encoder and decoder are those of diffusers' AutoencoderKL, so weights are exchanged with it.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import Decoder, DiagonalGaussianDistribution, Encoder
from torch import nn

from ..layers.latents import check_latent_distribution
from ._network import LatentNetwork

# What diffusers can set and this network has not: its config must have these values.
FIXED = {"act_fn": "silu", "mid_block_add_attention": True, "latents_mean": None, "latents_std": None}


class KLVAE(LatentNetwork):
    """Levels of residual blocks, halved between, to the mean and variance of a map of latents; the same back.

    Its latents are the map flattened, channel by channel; sampled, they are divided by `scaling_factor` and raised by
    `shift_factor`, by which diffusers brings the latents of images to the standard normal.
    """

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 4096,  # numbers in the map: its channels, here 4, times its height and width, here 32
        width: int = 128,  # channels of the first level, a multiple of groups
        multipliers: list[int] = [1, 2, 4, 4],  # noqa: B006 (a config value) channels of each level over width
        blocks: int = 2,  # residual blocks of a level; one more in the decoder
        groups: int = 32,  # of the norms
        mixing: bool = True,  # 1x1 convolutions beside the latents
        scaling_factor: float = 1.0,
        shift_factor: float | None = None,
        latent_distribution: str = "normal",  # the prior p(z)
    ) -> None:
        super().__init__()
        check_latent_distribution(latent_distribution)
        step = 2 ** (len(multipliers) - 1)
        if image_size % step:
            raise ValueError(f"image_size={image_size} must be a multiple of {step}")
        if width % groups:
            raise ValueError(f"width={width} must be a multiple of groups={groups}")
        if latent_dim < 1 or latent_dim % self.side**2:
            raise ValueError(f"latent_dim={latent_dim} must be a multiple of {self.side**2}, for maps of {self.side}")
        channels, shape = latent_dim // self.side**2, self._shape()
        down, up = shape.pop("down_block_types"), shape.pop("up_block_types")
        self.encoder = Encoder(image_channels, channels, down_block_types=down, double_z=True, **shape)
        self.decoder = Decoder(channels, image_channels, up_block_types=up, **shape)
        self.quant_conv = nn.Conv2d(2 * channels, 2 * channels, 1) if mixing else nn.Identity()
        self.post_quant_conv = nn.Conv2d(channels, channels, 1) if mixing else nn.Identity()

    @property
    def side(self) -> int:
        """Height and width of the map of latents."""
        return self.config.image_size // 2 ** (len(self.config.multipliers) - 1)

    def _shape(self) -> dict[str, object]:
        """What encoder and decoder share, as diffusers calls it."""
        config = self.config
        return {
            "down_block_types": ["DownEncoderBlock2D"] * len(config.multipliers),
            "up_block_types": ["UpDecoderBlock2D"] * len(config.multipliers),
            "block_out_channels": [config.width * multiplier for multiplier in config.multipliers],
            "layers_per_block": config.blocks,
            "norm_num_groups": config.groups,
        }

    def encode(self, images: torch.Tensor) -> DiagonalGaussianDistribution:
        """images: float [N, C, H, W] in [-1, 1]. Returns the posterior q(z | x) over float [N, latent_dim]."""
        return DiagonalGaussianDistribution(self.quant_conv(self.encoder(images)).flatten(1))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """latents: float [N, latent_dim]. Returns images: float [N, C, H, W], in [-1, 1] in eval mode; in training as
        they are, so that every pixel has a gradient.
        """
        images = self.decoder(self.post_quant_conv(latents.unflatten(1, (-1, self.side, self.side))))
        return images if self.training else images.clamp(-1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns reconstructions through the posterior mean, likewise."""
        return self.decode(self.encode(images).mean)

    def sample_latents(self, num_images: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Sample float [num_images, latent_dim]."""
        return super().sample_latents(num_images, generator) / self.config.scaling_factor + (
            self.config.shift_factor or 0.0
        )

    def to_diffusers(self) -> AutoencoderKL:
        """The same network as diffusers' AutoencoderKL, for `save_pretrained` and everything else of diffusers."""
        config = self.config
        model = AutoencoderKL(
            in_channels=config.image_channels,
            out_channels=config.image_channels,
            latent_channels=config.latent_dim // self.side**2,
            sample_size=config.image_size,
            scaling_factor=config.scaling_factor,
            shift_factor=config.shift_factor,
            use_quant_conv=config.mixing,
            use_post_quant_conv=config.mixing,
            **self._shape(),
        )
        model.load_state_dict(self.state_dict())
        return model.to(self.dtype).eval()

    @classmethod
    def from_diffusers(cls, model: AutoencoderKL, image_size: int | None = None) -> KLVAE:
        """An AutoencoderKL of diffusers as an autoencoder of ours, for images of its `sample_size`, or of `image_size`.

        Raises `ValueError` for one whose layers are not those of this network.
        """
        config, widths = model.config, list(model.config.block_out_channels)
        side = (image_size or config.sample_size) // 2 ** (len(widths) - 1)
        unlike = [f"{name}={config[name]}" for name, value in FIXED.items() if config[name] != value]
        if config.use_quant_conv != config.use_post_quant_conv or config.in_channels != config.out_channels:
            unlike.append("another form of its images or of its latents on each side")
        if unlike or any(width % widths[0] for width in widths):
            raise ValueError(f"this AutoencoderKL has other layers than a KLVAE: {', '.join(unlike) or widths}")
        network = cls(
            image_size=image_size or config.sample_size,
            image_channels=config.in_channels,
            latent_dim=config.latent_channels * side**2,
            width=widths[0],
            multipliers=[width // widths[0] for width in widths],
            blocks=config.layers_per_block,
            groups=config.norm_num_groups,
            mixing=config.use_quant_conv,
            scaling_factor=config.scaling_factor,
            shift_factor=config.shift_factor,
        )
        state = model.state_dict()
        if state.keys() != network.state_dict().keys():
            other = sorted(state.keys() ^ network.state_dict().keys())
            raise ValueError(f"this AutoencoderKL has other layers than a KLVAE: {', '.join(other[:3])}")
        network.load_state_dict(state)
        return network.to(model.dtype).eval()
