"""Every sentence of the page, in English and in Chinese."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

TEXTS: dict[str, tuple[str, str]] = {
    "model": ("Model", "模型"),
    "hub_id": ("Model, or any Hub id", "模型，或任意 Hub id"),
    "generate": ("Generate", "生成"),
    "seed": ("Seed", "种子"),
    "seed_info": ("The same seed is the same image, always.", "同一种子，永远是同一张图像。"),
    "dice": ("New seed", "新种子"),
    "count": ("Images", "图像数量"),
    "truncation": ("Truncation", "截断"),
    "truncation_info": ("Below 1: more typical, less varied.", "小于 1：更典型，变化更少。"),
    "mix": ("Morph", "变形"),
    "mix_info": ("Move it: every image becomes another.", "拖动它：每张图像都会渐变成另一张。"),
    "towards": ("Morph towards seed", "变形目标种子"),
    "class": ("Class", "类别"),
    "other_label": ("Mix with class", "混合类别"),
    "mix_seed": ("Take the styles of the seed", "采用该种子的样式"),
    "mix_from": ("From this layer on", "从第几层起"),
    "label_mix": ("How much of it", "混合比例"),
    "codes": (
        "Codes that the model found; moved, they are the same for all images.",
        "模型自行发现的编码；移动后对所有图像相同。",
    ),
    "own_codes": ("Each image its own codes", "每张图像使用自己的编码"),
    "images": ("Images", "图像"),
    "like": ("More like the chosen one", "更多类似所选图像"),
    "likes": ("Images like the first one; choose one and go on.", "与第一张类似的图像；可选择一张继续。"),
    "afresh": ("Back to the seeds", "回到原种子"),
    "strength": ("How different", "差异程度"),
    "png": ("Chosen one as PNG", "所选图像存为 PNG"),
    "zip": ("All as ZIP", "全部存为 ZIP"),
    "link": ("Link to these images", "这些图像的链接"),
    "history": ("What you made before; it stays in your browser", "您之前生成的图像（只保存在您的浏览器中）"),
    "stop": ("Stop", "停止"),
    "options": ("More", "更多"),
    "explore": ("Explore", "探索"),
    "walk": ("Walk between seeds", "种子间漫步"),
    "seeds": ("Seeds", "种子"),
    "seeds_info": ("Two or more, with commas.", "两个或更多，用逗号分隔。"),
    "steps": ("Steps from one to the next", "相邻种子间的步数"),
    "make_walk": ("Walk", "漫步"),
    "gif": ("As GIF", "存为 GIF"),
    "mp4": ("As MP4", "存为 MP4"),
    "strip": ("The walk", "漫步过程"),
    "moving": ("Moving", "动画"),
    "directions": ("Directions", "方向"),
    "directions_info": (
        "What changes most when latents move: found from activations (PCA) or from weights (SeFa).",
        "潜变量移动时变化最大的方向：由激活值（PCA）或权重（SeFa）得到。",
    ),
    "method": ("Found by", "方法"),
    "reset": ("Back to the start", "回到起点"),
    "image": ("Image", "图像"),
    "map": ("Map", "地图"),
    "map_info": (
        "The plane of the two strongest directions. Click on a place, or move the sliders.",
        "最强两个方向构成的平面。点击任意位置，或移动滑块。",
    ),
    "map_x": ("Left to right", "左右"),
    "map_y": ("Down to up", "上下"),
    "reconstruct": ("Reconstruct", "重建"),
    "picture": ("Picture", "图片"),
    "other_picture": ("Second picture, to go towards", "第二张图片（插值目标）"),
    "between": ("From the first to the second", "从第一张到第二张"),
    "examples": ("Examples: choose one", "示例：选择一张"),
    "before_after": ("Drag the line: what the model saw, what it made", "拖动分界线：左为输入，右为输出"),
    "translate": ("Translate", "转换"),
    "paint": ("Paint over what is to be filled in", "涂抹需要填充的部分"),
    "mask": ("Or a mask from a file: white where to fill in", "或上传蒙版：白色处将被填充"),
    "classify": ("Classify", "分类"),
    "top": ("Classes to name", "显示的类别数"),
    "answer": ("What it is taken for", "识别结果"),
    "uploads_note": (
        "Pictures stay on the machine that serves this page and are deleted within twenty minutes.",
        "图片只保存在提供本页面的机器上，二十分钟内删除。",
    ),
    "compare": ("Compare", "比较"),
    "one": ("One", "模型一"),
    "two": ("The other", "模型二"),
    "human": ("Real or fake?", "真还是假？"),
    "human_info": (
        "One of the two is real, the other was made by the model. Which is real? Guessing gets half of them right.",
        "两张图中一张是真的，另一张由模型生成。哪张是真的？随机猜测的正确率为一半。",
    ),
    "no_directions": (
        "This model has no directions: its latents are not vectors, or a text decides beside them.",
        "该模型没有可用的方向：其潜变量不是向量，或图像还取决于文本。",
    ),
    "prompt": ("Prompt: what to make", "提示词：想生成什么"),
    "style": ("Style: a picture that has it", "风格：一张带有该风格的图片"),
    "how_strongly": ("How strongly", "强度"),
    "reverse": ("The other direction", "反方向"),
    "scale": ("enlarges", "放大"),
    "any_size": ("of any size", "任意尺寸"),
    "no_test": (
        "This model cannot be tested here: that needs the folder of its run, and the data that it was trained on.",
        "该模型无法在此测试：需要其训练文件夹和训练数据。",
    ),
    "left": ("The left one is real", "左边是真的"),
    "right": ("The right one is real", "右边是真的"),
    "about": ("About", "关于"),
    "card": ("Model card", "模型卡"),
    "grids": ("While it learned", "学习过程"),
    "curve": ("Losses", "损失曲线"),
    "fakes": (
        "Everything shown here was made by a model. Every file that you save says so.",
        "这里显示的一切均由模型生成，您保存的每个文件都会注明这一点。",
    ),
}
TEXTS |= {  # of what is worked out: by `say`
    "task": ("task", "任务"),
    "network": ("network", "网络"),
    "parameters": ("parameters", "参数数量"),
    "size": ("images", "图像"),
    "grey": ("grey", "灰度"),
    "colour": ("colour", "彩色"),
    "transparent": ("colour with transparency", "彩色带透明度"),
    "classes": ("classes", "类别数"),
    "latents": ("latents", "潜变量维数"),
    "weights": ("weights", "权重"),
    "licence": ("licence", "许可证"),
    "not_stated": ("not stated", "未注明"),
    "scores": ("Scores", "分数"),
    "no_scores": (
        "Not measured yet: `hf-genimg evaluate MODEL --reference DATA` does.",
        "尚未评测：可用 `hf-genimg evaluate MODEL --reference DATA` 评测。",
    ),
    "not_for": (
        "**Not for:** passing generated images off as photographs or as evidence, depicting real people, or decisions "
        "about people. A model reproduces what its training images show, their gaps included.",
        "**不得用于：**把生成的图像当作照片或证据、描绘真实人物，或作出关于人的决定。模型只会重现训练图像中的内容，连同其中的缺失。",
    ),
    "images_seen": ("{count:,} images", "{count:,} 张图像"),
    "by_eye": (
        "No scores lie beside {missing}, so the two are compared by eye only.",
        "{missing} 没有分数，两个模型只能用眼睛比较。",
    ),
    "unlike": (
        "Their scores were measured under unlike protocols ({names}) and are not compared.",
        "两者的分数按不同的协议测得（{names}），不作比较。",
    ),
    "fault": (
        "this did not work, and it is not your fault; the log of the server says why",
        "操作失败，不是您的问题；原因记录在服务器日志中",
    ),
    "refused": ("{reason}", "无法完成：{reason}"),
    "was_right": ("Right. ", "答对了。"),
    "was_wrong": ("No, that was the model's. ", "不对，那张是模型生成的。"),
    "was_answered": ("That trial was answered before, and counts once. ", "这道题已经回答过，只计一次。"),
    "where_to": (
        "Answers are added to the dataset {where} on the Hub, without a name.",
        "回答将加入 Hub 数据集 {where}，不含姓名。",
    ),
    "answers_kept": (
        "Your answers are kept, but did not reach the Hub; they are sent with the next ones. ",
        "您的回答已保存，但未能送达 Hub；将与下次的回答一起发送。",
    ),
    "answers_sent": ("{count} answers were added to {where}. Thank you. ", "{count} 个回答已加入 {where}，谢谢。"),
    "no_answers": ("No answers yet.", "还没有回答。"),
    "you_are_right": (
        "You: **{value:.0%}** right ({low:.0%} to {high:.0%}). ",
        "您：答对 **{value:.0%}**（{low:.0%} 至 {high:.0%}）。",
    ),
    "all_are_right": (
        "Everybody: {value:.0%} right ({low:.0%} to {high:.0%}) in {answers} answers.",
        "所有人：{answers} 次回答中答对 {value:.0%}（{low:.0%} 至 {high:.0%}）。",
    ),
    "alt_direction": ("The image at these directions", "沿这些方向移动后的图像"),
    "alt_map": ("Map of the plane of the two strongest directions", "最强两个方向构成的平面图"),
    "alt_place": ("The image at this place of the map", "地图上该位置的图像"),
    "alt_walk": ("The walk, moving", "漫步动画"),
    "alt_losses": ("The losses over time", "损失随训练的变化"),
    "alt_left": ("Left image", "左图"),
    "alt_right": ("Right image", "右图"),
    "table": ("| score | value | 95 % interval | |", "| 分数 | 数值 | 95 % 区间 | |"),
    "protocol": ("Protocol: ", "测量协议："),
}
TEXTS |= {f"code_{number}": (f"Code {number}", f"编码 {number}") for number in range(1, 7)}
TEXTS |= {f"direction_{number}": (f"Direction {number}", f"方向 {number}") for number in range(1, 7)}
ENGLISH = {key: english for key, (english, _) in TEXTS.items()}
CHINESE = {key: chinese for key, (_, chinese) in TEXTS.items()}
LANGUAGE: ContextVar[str] = ContextVar("language", default="en")  # of whoever is answered


def say(key: str, **values: Any) -> str:
    """A sentence in the visitor's language, for what is computed here; labels are translated in the browser."""
    english, chinese = TEXTS[key]
    return (chinese if LANGUAGE.get().startswith("zh") else english).format(**values)
