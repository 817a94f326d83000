"""The transformer prior: what it may look at, its cache, how it chooses, and that seeds name images."""

from __future__ import annotations

import pytest
import torch

import hf_genimg
from hf_genimg.models.token_prior import choose


@pytest.fixture
def prior() -> hf_genimg.TokenPrior:
    torch.manual_seed(0)
    prior = hf_genimg.TokenPrior(tokens=7, codebook_size=5, num_classes=3, width=8, depth=2, heads=2).eval()
    for parameter in prior.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return prior


def test_a_token_depends_on_those_before_it_and_on_the_class(prior: hf_genimg.TokenPrior) -> None:
    tokens, labels = torch.randint(5, (2, 7)), torch.tensor([0, 2])
    logits = prior.logits(tokens, labels)
    changed = tokens.clone()
    changed[:, 4] = (changed[:, 4] + 1) % 5
    other = prior.logits(changed, labels)
    torch.testing.assert_close(other[:, :5], logits[:, :5])
    assert (other[:, 5] - logits[:, 5]).abs().max() > 1e-3
    assert (prior.logits(tokens, torch.tensor([1, 2]))[0, 0] - logits[0, 0]).abs().max() > 1e-3


def test_the_likelihood_is_the_sum_over_tokens(prior: hf_genimg.TokenPrior) -> None:
    tokens, labels = torch.randint(5, (2, 7)), torch.tensor([0, 2])
    chosen = prior.logits(tokens, labels).log_softmax(2).gather(2, tokens[:, :, None])
    torch.testing.assert_close(prior(tokens, labels), chosen.sum((1, 2)))


def test_the_cache_changes_nothing(prior: hf_genimg.TokenPrior) -> None:
    """Each sampled token is the one that the logits of the whole sequence choose."""
    labels, generators = torch.tensor([0, 1, 2]), [torch.Generator().manual_seed(seed) for seed in (3, 4, 5)]
    uniform = torch.stack([torch.rand(7, generator=torch.Generator().manual_seed(seed)) for seed in (3, 4, 5)])
    tokens = prior.sample_latents(3, generators, labels)
    logits = prior.logits(tokens, labels)[:, :, :5]
    for place in range(7):
        assert torch.equal(choose(logits[:, place], uniform[:, place], 1.0, None, 1.0), tokens[:, place])


def test_a_seed_names_the_tokens_whatever_the_batch(prior: hf_genimg.TokenPrior) -> None:
    def generators() -> list[torch.Generator]:
        return [torch.Generator().manual_seed(seed) for seed in range(4)]

    labels = torch.tensor([0, 1, 2, 0])
    together = prior.sample_latents(4, generators(), labels)
    alone = [prior.sample_latents(1, [g], labels[i : i + 1]) for i, g in enumerate(generators())]
    assert torch.equal(together, torch.cat(alone))


def test_choices_have_the_probabilities_of_the_softmax() -> None:
    logits = torch.tensor([[0.0, 1.0, -1.0, 0.5]])
    uniform = torch.rand(20_000, generator=torch.Generator().manual_seed(0))

    def shares(*settings: float | None) -> torch.Tensor:
        tokens = choose(logits.expand(20_000, 4), uniform, *settings)
        return torch.bincount(tokens, minlength=4) / 20_000

    def close(measured: torch.Tensor, expected: torch.Tensor) -> bool:
        return (measured - expected).abs().max() < 0.02

    exact = logits[0].softmax(0)  # 0.197 0.535 0.072 0.325 of the same order as the sum of these
    assert close(shares(1.0, None, 1.0), exact)
    assert close(shares(0.5, None, 1.0), (logits[0] / 0.5).softmax(0))
    two = exact * torch.tensor([0, 1, 0, 1])
    assert close(shares(1.0, 2, 1.0), two / two.sum())
    assert shares(1.0, 1, 1.0)[1] == 1
    most = exact[1].item()
    assert shares(1.0, None, most - 0.01)[1] == 1  # the first token alone has enough
    assert close(shares(1.0, None, most + 0.01), two / two.sum())  # the second is needed as well


def test_the_last_token_is_chosen_at_the_end_of_the_interval() -> None:
    tokens = choose(torch.tensor([[0.0, -1.0], [0.0, -200.0]]), torch.tensor([1 - 2**-24] * 2), 1.0, None, 1.0)
    assert tokens.tolist() == [1, 0]  # and never one whose probability is 0


def test_settings_of_the_config_hold_unless_given(prior: hf_genimg.TokenPrior) -> None:
    labels = torch.tensor([0, 1])

    def sampled(**settings: float) -> torch.Tensor:
        return prior.sample_latents(2, [torch.Generator().manual_seed(seed) for seed in (0, 1)], labels, **settings)

    greedy = sampled(top_k=1)
    assert not torch.equal(sampled(), greedy)
    prior.register_to_config(top_k=1)
    assert torch.equal(sampled(), greedy)


def test_impossible_settings_are_refused(prior: hf_genimg.TokenPrior) -> None:
    for settings, line in {
        ("temperature", -1.0): "temperature=-1.0 must be above 0",
        ("top_k", -2): "top_k=-2 must be at least 1, or none for all",
        ("top_p", 1.5): "top_p=1.5 must be above 0 and at most 1",
    }.items():
        with pytest.raises(ValueError, match=line):
            prior.sample_latents(1, None, torch.tensor([0]), **dict([settings]))
        with pytest.raises(ValueError, match=line):
            hf_genimg.TokenPrior(**dict([settings]))
    with pytest.raises(ValueError, match="width=10 must be a multiple of heads=4"):
        hf_genimg.TokenPrior(width=10)
    with pytest.raises(ValueError, match="this network is conditional"):
        prior.sample_latents(1)
