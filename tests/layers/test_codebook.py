"""Quantizers: nearest codes, straight-through gradients, the moving average against its definition, restarts, FSQ."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from hf_genimg.layers.codebook import (
    DECAY,
    LAPLACE,
    Codebook,
    FiniteScalars,
    draw_tokens,
    make_quantizer,
    perplexity,
)


@pytest.fixture
def codebook() -> Codebook:
    torch.manual_seed(0)
    return Codebook(6, 3)


def update(codebook: Codebook, vectors: torch.Tensor) -> None:
    """One update of the training loop."""
    codebook.gathered.zero_()
    codebook.usage.gathered.zero_()
    codebook(vectors)
    codebook.after_update()


def test_each_vector_gets_the_nearest_code(codebook: Codebook) -> None:
    vectors = torch.randn(2, 3, 4, 5)
    code = codebook(vectors)
    flat = vectors.movedim(1, 3).reshape(-1, 1, 3)
    brute = (flat - codebook.vectors).square().sum(2).argmin(1).view(2, 4, 5)
    assert torch.equal(code.tokens, brute)
    torch.testing.assert_close(code.vectors, codebook.lookup(code.tokens))


@pytest.mark.parametrize("quantizer", ["ema", "loss", "5,4,3"])
def test_gradients_pass_straight_through(quantizer: str) -> None:
    torch.manual_seed(0)
    layer = make_quantizer(quantizer, 6, 3)
    vectors = (0.1 * torch.randn(2, 3, 4, 4)).requires_grad_()
    weights = torch.randn(2, 3, 4, 4)
    (gradient,) = torch.autograd.grad((layer(vectors).vectors * weights).sum(), vectors)
    if quantizer in ("ema", "loss"):
        torch.testing.assert_close(gradient, weights)
    else:  # that of the bounding function
        half, offset = torch.tensor([4, 3, 2]) * 1.001 / 2, torch.tensor([0.0, 0.5, 0.0])
        slope = half / torch.tensor([2, 2, 1]) * (1 - (vectors.movedim(1, 3) + (offset / half).atanh()).tanh() ** 2)
        torch.testing.assert_close(gradient, weights * slope.movedim(3, 1))


def test_a_codebook_of_the_loss_has_gradients_and_one_of_the_average_has_none() -> None:
    vectors = torch.randn(2, 3, 4, 4)
    learned = Codebook(6, 3, "loss")
    learned(vectors).nearest.sum().backward()
    assert learned.vectors.grad.abs().sum() > 0
    assert not list(Codebook(6, 3).parameters())


def test_the_average_is_corrected_for_its_start_and_smoothed(codebook: Codebook) -> None:
    """Appendix A.1, by hand over two updates: after the first, a code is the mean of what was assigned to it."""
    counts, sums, codes = torch.zeros(6), torch.zeros(6, 3), codebook.vectors.clone()
    for number in range(1, 3):
        vectors = torch.randn(4, 3, 5, 5)
        flat = vectors.movedim(1, 3).reshape(-1, 3)
        tokens = (flat[:, None] - codes).square().sum(2).argmin(1)
        one_hot = torch.nn.functional.one_hot(tokens, 6).float()
        counts = DECAY * counts + (1 - DECAY) * one_hot.sum(0)
        sums = DECAY * sums + (1 - DECAY) * one_hot.T @ flat
        corrected, total = counts / (1 - DECAY**number), (counts / (1 - DECAY**number)).sum()
        codes = sums / (1 - DECAY**number) / ((corrected + LAPLACE) / (total + 6 * LAPLACE) * total)[:, None]
        if number == 1:
            torch.testing.assert_close(codes[tokens[0]], flat[tokens == tokens[0]].mean(0), rtol=1e-4, atol=1e-5)
        update(codebook, vectors)
        torch.testing.assert_close(codebook.vectors, codes, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(codebook.usage.per_update, corrected, rtol=1e-4, atol=1e-4)  # not the smoothed counts


def test_eval_mode_counts_nothing(codebook: Codebook) -> None:
    codebook.eval()
    codebook(torch.randn(2, 3, 4, 4))
    assert not codebook.gathered.any() and not codebook.usage.gathered.any()


def test_dead_codes_move_to_candidates_and_live_ones_stay(codebook: Codebook) -> None:
    update(codebook, codebook.vectors[:2].T.reshape(1, 3, 1, 2).expand(4, 3, 1, 2))
    before, candidates = codebook.vectors.clone(), torch.randn(6, 3)
    codebook.restart(candidates, below=0.1)
    torch.testing.assert_close(codebook.vectors[:2], before[:2])
    torch.testing.assert_close(codebook.vectors[2:], candidates[2:])
    counts = codebook.usage.per_update
    torch.testing.assert_close(counts[2:], torch.full((4,), 8 / 6))
    update(codebook, candidates[2:3].T.reshape(1, 3, 1, 1))
    torch.testing.assert_close(codebook.vectors[2], candidates[2], rtol=1e-3, atol=1e-3)  # its sum moved along


def test_the_perplexity_counts_the_codes_in_use(codebook: Codebook) -> None:
    assert codebook.usage.perplexity == pytest.approx(6)  # before training all are alike
    update(codebook, codebook.vectors[:3].T.reshape(1, 3, 1, 3))
    assert codebook.usage.perplexity == pytest.approx(3, abs=1e-3)
    assert perplexity(torch.tensor([0.5, 0.25, 0.25, 0])) == pytest.approx(math.exp(1.5 * math.log(2)))


def test_finite_scalars_reach_every_token_and_read_it_back() -> None:
    layer = FiniteScalars((4, 3))
    values = torch.tensor(list(itertools.product(torch.linspace(-9, 9, 61).tolist(), repeat=2)))
    code = layer(values.T.reshape(1, 2, 1, -1))
    assert set(code.tokens.flatten().tolist()) == set(range(12))
    torch.testing.assert_close(layer.lookup(code.tokens), code.vectors.detach())
    levels = [sorted(set(code.vectors[0, place].flatten().tolist())) for place in range(2)]
    assert levels == [[-1.0, -0.5, 0.0, 0.5], [-1.0, 0.0, 1.0]]
    assert not list(layer.parameters()) and layer.update == "fixed"


def test_unknown_quantizers_are_refused() -> None:
    for text in ("kmeans", "8,two", "8,1", "64,64,64"):
        with pytest.raises(ValueError, match=f"quantizer='{text}' is not known; use ema or loss for a codebook, or"):
            make_quantizer(text, 8, 2)
    with pytest.raises(ValueError, match="codebook_size=1 must be at least 2"):
        make_quantizer("ema", 1, 2)


def test_tokens_are_drawn_by_their_frequencies() -> None:
    tokens = draw_tokens(torch.tensor([0.7, 0.0, 0.3]), (500, 4), torch.Generator().manual_seed(0))
    shares = torch.bincount(tokens.flatten(), minlength=3) / 2000
    torch.testing.assert_close(shares, torch.tensor([0.7, 0.0, 0.3]), rtol=0, atol=0.04)
