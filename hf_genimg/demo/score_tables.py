"""Scores as tables for readers: the field's names, which way is better, a sentence each; the protocol folded away."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from ..evaluation.scores import OF_A_CLASS, Report, Score, lower_is_better, outcome
from .texts import LANGUAGE, say

# Of each score: its name, and a sentence, in English and in Chinese.
WORDS: dict[str, tuple[str, str, str, str]] = {
    "fid": (
        "FID",
        "FID",
        "Fréchet distance: how far the features of the images are from those of real ones.",
        "弗雷歇距离：生成图像的特征与真实图像特征之间的差距。",
    ),
    "fid_infinity": (
        "FID∞",
        "FID∞",
        "FID extrapolated to endlessly many images, without the bias of a small number.",
        "外推到无穷多张图像的 FID，没有小样本偏差。",
    ),
    "fid_per_class": (
        "FID per class",
        "各类别 FID",
        "FID of each class to the same class of the real images, on average.",
        "每个类别与同类真实图像之间的 FID 的平均值。",
    ),
    "kid": (
        "KID",
        "KID",
        "Kernel distance: as FID, but fair with few images.",
        "核距离：与 FID 类似，但图像少时也公平。",
    ),
    "kid_rbf": (
        "KID (Gaussian)",
        "KID（高斯核）",
        "Kernel distance with a Gaussian kernel, times 1,000.",
        "使用高斯核的核距离，乘以 1000。",
    ),
    "mind": (
        "MIND",
        "MIND",
        "Distance of the features along many random directions.",
        "沿大量随机方向比较特征的距离。",
    ),
    "inception_score": (
        "Inception Score",
        "Inception 分数",
        "Whether a classifier is sure of each image and finds all classes; blind to copies.",
        "分类器对每张图像是否确定，且各类别是否齐全；无法发现抄袭。",
    ),
    "precision": (
        "Precision",
        "精确率",
        "The share of the images that look real.",
        "看起来真实的生成图像所占比例。",
    ),
    "recall": (
        "Recall",
        "召回率",
        "The share of what real images show that the model makes.",
        "真实图像的内容中模型能生成的比例。",
    ),
    "density": (
        "Density",
        "密度",
        "How many real images are around each image; as precision, less led by outliers.",
        "每张生成图像周围有多少真实图像；类似精确率，较少受离群值影响。",
    ),
    "coverage": (
        "Coverage",
        "覆盖率",
        "The share of real images with an image of the model nearby.",
        "附近有生成图像的真实图像所占比例。",
    ),
    "diversity": (
        "Diversity",
        "多样性",
        "How different two images are, over the same of real ones; 1 is as varied.",
        "两张生成图像的平均差异与真实图像的之比；1 表示同样多样。",
    ),
    "vendi": (
        "Vendi",
        "Vendi",
        "How many truly different images there are, in effect.",
        "实际上有多少种不同的图像。",
    ),
    "discriminator_accuracy_fake": (
        "Discriminator on generated images",
        "判别器：生成图像",
        "How often the model's own discriminator recognizes a generated image; 0.5 is balanced.",
        "模型自己的判别器认出生成图像的比例；0.5 为平衡。",
    ),
    "discriminator_accuracy_training": (
        "Discriminator on training images",
        "判别器：训练图像",
        "How often it recognizes a training image as real.",
        "判别器把训练图像认作真实的比例。",
    ),
    "discriminator_accuracy_held_out": (
        "Discriminator on held-out images",
        "判别器：未参与训练的图像",
        "The same of real images it was not trained on; far lower means that it memorized.",
        "对未参与训练的真实图像的比例；低得多说明判别器在死记。",
    ),
    "copies": (
        "Copies",
        "抄袭率",
        "The share of the images that are copies of a training image.",
        "抄袭训练图像的生成图像所占比例。",
    ),
    "authentic_percent": (
        "AuthPct",
        "AuthPct",
        "Percent of the images that are no nearer to a training image than its own neighbour is.",
        "与最近训练图像的距离大于该训练图像与其邻居距离的百分比。",
    ),
    "memorization_gap": (
        "Memorization gap",
        "记忆差距",
        "By how much images are nearer to training images than to others; above 0 speaks for memorization.",
        "生成图像离训练图像比离其他真实图像近多少；大于 0 说明有记忆。",
    ),
    "membership_auc": (
        "Membership inference (AUC)",
        "成员推断（AUC）",
        "How well an attacker tells training images from others by the images; 0.5 is guessing.",
        "攻击者凭生成图像分辨训练图像的能力；0.5 为随机猜测。",
    ),
    "membership_auc_of_data": (
        "The same by the data alone (AUC)",
        "仅凭数据的成员推断（AUC）",
        "What the data give away without the model: the baseline of the line above.",
        "没有模型时数据本身泄露的程度：上一行的基线。",
    ),
    "membership_tpr": (
        "Membership inference (TPR at 1 % FPR)",
        "成员推断（1 % 误报时的检出率）",
        "The share of training images that an attacker finds with 1 % false alarms.",
        "误报率为 1 % 时攻击者能找出的训练图像比例。",
    ),
    "membership_discriminator_auc": (
        "Membership inference by the discriminator (AUC)",
        "凭判别器的成员推断（AUC）",
        "The same attack by the discriminator's output; 0.5 is guessing.",
        "用判别器输出进行同样的攻击；0.5 为随机猜测。",
    ),
    "membership_discriminator_tpr": (
        "Membership inference by the discriminator (TPR at 1 % FPR)",
        "凭判别器的成员推断（1 % 误报时的检出率）",
        "The share that this attack finds with 1 % false alarms.",
        "误报率为 1 % 时该攻击能找出的比例。",
    ),
    "label_agreement": (
        "Label agreement",
        "类别一致率",
        "How often an image is read as the class that was asked for.",
        "生成图像被识别为所要求类别的比例。",
    ),
    "label_agreement_pixels": (
        "Label agreement by pixels",
        "类别一致率（像素）",
        "The same by a support vector machine on pixels.",
        "由像素上的支持向量机判断的同一比例。",
    ),
    "perceptual_path_length": (
        "PPL",
        "PPL",
        "Perceptual path length: how abruptly images change along the latents.",
        "感知路径长度：沿潜变量移动时图像变化的剧烈程度。",
    ),
    "psnr": ("PSNR", "PSNR", "Nearness to the target in decibels.", "与目标图像的接近程度（分贝）。"),
    "psnr_y": ("PSNR (luma)", "PSNR（亮度）", "Nearness of the luma, in decibels.", "亮度的接近程度（分贝）。"),
    "ssim": ("SSIM", "SSIM", "Structural similarity to the target; 1 is equal.", "与目标的结构相似度；1 为相同。"),
    "ssim_y": ("SSIM (luma)", "SSIM（亮度）", "Structural similarity of the luma.", "亮度的结构相似度。"),
    "ms_ssim": ("MS-SSIM", "MS-SSIM", "Structural similarity at several scales.", "多尺度结构相似度。"),
    "lpips": ("LPIPS", "LPIPS", "Perceptual distance to the target.", "与目标的感知距离。"),
    "perceptual": ("Perceptual distance", "感知距离", "Distance of feature maps.", "特征图之间的距离。"),
}
# What the evaluation notes beside a value, and the same in Chinese.
NOTES: list[tuple[str, str]] = [
    (r"of (\S+) images; of real images that were not trained on, (\S+) look so", r"共 \1 张；未参与训练的真图为 \2"),
    (r"of the reference (\S+)", r"参考数据为 \1"),
    (r"kernel of width (\S+)", r"核宽度 \1"),
    (r"mean; the worst is (.+)", r"平均值；最差的是 \1"),
    (r"read by the extractor, which is right on (\S+) of the real images", r"由特征提取器识别，它对真图的正确率为 \1"),
    (
        r"read by a support vector machine on pixels, which is right on (\S+) of the real images",
        r"由像素上的支持向量机识别，它对真图的正确率为 \1",
    ),
    (r"biased upward; an interval needs (\S+) images on both sides", r"偏高；要得到区间，两边各需 \1 张图像"),
    (r"no interval: of the reference only statistics are there", r"没有区间：参考数据只有统计量"),
    (r"where 1 % of held-out images are suspected", r"误报率为 1 % 时"),
    (r"real images in place of samples: no model is at fault", r"以真图代替生成图像：与模型无关"),
    (
        r"of (\S+) training and (\S+) held-out images; 0.5 is guessing",
        r"\1 张训练图像与 \2 张未参与训练的图像；0.5 为随机猜测",
    ),
]
NEITHER = (  # neither way is better: there is a value that is right
    *("diversity", "discriminator_accuracy_fake", "discriminator_accuracy_training"),
    *("discriminator_accuracy_held_out", "membership_auc_of_data"),
)


def arrow(name: str) -> str:
    """Which way is better: ↓, ↑, or nothing where neither is."""
    if name in NEITHER:
        return ""
    down = lower_is_better(name) or name.startswith("membership")
    return "↓" if down else "↑"


def title(name: str) -> str:
    """The field's name of a score in the reader's language, with its arrow; one that is not known by its own."""
    words = WORDS.get(name)
    known = escape(name.replace("|", " ")) if words is None else words[_chinese()]
    return f"{known} {arrow(name)}".strip()


def table(report: Report) -> str:
    """In Markdown: a row for each score, what the diagnosis warns of, and folded away the classes and the protocol."""
    whole = {name: score for name, score in report.scores.items() if not name.startswith(OF_A_CLASS)}
    rows = [f"| {_named(name)} | {_value(score)} |" for name, score in whole.items()]
    lines = [f"| {say('score_better')} | {say('value_interval')} |", "|---|---|", *rows]
    classes = {name.removeprefix(OF_A_CLASS): _value(each) for name, each in report.scores.items() if name not in whole}
    folded = [fold(say("fid_of_classes"), say("class_word"), classes)] if classes else []
    folded.append(protocol_of(report))
    return "\n".join(lines) + "\n\n" + "\n\n".join(folded)


def protocol_of(report: Report) -> str:
    """In Markdown, folded away: everything that the numbers depend on."""
    facts = {name: str(value) for name, value in report.protocol.items() if name != "versions"}
    return fold(say("protocol"), say("setting"), facts)


def both(names: tuple[str, str], reports: tuple[Report, Report]) -> str:
    """In Markdown: the scores of two models side by side and which is better; of unlike protocols no such thing is
    said.
    """
    one, other = reports
    alike = one.protocol == other.protocol
    head = " | ".join([say("score_better"), *map(_plain, names), *([say("better")] if alike else [])])
    rows = []
    shown = [name for name in one.scores if name in other.scores]
    for name in shown:
        cells = [_named(name), _value(one.scores[name]), _value(other.scores[name])]
        cells += [_verdict(name, names, one.scores[name], other.scores[name])] if alike else []
        rows.append(f"| {' | '.join(cells)} |")
    lines = [f"| {head} |", "|---" * (4 if alike else 3) + "|", *rows] if rows else []
    folds = (
        [protocol_of(one)]
        if alike
        else [f"{_plain(n)}\n\n{protocol_of(r)}" for n, r in zip(names, reports, strict=True)]
    )
    return "\n".join(lines) + "\n\n" + "\n\n".join(folds)


def fold(heading: str, first: str, facts: dict[str, str]) -> str:
    """A table that opens when its heading is clicked."""
    rows = [f"| {_plain(name)} | {_plain(value)} |" for name, value in facts.items()]
    body = "\n".join([f"| {first} | {say('value')} |", "|---|---|", *rows])
    return f"<details><summary>{heading}</summary>\n\n{body}\n\n</details>"


def _verdict(name: str, names: tuple[str, str], one: Score, other: Score) -> str:
    if name in NEITHER:
        return ""
    found = outcome(name, one, other)
    return {"first": _plain(names[0]), "second": _plain(names[1])}.get(found) or say(f"outcome_{found}")


def _named(name: str) -> str:
    words = WORDS.get(name)
    return f"**{title(name)}**" + ("" if words is None else f"<br><small>{words[2 + _chinese()]}</small>")


def _value(score: Score) -> str:
    bounds = "" if score.low is None else say("from_to", low=f"{score.low:.4g}", high=f"{score.high:.4g}")
    small = [bounds, *([_plain(_note(score.note))] if score.note else [])]
    return f"{score.value:.4g}" + "".join(f"<br><small>{each}</small>" for each in small if each)


def _note(note: str) -> str:
    """In the reader's language where it is one of `NOTES`."""
    if not _chinese():
        return note
    return next((re.sub(known, other, note) for known, other in NOTES if re.fullmatch(known, note)), note)


def _plain(text: Any) -> str:
    """Text for a cell: it may come from a file of somebody else's."""
    return escape(" ".join(str(text).split()).replace("|", "/")).replace("*", "\\*").replace("`", "'")


def _chinese() -> bool:
    return LANGUAGE.get().startswith("zh")
