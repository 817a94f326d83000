"""The sentences of a model card, each from a fact: capabilities, recipe, log and scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import nn

from ..evaluation.scores import Score
from .card_facts import Facts, training_seconds

DIGITS = (
    "The handwritten digits that come with scikit-learn (the test part of UCI's Optical Recognition of Handwritten "
    "Digits, 1,797 grey images of 8x8 pixels, here with a margin of one), split into 1,500 to train on and 297 to test."
)
DIGITS_LICENSE = "cc-by-4.0"
NOT_INTENDED = (
    "Not for deciding anything about people, their health or their rights; not for passing its output off as real; not "
    "as evidence; not as a replacement of real data in medicine."
)
MOST_CLASSES = 20  # names that a card lists
# Of a network's config, stated elsewhere on the card.
SKIPPED = ("image_size", "image_channels", "input_channels", "num_classes", "spectral_norm", "boundary")


def summary(facts: Facts) -> str:
    """What the model does, at which size, and which recipe trained it."""
    recipe = f", trained by the recipe `{facts.recipe['recipe']}`" if facts.recipe else ""
    return f"A model of hf_genimg that {does(facts)} ({size(facts)}){recipe}."


def does(facts: Facts) -> str:
    """A verb phrase from the capabilities."""
    if facts.task == "classification":
        return f"classifies images into {facts.able.num_classes} classes"
    if facts.task == "translation":
        return _translates(facts)
    start = "a text" if facts.can("text") else "latents of a learned prior" if facts.can("prior") else "noise"
    parts = [f"generates images from {start}"]
    if facts.able.num_classes:
        parts[0] += f", of {facts.able.num_classes} classes"
    if facts.can("encode"):
        parts.append("encodes images and decodes them again")
    return ", and ".join(parts)


def _translates(facts: Facts) -> str:
    verbs = []
    if facts.can("mask"):
        verbs.append("fills in the masked parts of images")
    if facts.can("style"):
        verbs.append("gives an image the style of another")
    if (scale := facts.can("scale") or 1) > 1:
        verbs.append(f"enlarges images {scale} times a side")
    verbs = verbs or ["translates images into images"]
    return " and ".join(verbs) + (", in both directions" if facts.can("reverse") else "")


def size(facts: Facts) -> str:
    """Sizes and channels."""
    able, side = facts.able, facts.able.image_size
    colours = {1: "grey", 3: "colour", 4: "colour with transparency"}
    channels = colours.get(able.image_channels, f"{able.image_channels} channels")
    inputs = facts.can("input_channels")
    if inputs and inputs != able.image_channels:
        channels = f"{colours.get(inputs, inputs)} to {channels}"
    sizes = f"any size, trained at {side}x{side} pixels" if facts.can("any_size") else f"{side}x{side} pixels"
    return f"{sizes}, {channels}"


def table(facts: Facts) -> list[tuple[str, str]]:
    """Rows of what the model is: its pipeline, networks, classes and weights."""
    rows = [("pipeline", f"`{type(facts.pipeline).__name__}`")]
    networks = {name: part for name, part in facts.pipeline.components.items() if isinstance(part, nn.Module)}
    for name, network in networks.items():
        count = sum(weight.numel() for weight in network.parameters())
        rows.append((name, f"`{type(network).__name__}`, {count:,} parameters{_settings(network)}"))
    if names := facts.pipeline.network.class_names:
        more = f" and {len(names) - MOST_CLASSES} more" if len(names) > MOST_CLASSES else ""
        listed = " ".join(", ".join(names[:MOST_CLASSES]).split()).replace("|", "\\|")  # a cell of a table
        rows.append(("classes", listed + more))
    elif facts.able.found_classes:
        rows.append(("classes", "found in training, so that label 3 need not be class 3 of the data"))
    rows += _directions(facts)
    local = facts.pipeline._hub_origin() is None
    revision = f"; sha256 begins with `{facts.pipeline.revision[:12]}`" if local else ""
    rows.append(("weights", f"safetensors{revision}"))
    if half_life := facts.fields.get("ema_half_life"):
        rows.append(("which weights", f"the average over training with a half-life of {half_life:,} images"))
    return rows


def _directions(facts: Facts) -> list[tuple[str, str]]:
    """A row of the named directions, and how each was found."""
    found = facts.pipeline.directions if facts.samples_noise else {}
    listed = "; ".join(f"{name} (in {each.space}: {each.found})" for name, each in found.items())
    return [("named directions", listed.replace("|", "\\|"))] if found else []


def _settings(network: Any) -> str:
    """The plain numbers and words of a network's config."""
    found = {
        name: value
        for name, value in network.config.items()
        if not name.startswith("_") and name not in SKIPPED and isinstance(value, int | float | str)
    }
    listed = ", ".join(f"{name} {value}" for name, value in found.items() if not isinstance(value, bool))
    return f"; {listed}" if listed else ""


def data(facts: Facts) -> str:
    """What the model was trained on."""
    given = facts.fields.get("data")
    if facts.fields.get("data_about"):
        return facts.fields["data_about"]
    if given is None:
        return "The training data are not recorded beside these weights."
    if given.partition("@")[0] == "digits":
        return DIGITS
    if facts.dataset_id:
        page = f"https://huggingface.co/datasets/{facts.dataset_id}"
        return f"The dataset [{facts.dataset_id}]({page}) of the Hub; its page says what it is."
    return (
        "Images of the maker's own, of which this card knows nothing more: the recipe's field `data_about` was not "
        "given."
    )


def data_license(facts: Facts) -> str:
    """Licences of the data and of the weights."""
    digits = (facts.fields.get("data") or "").partition("@")[0] == "digits"
    known = facts.fields.get("data_license") or (DIGITS_LICENSE if digits else None)
    theirs = f"{known}" if known else "unknown, for it was not given (`data_license`)"
    ours = facts.fields.get("license") or "not stated by their maker (`license`)"
    return f"Licence of the data: {theirs}. Licence of these weights: {ours}."


def cost(facts: Facts) -> str:
    """Images, time and machine."""
    trained = max((record["images"] for record in facts.records), default=0)
    seconds = training_seconds(facts.records)
    if seconds is None:
        return "Its log is not beside these weights, so the cost of training is not known."
    machine = ""
    has = facts.machine or {}
    if {"threads", "processes", "device", "architecture", "torch", "python"} <= set(has):
        alone = f"{has['threads']} thread{'s' if has['threads'] != 1 else ''}"
        crew = alone if has["processes"] == 1 else f"{has['processes']} processes of {alone}"
        versions = f"torch {has['torch']} and Python {has['python']}"
        machine = f", on {has['device']} ({has['architecture']}, {crew}), with {versions}"
    return (
        f"Cost: {trained:,} images in {seconds:,.0f} s of training by its log{machine}. Measured on a machine that may "
        "have had other work."
    )


def base(facts: Facts) -> str:
    """The weights that training started from."""
    if facts.base_model:
        return f"It began with the weights of [{facts.base_model}](https://huggingface.co/{facts.base_model})."
    return "It began with the weights of another model of its maker's." if facts.fields.get("init") else ""


def scores(facts: Facts) -> str:
    """The table of scores with its protocol."""
    if facts.report is None and facts.task == "classification":
        return "A classifier is scored by its accuracy on held-out images, which stands below where it was measured."
    if facts.report is None:
        return "Not measured: `hf-genimg evaluate` on the run adds them here."
    report, protocol = facts.report, facts.report.protocol
    skipped = [f"- {name}: not measured, {reason}" for name, reason in report.skipped.items()]
    source = ", ".join(f"{name} {value}" for name, value in report.source.items() if name in ("weights", "torch"))
    note = ""
    if "extractor" in protocol and "inception" not in str(protocol["extractor"]):
        note = (
            f"\n\nFeatures of the extractor `{protocol['extractor']}`: comparable with scores of equal protocol, not "
            "with those of Inception."
        )
    lines = [report.markdown() + (f" Of: {source}." if source else ""), *(["", *skipped] if skipped else [])]
    return "\n".join(lines) + note


def held_out(facts: Facts) -> str:
    """The last loss terms on images that were not trained on."""
    last: dict[str, Any] = {}
    for record in facts.records:
        last.update(
            {name.removeprefix("held_out/"): value for name, value in record.items() if name.startswith("held_out/")}
        )
    terms = [f"{name.replace('_', ' ')} {value:.5g}" for name, value in last.items() if isinstance(value, int | float)]
    return f"On held-out images, at the end of training: {', '.join(terms)}." if terms else ""


def collapse(facts: Facts) -> str:
    """Near-duplicates, low diversity, mode dropping and label agreement."""
    if not facts.samples_noise:
        return "Does not apply: it generates no images from noise."
    found = facts.report.diagnosis if facts.report else None
    if found is None:
        return "Not evaluated: it is measured with the scores."
    count = facts.report.protocol.get("num_fake")
    among = f" among {count:,}" if isinstance(count, int) else ""
    lines = []
    if (rate := found.get("duplicate_rate")) is not None:
        lines.append(f"- near-duplicates: {rate:.1%} of the samples have one{among} (real images: 1 %)")
    if (ratio := found.get("variance_ratio")) is not None:
        lines.append(f"- diversity: variance of the features over that of the reference {ratio:.2f}")
    if shares := found.get("shares"):
        made = sum(share > 0 for share in shares)
        each = f"each {min(shares):.1%} to {max(shares):.1%} of the samples"
        lines.append(f"- mode dropping: {made} of {len(shares)} classes are generated, {each}, by a classifier")
    if (unlike := found.get("disagreement")) is not None:
        real = found.get("reference_disagreement")
        beside = f" (real images: {real:.1%})" if real is not None else ""
        lines.append(f"- two classifiers find unlike classes on {unlike:.1%} of the samples{beside}")
    alarms = [f"- **warning**: {alarm}" for alarm in found.get("alarms") or ()] or ["- no alarm"]
    return "\n".join([*lines, *alarms])


def privacy(facts: Facts) -> str:
    """The bound of a differentially private run, and what it does not cover; empty of other runs."""
    found = facts.differential_privacy
    if found is None:
        return ""
    epsilon = math.ceil(100 * found["epsilon"]) / 100  # a bound is never rounded down
    bound = (
        f"Trained by DP-SGD: epsilon {epsilon:.2f} at delta {found['delta']:g}, for one image of the training data "
        f"(noise {found['noise_multiplier']:g}, gradients of at most {found['max_grad_norm']:g}, Poisson sampling, "
        "opacus' Rényi accountant)."
    )
    meaning = (
        "Whatever somebody concludes from these weights or their images is at most exp(epsilon) times as likely as it "
        "would be without any one of the images, but for a chance of delta. Below 1 is strong, above 10 says little."
    )
    uncovered = (
        "What it does not cover: several images of one person; the number of images and their size; the number and the "
        "names of classes; images that were held out and the scores measured on them; the choice of settings by "
        "earlier runs on the same data; weights that the run began with. The noise is of torch's generator, which is "
        "not made for cryptography."
    )
    if not found["secret_noise"]:
        bound += (
            " **Its noise came from a known number (dp_seed), so these weights are not private**: whoever knows it can "
            "take the noise away."
        )
    return f"{bound}\n\n{meaning}\n\n{uncovered}"


def memorization(facts: Facts) -> str:
    """Whether samples copy training images."""
    if not facts.samples_noise:
        return "Does not apply: it generates no images from noise."
    found = facts.report.scores if facts.report else {}
    if "copies" not in found:
        return "Not checked for memorization: the metric `copies` of `hf-genimg evaluate` does that."
    copies = found["copies"]
    bounds = "" if copies.low is None else f" ({copies.low:.2%} to {copies.high:.2%})"
    note = f" {copies.note}" if copies.note else ""
    lines = [f"- samples that are copies of an image of the reference: {copies.value:.2%}{bounds}{note}"]
    if "authentic_percent" in found:
        lines.append(f"- AuthPct: {found['authentic_percent'].value:.1f} %")
    gap = found.get("memorization_gap", found.get("memorisation_gap"))  # as older versions spelled it
    if gap is not None:
        bounds = "" if gap.low is None else f" ({gap.low:.3g} to {gap.high:.3g})"
        lines.append(
            f"- nearer to training than to held-out images by {gap.value:.3g}{bounds}, by features; above 0 is a sign "
            "of memorization"
        )
    return "\n".join([*lines, *_membership(found)])


def _membership(scores: Mapping[str, Score]) -> list[str]:
    """What someone who attacks the model finds out about who is in its training set, and whether that is guessing."""
    lines = []
    of_data = scores.get("membership_auc_of_data")
    for name, who in (("membership", "the samples"), ("membership_discriminator", "the discriminator")):
        if (area := scores.get(f"{name}_auc")) is None:
            continue
        rate = scores[f"{name}_tpr"]
        without = max(0.5, of_data.value) if of_data and name == "membership" else 0.5
        baseline = "guessing" if without == 0.5 else "without the model"
        verdict = f"no better than {baseline}"
        if area.low > without:
            verdict = f"**better than {baseline}: the model gives some of them away**"
        lines.append(
            f"- someone who has {who} and guesses which images were trained on is {verdict}: AUC {area.value:.3f} "
            f"({area.low:.3f} to {area.high:.3f}; {area.note}); where 1 % of the other images are suspected wrongly, "
            f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%}) of the training images are found"
        )
    if of_data is not None:
        lines.append(f"- the same guess without the model, from other training images: AUC {of_data.value:.3f}")
    return lines


def intended(facts: Facts) -> str:
    """What the model is for, and what not."""
    uses = "Research and teaching, on images like those it was trained on."
    if facts.samples_noise:
        encodes = facts.can("encode")
        uses = (
            "Research and teaching: exploring a latent space, samples and reconstructions of images like its data."
            if encodes
            else "Research, teaching, tests of tools, images for their own sake."
        )
    elif facts.task == "classification":
        uses = "Research and teaching, on images like those it was trained on, and as a feature extractor for scores."
    return f"{uses} {NOT_INTENDED}"


def limits(facts: Facts) -> list[str]:
    """What the model cannot do."""
    side = f"{facts.able.image_size}x{facts.able.image_size} pixels"
    works = f"It was trained at {side}" if facts.can("any_size") else f"It works at {side}"
    found = [f"{works}, on images like its data, with their biases."]
    if facts.task == "translation":
        found.append("Detail that the input does not show is invented: it comes from the training data.")
    if facts.can("text"):
        found.append("It knows the words of its training texts only, and may ignore parts of a text.")
    if facts.makes_images:
        found.append("Its images can be wrong in any detail, and can by chance resemble something real.")
    else:
        found.append(
            "It gives a class for any image, also for one that shows none of them; its probabilities were not "
            "calibrated."
        )
    if facts.report is None and facts.makes_images:
        found.append("It was not scored.")
    elif facts.report is not None:
        found.append("Its scores hold under their protocol only; their intervals do not cover a second training.")
    return found
