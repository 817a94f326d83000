"""Every sentence of the page, in English and in Chinese."""

from __future__ import annotations

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
    "label": ("Class", "类别"),
    "any_label": ("any", "任意"),
    "images": ("Images", "图像"),
    "like": ("More like the chosen one", "更多类似所选图像"),
    "strength": ("How different", "差异程度"),
    "png": ("Chosen one as PNG", "所选图像存为 PNG"),
    "zip": ("All as ZIP", "全部存为 ZIP"),
    "link": ("Link to these images", "这些图像的链接"),
    "stop": ("Stop", "停止"),
    "history": ("Before", "历史"),
    "options": ("More", "更多"),
    "fakes": (
        "Everything shown here was made by a model. Every file that you save says so.",
        "这里显示的一切均由模型生成，您保存的每个文件都会注明这一点。",
    ),
}
ENGLISH = {key: english for key, (english, _) in TEXTS.items()}
CHINESE = {key: chinese for key, (_, chinese) in TEXTS.items()}
