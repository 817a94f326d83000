"""The sentences of a model card, each from a fact."""

from __future__ import annotations

from .card_facts import DIGITS, DIGITS_LICENSE, Facts, hub_dataset, training_seconds

KINDS = {
    "generation": "generates images from noise",
    "reconstruction": "generates images from noise, encodes images and decodes them again",
    "translation": "turns images into others",
    "classification": "names what is on images",
}
INTENDED = {
    "generation": "Research, teaching, tests of tools, pictures for their own sake.",
    "reconstruction": "Research and teaching: looking at what a latent space holds, samples and reconstructions of images like its data.",
    "translation": "Research and teaching, on pictures like those it learned from.",
    "classification": "Research and teaching, on pictures like those it learned from, and as an extractor of features for scores.",
}
NOT_INTENDED = (
    "Not for deciding anything about people, their health or their rights; not for passing its output off as real; not as evidence; not as "
    "a replacement of real data in medicine."
)


def summary(facts: Facts) -> str:
    able = facts.pipeline.capabilities
    channels = "grey" if able.image_channels == 1 else "colour"
    recipe = f", trained by the recipe `{facts.recipe['recipe']}`" if facts.recipe else ""
    classes = f", of {able.num_classes} classes" if able.num_classes else ""
    return f"A model of hf_genimg that {KINDS[facts.task]} ({able.image_size}x{able.image_size} pixels, {channels}{classes}){recipe}."


def table(facts: Facts) -> list[tuple[str, str]]:
    """Rows of what it is."""
    network = facts.pipeline.network
    config = {
        name: network.config[name] for name in ("latent_dim", "latent_distribution", "width") if name in network.config
    }
    rows = [
        ("pipeline", f"`{type(facts.pipeline).__name__}`"),
        (
            "network",
            f"`{type(network).__name__}`, {sum(weight.numel() for weight in network.parameters()):,} parameters",
        ),
        *((name.replace("_", " "), str(value)) for name, value in config.items()),
        (
            "weights",
            f"safetensors; sha256 begins with `{facts.pipeline.revision[:12]}`" if _local(facts) else "safetensors",
        ),
    ]
    half_life = facts.fields.get("ema_half_life")
    if half_life:
        rows.append(("which weights", f"the average over training with a half-life of {half_life:,} images"))
    return rows


def _local(facts: Facts) -> bool:
    return facts.pipeline._hub_origin() is None


def data(facts: Facts) -> str:
    given = facts.fields.get("data")
    if facts.fields.get("data_about"):
        return facts.fields["data_about"]
    if given is None:
        return "What it learned from is not recorded beside these weights."
    if given.partition("@")[0] == "digits":
        return DIGITS
    if facts.dataset_id:
        return f"The dataset [{facts.dataset_id}](https://huggingface.co/datasets/{facts.dataset_id}) of the Hub; its page says what it is."
    return "Pictures of the maker's own, of which this card knows nothing more: the recipe's field `data_about` was not given."


def data_license_id(facts: Facts) -> str | None:
    known = DIGITS_LICENSE if (facts.fields.get("data") or "").partition("@")[0] == "digits" else None
    return facts.fields.get("data_license") or known


def data_license(facts: Facts) -> str:
    known = data_license_id(facts)
    theirs = (
        f"Licence of the data: {known}."
        if known
        else "Licence of the data: unknown, for it was not given (`data_license`)."
    )
    ours = facts.fields.get("license")
    return f"{theirs} Licence of these weights: {ours or 'not stated by their maker (`license`)'}."


def cost(facts: Facts) -> str:
    """Images, time and machine."""
    trained = max((record["images"] for record in facts.records), default=0)
    seconds = training_seconds(facts.records)
    if seconds is None:
        return "Its log is not beside these weights, so what it cost is not known."
    machine = ""
    if facts.machine:
        has = facts.machine
        alone = f"{has['threads']} thread{'s' if has['threads'] != 1 else ''}"
        crew = alone if has["processes"] == 1 else f"{has['processes']} processes of {alone}"
        machine = f", on {has['device']} ({has['architecture']}, {crew}), with torch {has['torch']} and Python {has['python']}"
    return f"Cost: {trained:,} images in {seconds:,.0f} s of training by its log{machine}. Measured on a machine that may have had other work."


def base(facts: Facts) -> str:
    """What it began as."""
    if facts.base_model:
        return f"It began with the weights of [{facts.base_model}](https://huggingface.co/{facts.base_model})."
    return "It began with the weights of another model of its maker's." if facts.fields.get("init") else ""


def scores(facts: Facts) -> str:
    if facts.task == "classification":
        return "Scores of generators do not apply; what a classifier is judged by is its accuracy on images that it was not trained on."
    if facts.report is None:
        return "Not measured: `hf-genimg evaluate` on the run adds them here."
    measured, seen = facts.report, facts.report.protocol
    skipped = [f"- {name}: not measured, {reason}" for name, reason in measured.skipped.items()]
    said = ", ".join(f"{name} {value}" for name, value in measured.source.items() if name in ("weights", "torch"))
    note = ""
    if "extractor" in seen and "inception" not in str(seen["extractor"]):
        note = f"\n\nTaken by the extractor `{seen['extractor']}`: comparable with numbers of equal protocol, not with Inception's."
    return (
        "\n".join([measured.markdown() + (f" Of: {said}." if said else ""), *(["", *skipped] if skipped else [])])
        + note
    )


def held_out(facts: Facts) -> str:
    """The last terms of images that were not trained on."""
    last: dict[str, float] = {}
    for record in facts.records:
        last.update(
            {name.removeprefix("held_out/"): value for name, value in record.items() if name.startswith("held_out/")}
        )
    if not last:
        return ""
    terms = ", ".join(f"{name.replace('_', ' ')} {value:.5g}" for name, value in last.items())
    return f"On held-out images, at the end of training: {terms}."


def collapse(facts: Facts) -> str:
    if facts.task not in ("generation", "reconstruction"):
        return "Does not apply: it makes no images from noise."
    found = facts.report.diagnosis if facts.report else None
    if found is None:
        return "Not looked for: that comes with the scores."
    lines = [
        f"- images with a near-duplicate among {facts.report.protocol['num_fake']:,}: {found['duplicate_rate']:.1%} (real images: 1 %)"
    ]
    lines.append(f"- variance of the features, over that of the reference: {found['variance_ratio']:.2f}")
    if found.get("shares"):
        shares = found["shares"]
        made = sum(share > 0 for share in shares)
        lines.append(
            f"- classes made: {made} of {len(shares)}, each {min(shares):.1%} to {max(shares):.1%} of the images, as a classifier sees it"
        )
    if found.get("disagreement") is not None:
        ours, real = found["disagreement"], found["reference_disagreement"]
        lines.append(f"- images on which two readers of classes disagree: {ours:.1%} (real images: {real:.1%})")
    alarms = [f"- **warning**: {alarm}" for alarm in found.get("alarms") or ()] or ["- no alarm"]
    return "\n".join([*lines, *alarms])


def memorization(facts: Facts) -> str:
    if facts.task not in ("generation", "reconstruction"):
        return "Does not apply: it makes no images from noise."
    found = facts.report.scores if facts.report else {}
    if "copies" not in found:
        return "Not looked for: the metric `copies` of `hf-genimg evaluate` does that."
    copies = found["copies"]
    bounds = "" if copies.low is None else f" ({copies.low:.2%} to {copies.high:.2%})"
    lines = [
        f"- samples that are copies of an image of the reference: {copies.value:.2%}{bounds}{f' {copies.note}' if copies.note else ''}"
    ]
    if "authentic_percent" in found:
        lines.append(f"- AuthPct: {found['authentic_percent'].value:.1f} %")
    if "memorization_gap" in found:
        gap = found["memorization_gap"]
        bounds = "" if gap.low is None else f" ({gap.low:.3g} to {gap.high:.3g})"
        lines.append(
            f"- nearer to training than to held-out images by {gap.value:.3g}{bounds}, by features; above 0 speaks for memory"
        )
    return "\n".join(lines)


def limits(facts: Facts) -> list[str]:
    able = facts.pipeline.capabilities
    found = [
        f"It works at {able.image_size}x{able.image_size} pixels, and knows nothing but pictures like its data, with their biases."
    ]
    if facts.makes_images:
        found.append("Its pictures can be wrong in any detail, and can by chance resemble something real.")
    else:
        found.append(
            "It names a class for any picture, also for one that shows none of them; its probabilities were not calibrated."
        )
    if facts.report is None and facts.makes_images:
        found.append("It was not scored.")
    elif facts.report is not None:
        found.append(
            "Its scores hold under their protocol only, and their intervals know nothing of a second training."
        )
    return found


def reference_of(facts: Facts) -> tuple[str, str, str | None]:
    """(identifier, name, Hub id) of what the scores are against."""
    name = facts.report.protocol["reference"]
    dataset = hub_dataset(name)
    return dataset or name.rpartition("/")[2], name.rpartition("/")[2], dataset
