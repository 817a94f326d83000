"""Configs of imported networks: any chain of known layers, and one line for what cannot be built."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hf_genimg import ImportedClassifier, ImportedGenerator


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        (["convolution", 1], "a layer \"\\['convolution', 1\\]\" is not known; use one of linear, conv"),
        ([], "is not known"),
        ("relu", "is not known"),
        ([["relu"]], "is not known"),
        (["linear", 4], "cannot be built: .*missing 2 required"),
        (["linear", -4, 4, True], "cannot be built: "),
        (["conv", 3, 4, "x", 1, 0, True], "cannot be built: "),
        (["norm", 10**30, 1e-5], "cannot be built: "),
    ],
)
def test_layers_that_cannot_be_built_are_one_line(layer: Any, line: str) -> None:
    with pytest.raises(ValueError, match=line) as error:
        ImportedGenerator(8, 1, 4, layers=[layer])
    assert "\n" not in str(error.value)


def test_a_chain_is_what_its_config_spells() -> None:
    torch.manual_seed(0)
    layers = [["linear", 4, 64, False], ["relu"], ["unflatten", 1, 8], ["scale", [2.0], [-1.0]]]
    network, latents = ImportedGenerator(8, 1, 4, layers=layers), torch.randn(3, 4)
    expected = 2 * (latents @ network.chain[0].weight.T).relu().view(3, 1, 8, 8) - 1
    torch.testing.assert_close(network(latents), expected)


def test_names_of_the_classes_are_those_of_the_config() -> None:
    assert ImportedClassifier(8, 1, 2, class_names=["owl", "fox"]).class_names == ["owl", "fox"]
    assert ImportedClassifier(8, 1, 2).class_names == []
