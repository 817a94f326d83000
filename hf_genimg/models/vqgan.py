"""VQGAN (arXiv:2012.09841, table 7; layers as in the authors' code): residual blocks and attention around a codebook.

Encoder and decoder are those of diffusers' VQModel, which has the authors' layers, so weights are exchanged with it.
"""

from __future__ import annotations

import torch
from diffusers import VQModel
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import Decoder, Encoder
from torch import nn

from ..layers.codebook import make_quantizer
from ..layers.initialisation import dcgan_initialisation
from ._network import Network
from ._tokens import TokenNetwork
from .pix2pix import patch_layers

EMBEDDING = "quantize.embedding.weight"  # VQModel's name of the codebook


class VQGAN(TokenNetwork):
    """Levels of residual blocks, halved between, to a map of vectors, which are quantized; the same back."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,  # pixels a side
        image_channels: int = 3,  # 1 grey, 3 colour
        latent_dim: int = 256,  # dimensions of a code
        width: int = 128,  # channels of the first level, a multiple of groups
        multipliers: list[int] = [1, 1, 2, 2, 4],  # noqa: B006 (a config value) channels of each level over width
        blocks: int = 2,  # residual blocks of a level; one more in the decoder
        attention_sizes: list[int] = [16],  # noqa: B006 sizes of maps that have attention, besides the middle
        latent_channels: int = 256,  # of the map that becomes vectors
        codebook_size: int = 1024,
        quantizer: str = "loss",  # a codebook that moves by ema or by loss, or levels such as 8,6,5
        groups: int = 32,  # of the norms
    ) -> None:
        super().__init__()
        if image_size % 2 ** (len(multipliers) - 1):
            raise ValueError(f"image_size={image_size} must be a multiple of {2 ** (len(multipliers) - 1)}")
        if width % groups:
            raise ValueError(f"width={width} must be a multiple of groups={groups}")
        self.codebook = make_quantizer(quantizer, codebook_size, latent_dim)
        self.register_to_config(codebook_size=self.codebook.size)
        shape = self._shape()
        down, up = shape.pop("down_block_types"), shape.pop("up_block_types")
        self.encoder = Encoder(image_channels, latent_channels, down_block_types=down, double_z=False, **shape)
        self.quant_conv = nn.Conv2d(latent_channels, self.codebook.dim, 1)
        self.post_quant_conv = nn.Conv2d(self.codebook.dim, latent_channels, 1)
        self.decoder = Decoder(latent_channels, image_channels, up_block_types=up, **shape)

    def _shape(self) -> dict[str, object]:
        """What encoder and decoder share, as diffusers calls it."""
        config = self.config
        sizes = [config.image_size // 2**level for level in range(len(config.multipliers))]
        attends = [size in config.attention_sizes for size in sizes]
        return {
            "down_block_types": ["AttnDownEncoderBlock2D" if each else "DownEncoderBlock2D" for each in attends],
            "up_block_types": ["AttnUpDecoderBlock2D" if each else "UpDecoderBlock2D" for each in reversed(attends)],
            "block_out_channels": [config.width * multiplier for multiplier in config.multipliers],
            "layers_per_block": config.blocks,
            "norm_num_groups": config.groups,
        }

    @property
    def token_side(self) -> int:
        """Rows and columns of the tokens of an image."""
        return self.config.image_size // 2 ** (len(self.config.multipliers) - 1)

    @property
    def last_weight(self) -> torch.Tensor:
        """The weight of the last convolution, whose gradients balance the losses (arXiv:2012.09841, eq. 7)."""
        return self.decoder.conv_out.weight

    def vectors(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns what is quantized: float [N, D, h, w]."""
        return self.quant_conv(self.encoder(images))

    def pixels(self, vectors: torch.Tensor) -> torch.Tensor:
        """vectors: float [N, D, h, w]. Returns images, float [N, C, H, W], which may leave [-1, 1]."""
        return self.decoder(self.post_quant_conv(vectors))

    def to_diffusers(self) -> VQModel:
        """The same network as diffusers' VQModel, for `save_pretrained` and everything else of diffusers.

        Raises `ValueError` where the vectors are not of a codebook.
        """
        if not self.codebook.learned:
            raise ValueError(f"quantizer={self.config.quantizer} has no codebook, which diffusers' VQModel needs")
        config = self.config
        model = VQModel(
            in_channels=config.image_channels,
            out_channels=config.image_channels,
            latent_channels=config.latent_channels,
            sample_size=config.image_size,
            num_vq_embeddings=config.codebook_size,
            vq_embed_dim=config.latent_dim,
            **self._shape(),
        )
        state = {key: tensor for key, tensor in self.state_dict().items() if not key.startswith("codebook.")}
        model.load_state_dict({**state, EMBEDDING: self.codebook.vectors.detach().clone()})
        return model.to(self.dtype).eval()

    @classmethod
    def from_diffusers(cls, model: VQModel) -> VQGAN:
        """A VQModel of diffusers with images of its `sample_size`, as a first stage of ours.

        Raises `ValueError` for one whose layers are not those of a VQGAN.
        """
        config = model.config
        widths, size = list(config.block_out_channels), config.sample_size
        attends = [kind.startswith("Attn") for kind in config.down_block_types]
        network = cls(
            image_size=size,
            image_channels=config.in_channels,
            latent_dim=config.vq_embed_dim or config.latent_channels,
            width=widths[0],
            multipliers=[width // widths[0] for width in widths],
            blocks=config.layers_per_block,
            attention_sizes=[size // 2**level for level, attend in enumerate(attends) if attend],
            latent_channels=config.latent_channels,
            codebook_size=config.num_vq_embeddings,
            groups=config.norm_num_groups,
        )
        state = dict(model.state_dict())
        given = {**state, "codebook.vectors": state.pop(EMBEDDING)}
        given.pop(EMBEDDING, None)
        own = network.state_dict()
        unlike = [key for key in own if not key.startswith("codebook.usage") and key not in given]
        unlike += [key for key, tensor in given.items() if key not in own or own[key].shape != tensor.shape]
        if unlike or config.norm_type != "group" or config.act_fn != "silu":
            raise ValueError(f"this VQModel has other layers than a VQGAN: {', '.join(sorted(unlike)[:3]) or 'norms'}")
        network.load_state_dict(given, strict=False)
        return network.to(model.dtype).eval()


class VQGANDiscriminator(Network):
    """A logit for each patch of an image (arXiv:1611.07004, section 3.2.2)."""

    @register_to_config
    def __init__(
        self,
        image_size: int = 256,
        image_channels: int = 3,
        width: int = 64,  # channels of the first map
        stages: int = 3,  # 1, 2 or 3 for patches of 16, 34 or 70 pixels
    ) -> None:
        super().__init__()
        if stages < 1 or image_size >> stages < 4:
            raise ValueError(f"stages={stages} is not possible with image_size={image_size}; use fewer, at least 1")
        self.layers = patch_layers(image_channels, width, stages, nn.BatchNorm2d)
        self.apply(dcgan_initialisation)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images: float [N, C, H, W] in [-1, 1]. Returns logits, positive for "real": float [N, h, w]."""
        return self.layers(images).squeeze(1)
