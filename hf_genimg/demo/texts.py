"""Every sentence of the page, in English and in Chinese."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from .closer_texts import CLOSER
from .training_texts import TRAINING

TEXTS: dict[str, tuple[str, str]] = {
    "model": ("Model", "模型"),
    "hub_id": ("Model, or any Hub id", "模型，或任意 Hub id"),
    "hub_id_info": (
        "Click for examples, or type the id of a model of hf_genimg on the Hub, such as owner/name.",
        "点击可选择示例，或输入 Hub 上 hf_genimg 模型的 id，例如 owner/name。",
    ),
    "intro_generation": (
        "Generates images ({size}) from random numbers; none of them is a photograph.",
        "由随机数生成图像（{size}）；其中没有一张是照片。",
    ),
    "intro_text": (
        "Generates images ({size}) from a text; none of them is a photograph.",
        "由文字生成图像（{size}）；其中没有一张是照片。",
    ),
    "intro_reconstruction": (
        "Encodes images ({size}) as a few numbers and decodes them; from random numbers it generates new ones.",
        "把图像（{size}）编码为少量数字再解码；也能由随机数生成新图像。",
    ),
    "intro_translation": ("Turns one image into another ({size}).", "把一张图像转换成另一张（{size}）。"),
    "intro_classification": ("Says what is in an image ({size}).", "识别图像的内容（{size}）。"),
    "comma": (", ", "，"),
    "try": ("Try: {what}.", "试试：{what}。"),
    "try_prompt": ("type a prompt", "输入提示词"),
    "try_class": ("choose a class", "选择一个类别"),
    "try_codes": ("move the codes", "移动编码滑块"),
    "try_morph": ("move Morph", "拖动“变形”"),
    "try_like": ("click on an image and make more like it", "点击一张图像并生成更多类似图像"),
    "try_explore": ("open Explore and move a direction", "打开“探索”并移动一个方向"),
    "try_upload": ("open a picture of yours", "打开您自己的图片"),
    "try_paint": ("paint over what is to be filled in", "涂抹要填补的区域"),
    "try_style": ("choose a picture whose style it takes", "选择一张提供风格的图片"),
    "try_reverse": ("translate back", "反向转换"),
    "try_examples": ("choose one of the examples below", "选择下方的示例"),
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
    "any_class": ("any", "任意"),
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
    "then": ("Then: give these images to other models", "然后：把这些图像交给其他模型"),
    "then_info": (
        "Models that translate, one after another in the order that you choose them: enlarge, restore, style.",
        "图像转换模型按选择的顺序依次处理：放大、修复、风格化。",
    ),
    "then_models": ("Models that follow", "后续模型"),
    "then_go": ("Translate them", "转换这些图像"),
    "then_result": ("Then: give the result to other models", "然后：把结果交给其他模型"),
    "then_go_result": ("Translate the result", "转换该结果"),
    "link": ("Link to these images", "这些图像的链接"),
    "keep": ("Keep as a favourite", "收藏"),
    "favourites": ("Favourites of all models", "所有模型的收藏"),
    "favourites_info": (
        "At most 24; they stay in your browser. Click on one to choose it.",
        "最多 24 张，只保存在您的浏览器中。点击一张即可选中。",
    ),
    "contact_sheet": ("Contact sheet (PNG)", "总览图（PNG）"),
    "kept_link": ("Link to the favourites", "收藏的链接"),
    "remove": ("Remove the chosen one", "移除所选"),
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
    "named_info": ("Named directions of this model", "该模型的命名方向"),
    "from_picture": ("Begin with a picture of yours", "从您的图片开始"),
    "from_picture_info": (
        "The model looks for latents whose image is near your picture; then directions, map and walk begin there.",
        "模型会寻找与您的图片最接近的潜变量；之后方向、地图和漫步都从那里开始。",
    ),
    "find": ("Find it in the latent space", "在潜空间中寻找"),
    "back_to_seed": ("Back to the seed", "回到种子"),
    "method": ("Found by", "方法"),
    "reset": ("Back to the start", "回到起点"),
    "image": ("Image", "图像"),
    "map": ("Map", "地图"),
    "map_info": (
        "The plane of the two strongest directions. Click on a place, drag across it, or move the sliders.",
        "最强两个方向构成的平面。点击任意位置、在上面拖动，或移动滑块。",
    ),
    "map_x": ("Left to right", "左右"),
    "map_y": ("Down to up", "上下"),
    "reconstruct": ("Reconstruct", "重建"),
    "picture": ("Picture", "图片"),
    "draw": ("Or draw one", "或手绘一张"),
    "draw_info": (
        "Draw on the white pad: the model gets your strokes in the size, the place and the colours of its own data.",
        "在白色画板上绘制：笔画会按模型自身数据的大小、位置和颜色交给模型。",
    ),
    "seen": ("What the model saw", "模型看到的图像"),
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
    "prompt_info": ("Empty: an example.", "留空：使用示例。"),
    "try_prompts": ("Prompts to try", "可尝试的提示词"),
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
        "Images that a model made say so in every file that you save. Pictures that you give, examples and the real "
        "ones of the test are not made by a model.",
        "模型生成的图像会在您保存的每个文件中注明。您提供的图片、示例以及测试中的真图并非由模型生成。",
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
        "**不得用于**：把生成的图像当作照片或证据、描绘真实人物，或作出关于人的决定。模型只会重现训练图像中的内容，连同其中的缺失。",
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
    "searching": ("Looking for your picture", "正在寻找您的图片"),
    "nearness": (
        "Everything below begins with your picture, as near as the model came: PSNR {psnr:.1f} dB (higher is nearer).",
        "下面的一切都从您的图片开始，模型的接近程度：PSNR {psnr:.1f} dB（越高越接近）。",
    ),
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
    "task_generation": ("generates images", "生成图像"),
    "task_reconstruction": ("encodes and generates images", "编码并生成图像"),
    "task_translation": ("translates images", "转换图像"),
    "task_classification": ("classifies images", "图像分类"),
}
TEXTS |= CLOSER
TEXTS |= {f"code_{number}": (f"Code {number}", f"编码 {number}") for number in range(1, 7)}
TEXTS |= {f"direction_{number}": (f"Direction {number}", f"方向 {number}") for number in range(1, 7)}
TEXTS |= TRAINING
ENGLISH = {key: english for key, (english, _) in TEXTS.items()}
CHINESE = {key: chinese for key, (_, chinese) in TEXTS.items()}
LANGUAGE: ContextVar[str] = ContextVar("language", default="en")  # of whoever is answered


def say(key: str, **values: Any) -> str:
    """A sentence in the visitor's language, for what is computed here; labels are translated in the browser."""
    english, chinese = TEXTS[key]
    return (chinese if LANGUAGE.get().startswith("zh") else english).format(**values)
