"""Does a text-conditioned model follow its text?

    python benchmarks/text.py digits MODEL
    python benchmarks/text.py retrieval MODEL --data CAPTIONED

digits, for a model of digits with captions: 1,000 images (seeds 0 to 999), 25 for each of the 40 prompts "a thick|thin
zero|...|nine, leaning left|right". Reported: the share that the built-in classifier reads as the digit that was asked
for, and the shares whose measured thickness and slant lie on the side that was asked for of that digit's median in the
training images; for the 297 test images, how often the classifier is right.

retrieval: R-precision among 100. A text-image model (a small convolutional network and the mean of word vectors,
contrastive loss, arXiv:2103.00020, 40 epochs) learns the training split and knows nothing of MODEL. For each image of
a caption it ranks 100 different captions, and counts how often the right one comes first; chance is 1 %. Reported, with
95 % intervals over images, for captions of the training split, of the test split (those whose words MODEL knows), and
of these the unseen, which no image of the training split has: known words, put together in a new way (among all of
them where there are fewer than 100):
generated images, real images (the ceiling), and generated images of other captions (shuffled).
Results go to `results/text.json`.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import hf_genimg
from hf_genimg.data.digit_captions import NAMES, captions_of, quantiles, slant, thickness
from hf_genimg.features import load_features
from hf_genimg.layers.text import TextEncoder, Tokenizer, vocabulary_of

RESULTS = Path(__file__).parent / "results" / "text.json"
CANDIDATES, EPOCHS, BATCH = 100, 40, 64


def digits(model: str) -> dict[str, object]:
    """The figures of the digits protocol."""
    pipe = hf_genimg.load(model)
    size = pipe.capabilities.image_size
    train, test = (
        hf_genimg.open_dataset(f"digits@{split}", image_size=size, image_channels=1, labels=True)
        for split in ("train", "test")
    )
    asked = [(number // 25 % 10, 2 * (number // 250 % 2), 2 * (number // 500)) for number in range(1000)]
    prompts = [captions_of(*each)[0] for each in asked]
    made = pipe(prompts, seed=0, output_type="uint8", max_batch_size=250).images.cpu().numpy()
    digit, thick, lean = (np.array(part) for part in zip(*asked, strict=True))
    classifier = load_features("digits")

    def read(levels: np.ndarray) -> np.ndarray:
        images = torch.from_numpy(levels).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.no_grad():
            return classifier.classify(classifier.vector(images)).argmax(1).numpy()

    found = {"digit": read(made) == digit}
    for name, measure, wanted in (("thickness", thickness, thick), ("slant", slant, lean)):
        median = quantiles(measure(train.images), train.labels, (0.5,))[digit, 0]
        found[name] = (measure(made) > median) == (wanted == 2)
    found["all"] = found["digit"] & found["thickness"] & found["slant"]
    shares = {name: round(float(right.mean()), 4) for name, right in found.items()}
    by_digit = {NAMES[each]: round(float(found["digit"][digit == each].mean()), 3) for each in range(10)}
    accuracy = round(float((read(test.images[:]) == test.labels).mean()), 4)
    return {"images": 1000, "follows": shares, "digit_by_class": by_digit, "classifier_on_test_images": accuracy}


class Matcher(nn.Module):
    """Unit vectors of images and of texts in one space."""

    def __init__(self, num_words: int, channels: int, dim: int = 64, width: int = 32) -> None:
        super().__init__()
        plan = ((channels, width), (width, 2 * width), (2 * width, 4 * width))
        blocks = [
            layer
            for before, after in plan
            for layer in (nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU())
        ]
        self.images = nn.Sequential(*blocks, nn.Flatten(), nn.LazyLinear(dim))
        self.texts = TextEncoder(num_words, dim)
        self.scale = nn.Parameter(torch.tensor(2.3))

    def forward(self, images: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return F.normalize(self.images(images), dim=1), F.normalize(self.texts(tokens), dim=1)


def shifted(images: torch.Tensor) -> torch.Tensor:
    """A batch moved by up to two pixels."""
    padded = F.pad(images, (2, 2, 2, 2), mode="replicate")
    top, left = torch.randint(0, 5, (2,)).tolist()
    return padded[..., top : top + images.shape[2], left : left + images.shape[3]]


def trained_matcher(data: hf_genimg.ImageDataset) -> tuple[Matcher, Tokenizer]:
    """A matcher of the images of a data set and their captions."""
    torch.manual_seed(0)
    captions = [each[0] for each in data.captions]
    tokenizer = Tokenizer(vocabulary_of(captions))
    images, tokens = data.with_tokenizer(tokenizer).batch(torch.arange(len(data)))["images"], tokenizer(captions)
    matcher = Matcher(len(tokenizer.ids), data.image_channels)
    matcher(images[:2], tokens[:2])
    steps = EPOCHS * (len(data) // BATCH)
    optimizer = torch.optim.AdamW(matcher.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, steps)
    for step in range(steps):
        rows = torch.randint(0, len(data), (BATCH,))
        found, wanted = matcher(shifted(images[rows]), tokens[rows])
        same = (tokens[rows][:, None] == tokens[rows][None]).all(2).float()
        logits, target = matcher.scale.exp() * found @ wanted.T, same / same.sum(1, keepdim=True)
        loss = F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 300 == 0:
            print(f"  matcher step {step} of {steps}: loss {loss.item():.3f}", flush=True)
    return matcher.eval(), tokenizer


@torch.no_grad()
def r_precision(matcher: Matcher, tokens: torch.Tensor, images: torch.Tensor) -> dict[str, float]:
    """How often the own caption comes first among 100; images: float [N, C, H, W], the i-th of the i-th caption."""
    generator = torch.Generator().manual_seed(0)
    found, wanted = (
        torch.cat(parts)
        for parts in zip(
            *(matcher(i, t) for i, t in zip(images.split(250), tokens.split(250), strict=True)), strict=True
        )
    )
    right = []
    for row in range(len(images)):
        others = torch.randperm(len(images) - 1, generator=generator)[: CANDIDATES - 1]
        others += (others >= row).long()
        right.append(bool((found[row] @ wanted[row]) > (wanted[others] @ found[row]).max()))
    share = float(np.mean(right))
    return {"value": round(share, 4), "half_width": round(1.96 * (share * (1 - share) / len(right)) ** 0.5, 4)}


def retrieval(model: str, source: str) -> dict[str, object]:
    """The figures of the retrieval protocol."""
    pipe = hf_genimg.load(model)
    size, channels = pipe.capabilities.image_size, pipe.capabilities.image_channels
    opened = {
        split: hf_genimg.open_dataset(f"{source}@{split}", image_size=size, image_channels=channels, captions=True)
        for split in ("train", "test")
    }
    matcher, tokenizer = trained_matcher(opened["train"])
    known, result = pipe.network.tokenizer, {"chance": 1 / CANDIDATES}
    seen = {each[0] for each in opened["train"].captions}
    for split, data in {**opened, "unseen": opened["test"]}.items():
        rows = {each[0]: row for row, each in enumerate(data.captions) if not known.unknown(each[0])}
        rows = {caption: row for caption, row in rows.items() if split != "unseen" or caption not in seen}
        captions = list(rows)[:1000]
        tokens = tokenizer(captions)
        real = data.with_tokenizer(tokenizer).batch(torch.tensor([rows[each] for each in captions]))["images"]
        made = pipe(captions, seed=0, output_type="pt", max_batch_size=250).images.cpu() * 2 - 1
        result[split] = {
            "captions": len(captions),
            "generated": r_precision(matcher, tokens, made),
            "real": r_precision(matcher, tokens, real),
            "shuffled": r_precision(matcher, tokens, made.roll(1, 0)),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("protocol", choices=("digits", "retrieval"))
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--data", help="a captioned data set, with splits train and test")
    arguments = parser.parse_args()
    if arguments.protocol == "retrieval" and not arguments.data:
        parser.error("retrieval needs --data, the captioned data that MODEL was trained on")
    measured = digits(arguments.model) if arguments.protocol == "digits" else retrieval(arguments.model, arguments.data)
    name = Path(arguments.model).name
    print(json.dumps(measured, indent=2))
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    record = {"protocol": arguments.protocol, "model": name, "date": date.today().isoformat()}
    record |= {"torch": torch.__version__, **measured}
    kept = [other for other in known if (other["protocol"], other["model"]) != (record["protocol"], name)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([*kept, record], indent=2) + "\n")


if __name__ == "__main__":
    main()
