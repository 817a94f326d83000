"""Mistakes in one line, in Chinese; in English it is the line of the exception."""

from __future__ import annotations

import re

from .texts import LANGUAGE, say

# English as the functions raise it -> Chinese. A group that is named is put into the Chinese sentence.
CHINESE: tuple[tuple[str, str], ...] = (
    (
        r"this picture cannot be used \(.*\); give a .*",
        "这张图片无法使用；请用不超过 12 MB、3000 万像素的 JPEG、PNG、WEBP 等",
    ),
    (
        r"this file cannot be read as a picture; give a .*",
        "该文件不是可读的图片；请用不超过 12 MB、3000 万像素的 JPEG、PNG、WEBP 等",
    ),
    (
        r"HEIC pictures need .*",
        "本页面无法读取 HEIC 图片；请用不超过 12 MB、3000 万像素的 JPEG、PNG、WEBP 等",
    ),
    (r"this picture is not kept any more; .*", "这张图片已被删除，请重新上传"),
    (r"give the picture as a file", "请以文件形式提供图片"),
    (r"there is no picture yet; .*", "还没有图片；请上传一张或选择一个示例"),
    (r"there is no image yet; .*", "还没有图像；请先生成"),
    (r"there are (?P<most>\d+) favourites already; .*", "收藏已满（{most} 张）；请先移除一张"),
    (r"there are no favourites yet; .*", "还没有收藏；请先收藏一张图像"),
    (r"none is chosen; .*", "尚未选择；请先点击一张收藏"),
    (
        r"an image that began with your picture is not kept.*",
        "从您的图片开始的图像无法用链接重现，因此不能收藏；请下载",
    ),
    (r"pile (?P<pile>[AB]) is empty; .*", "{pile} 堆是空的；请点击图像放入"),
    (r"pile is full with (?P<most>\d+) images; .*", "这一堆已有 {most} 张图像；请先取出一张"),
    (r"both groups have the same latents.*", "两堆的图像相同，因此没有方向；请另选"),
    (r"there is no direction yet; .*", "还没有方向；请先由标签或两堆图像寻找方向"),
    (r"this page keeps no directions .*", "本页面不能随模型保存方向；请下载文件"),
    (r"(?P<model>.+) has a direction (?P<name>'.*') already; .*", "{model} 已有名为 {name} 的方向；请换一个名称"),
    (r"(?P<name>'.*') cannot be the name of a direction; .*", "{name} 不能作为方向的名称；请用 1 到 40 个字符，不含 ="),
    (r"the data that (?P<model>.+) learned from are not here; .*", "{model} 的训练数据不在此处"),
    (r"another evaluation is running; .*", "另一个评测正在进行；请等它结束后再试"),
    (r"nothing here labels the images of (?P<model>.+); .*", "这里没有能给 {model} 的图像分类的标签；请使用两堆图像"),
    (r"there is no class yet; .*", "尚未选择类别；请选择方向所指的类别"),
    (r"the direction leads from (?P<label>.+) to .*", "方向的两端都是 {label}；请选择两个不同的类别"),
    (r"too few images are of (?P<label>.+); .*", "属于 {label} 的图像太少；请换一个类别"),
    (r"no score is chosen; .*", "尚未选择分数；请至少选择一个"),
    (r"there are no data yet; .*", "还没有数据；请给出文件夹、Hub 数据集 id、digits 或图片压缩包"),
    (
        r"there is nothing at (?P<given>.+); give a folder, a zip.*",
        "{given} 处没有数据；请给出文件夹、zip、Hub 数据集 id 或 digits",
    ),
    (r"data=(?P<given>.+) is no Hub data set id, .*", "{given} 不是 Hub 数据集 id；此处不能读取路径，请上传压缩包"),
    (r"auto needs minutes=.*", "auto 需要知道可用的时间；请填写分钟数"),
    (r"there is no field (?P<given>\S+?)[;,].*", "该配方没有选项 {given}"),
    (r"there is no recipe (?P<given>\S+); .*", "没有名为 {given} 的配方"),
    (r"the name (?P<given>\S+) is taken; .*", "名称 {given} 已被占用；请换一个"),
    (r"(?P<given>\S+) is at work or waits for it; .*", "{given} 正在运行或排队；请先停止或等待"),
    (r"(?P<given>\S+) is not at work; .*", "{given} 没有在运行"),
    (r"(?P<given>\S+) has no model yet; .*", "{given} 还没有模型；请先训练"),
    (r"there is no Hub id yet; .*", "还没有 Hub id；请填写 owner/name"),
    (r"pushing takes the token of .*", "推送会使用页面主人的令牌，因此只能在仅供本机访问的页面上进行"),
    (r"(the zip|this file cannot be read as a zip) .*", "该压缩包无法使用；请重新打包图片"),
    (r"no model is chosen that follows; .*", "尚未选择后续模型"),
    (r"there is no walk yet; .*", "还没有漫步；请先点“漫步”"),
    (r"seeds=(?P<given>.+) is no list of seeds; .*", "{given} 不可用；请给出 2 到 8 个种子，用逗号分隔，例如 3, 7, 12"),
    (r"seeds=(?P<given>.+) is no walk; .*", "{given} 不是一条路径；请给出 2 到 8 个种子，用逗号分隔，例如 3, 7, 12"),
    (
        r"(?P<name>\w+)=(?P<given>.+) is not possible; give .* from (?P<low>\S+) to (?P<high>\S+)",
        "{name}={given} 不可用；范围为 {low} 到 {high}",
    ),
    (r"count=(?P<given>\S+) is more than (?P<most>\d+).*", "图像数量 {given} 超过单次请求的上限 {most}"),
    (r"steps=(?P<given>\S+) is more than (?P<most>\d+).*", "步数 {given} 超过上限 {most}"),
    (r"there is no model called (?P<given>.+) here; .*", "这里没有名为 {given} 的模型"),
    (r"(?P<given>.+) is no Hub id; .*", "{given} 不是 Hub id；请输入类似 owner/name 的 id"),
    (r"(?P<given>\S+) cannot be had from the Hub: there is no such repository.*", "Hub 上没有 {given}，或者它是私有的"),
    (r"(?P<given>\S+) cannot be had from the Hub: .*", "无法从 Hub 取得 {given}；请稍后再试"),
    (r"(?P<given>\S+) is gated, .*", "{given} 需要申请权限，本页面只展示所有人可见的模型"),
    (
        r"(?P<given>\S+) has (?P<size>\S+) GB of files, and this page .* at most (?P<most>\S+) GB.*",
        "{given} 的文件共 {size} GB，超过上限 {most} GB",
    ),
    (r"(?P<given>\S+) has pickles only, .*", "{given} 只有 pickle 文件，可能夹带代码；本页面只读取 safetensors"),
    (
        r"(?P<given>\S+) (is damaged|has no model_index.json).*",
        "{given} 已损坏或不是 hf_genimg 的模型；请换一个 Hub id",
    ),
    (
        r"(?P<given>\S+) (makes no images|reconstructs no|translates no|is no classifier).*",
        "{given} 做不到；请选择其他模型",
    ),
)


def in_words(line: str) -> str:
    """The line in the language of whoever is answered; what has no translation is given as it is."""
    if LANGUAGE.get().startswith("zh"):
        for english, chinese in CHINESE:
            if found := re.fullmatch(english, line):
                return chinese.format(**found.groupdict())
    return say("refused", reason=line)
