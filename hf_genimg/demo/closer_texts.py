"""Sentences of Look closer, Evaluate, piles and scores, and of places where nothing is shown yet; see texts.py."""

from __future__ import annotations

CLOSER: dict[str, tuple[str, str]] = {
    "closer": ("Look closer", "细看"),
    "closer_info": (
        "Click on one of your images: which training images are nearest to it? Below, the data that the model learned "
        "from, beside what it makes.",
        "点击您的一张图像：哪些训练图像与它最接近？下方是模型学习所用的数据，可与生成结果对照。",
    ),
    "samples": ("Your images, made by the model", "您的图像（由模型生成）"),
    "nearest": ("Real images of the training data that are nearest", "最接近的真实训练图像"),
    "browse": ("The training data: real images, none of them made by the model", "训练数据：真实图像，并非由模型生成"),
    "page": ("Page", "页"),
    "empty_samples": (
        "No images yet: open Generate, make some, and come back.",
        "还没有图像：请先在“生成”中生成一些，再回到这里。",
    ),
    "empty_nearest": (
        "Click on an image to see the training images that are most like it.",
        "点击一张图像，查看与它最相似的训练图像。",
    ),
    "no_data": (
        "The data that this model learned from are not here. Whoever serves this page can name them: "
        "`hf-genimg demo MODEL --data DATA`.",
        "该模型的训练数据不在此处。提供本页面的人可以指定：`hf-genimg demo MODEL --data DATA`。",
    ),
    "evaluate_info": (
        "Scores the model against its training data, as `hf-genimg evaluate` does. More images take longer and make "
        "the numbers surer; scores of different numbers of images are not comparable.",
        "与 `hf-genimg evaluate` 相同，用训练数据评测模型。图像越多越慢，数值也越可靠；图像数量不同的分数不可比较。",
    ),
    "which_scores": ("Scores (arrow: which way is better)", "分数（箭头：更好的方向）"),
    "scored_images": ("Images to score", "参与评测的图像数量"),
    "scores_file": ("Scores with their protocol (scores.json)", "分数与协议（scores.json）"),
    "all_classes": ("all", "全部"),
    "seeing": ("Looking at images", "正在查看图像"),
    "scoring": ("Computing scores", "正在计算分数"),
    "nearest_far": (
        "The nearest training image is at the distance {distance:.3g}. Neighbours among real training images are "
        "usually {usual:.3g} apart, so this image is no copy of one by these features.",
        "最近的训练图像距离为 {distance:.3g}。真实训练图像之间的邻居通常相距 {usual:.3g}；"
        "按这些特征看，这张图像不是抄袭。",
    ),
    "nearest_near": (
        "The nearest training image is at the distance {distance:.3g}, nearer than neighbours among real training "
        "images usually are ({usual:.3g}): compare the two by eye.",
        "最近的训练图像距离为 {distance:.3g}，比真实训练图像之间的邻居（通常 {usual:.3g}）更近：请用眼睛比较两者。",
    ),
    "nearest_copy": (
        "The nearest training image is at the distance {distance:.3g}, far nearer than neighbours among real training "
        "images are ({usual:.3g}): this may be a copy.",
        "最近的训练图像距离为 {distance:.3g}，远小于真实训练图像之间的距离（{usual:.3g}）：这可能是抄袭。",
    ),
    "nearest_of": (
        "Distances are Euclidean, of features of `{extractor}`; 0 is equal. {count:,} of {total:,} training images "
        "were searched.",
        "距离为 `{extractor}` 特征的欧氏距离；0 表示相同。共搜索了 {total:,} 张训练图像中的 {count:,} 张。",
    ),
    "no_discriminator": (
        "This model came without a discriminator of images alone, so there is no view of it.",
        "该模型没有附带只看图像的判别器，因此没有判别器的看法。",
    ),
    "discriminator_boundary": (
        "On each image: its discriminator's output. Above {boundary:g} it takes the image for real.",
        "每张图像上：判别器的输出。大于 {boundary:g} 表示判别器认为它是真的。",
    ),
    "discriminator_compares": (
        "On each image: its discriminator's output. It only compares: the larger, the more real.",
        "每张图像上：判别器的输出。只能互相比较：越大越像真的。",
    ),
    "discriminator_means": (
        "On average {fake:+.2f} for these, {real:+.2f} for real training images.",
        "这些图像平均 {fake:+.2f}，真实训练图像平均 {real:+.2f}。",
    ),
    "piles": ("Make a direction of your own", "创建自己的方向"),
    "piles_info": (
        "A direction moves all images at once, towards a class or towards something that you show it (a slant, a "
        "smile); under a name it is saved with the model.",
        "一个方向可同时移动所有图像：移向某个类别，或移向您指出的特征（如倾斜、微笑）；取名后可随模型保存。",
    ),
    "piles_how": (
        "**From two piles**: click on images that have it to put them into pile A, then on images that have not for "
        "pile B. The direction leads from B to A.",
        "**由两堆图像**：点击具有该特征的图像放入 A 堆，再把没有该特征的放入 B 堆。方向从 B 指向 A。",
    ),
    "matrix": ("Style-mixing matrix", "样式混合矩阵"),
    "matrix_info": (
        "Rows keep their own first layers (shape); from the layer on, columns give their styles (colour, detail).",
        "每一行保留自己的前几层（形状）；从该层起采用各列的样式（颜色、细节）。",
    ),
    "matrix_rows": ("Seeds of the rows", "各行的种子"),
    "matrix_columns": ("Seeds of the columns", "各列的种子"),
    "make_matrix": ("Make the matrix", "生成矩阵"),
    "labels_info": (
        "**From labels**: images of the model, or its data, are sorted by class; the direction crosses the boundary.",
        "**由标签**：按类别区分模型的图像或其训练数据，方向穿过类别之间的边界。",
    ),
    "labels_source": ("Labels", "标签来源"),
    "labels_to": ("Towards the class", "移向类别"),
    "labels_from": ("Away from", "远离"),
    "find_from_labels": ("Find it from labels", "由标签寻找方向"),
    "all_others": ("all others", "其他所有类别"),
    "labels_of_data": ("of the data: {name}", "数据的标签：{name}"),
    "labels_of_classifier": ("by the classifier {name}", "由分类器 {name} 给出"),
    "direction_from_labels": (
        "Found: towards {label}, away from {against}. Move the slider: all images above follow.",
        "已找到：移向 {label}，远离 {against}。移动滑块，上方所有图像会随之变化。",
    ),
    "pile": ("A click puts an image into pile", "点击图像放入哪一堆"),
    "pile_a": ("Pile A: have it", "A 堆：有该特征"),
    "pile_b": ("Pile B: have it not", "B 堆：没有该特征"),
    "empty_pile_a": ("Empty: click on images above that have it.", "空：请点击上方具有该特征的图像。"),
    "empty_pile_b": (
        "Empty: choose pile B above, then click on images that have it not.",
        "空：请在上方选择 B 堆，再点击没有该特征的图像。",
    ),
    "find_direction": ("Find the direction", "寻找方向"),
    "clear_piles": ("Empty both piles", "清空两堆"),
    "apply": ("Direction that moves all images above", "移动上方所有图像的方向"),
    "apply_strength": ("How far, in standard deviations", "移动多远（标准差）"),
    "direction_name": ("Name of the direction", "方向的名称"),
    "save_direction": ("Save it with the model", "随模型保存"),
    "direction_file": ("Take it as a file", "下载为文件"),
    "changed": ("What was changed", "改变了什么"),
    "changed_info": (
        "The change of each pixel: black where there is none, white from 64 of 255 levels.",
        "每个像素的改变量：没有改变为黑色，达到 64 级（满量程 255）即为白色。",
    ),
    "distance_to_input": (
        "PSNR to the input: {psnr:.1f} dB. Higher: less was changed; it does not say that the result is right.",
        "与输入的 PSNR：{psnr:.1f} dB。越高表示改变越少，但并不表示结果正确。",
    ),
    "unchanged": ("Nothing was changed.", "没有任何改变。"),
    "heat": ("Where it looked (Grad-CAM)", "它看了哪里（Grad-CAM）"),
    "heat_info": (
        "Red: where most of the evidence for the likeliest class lies; uncoloured: none.",
        "红色：最可能类别的证据最集中的地方；未着色：没有证据。",
    ),
    "open_dicom": ("Open a DICOM file", "打开 DICOM 文件"),
    "own_direction": ("the one that you found", "您找到的方向"),
    "direction_found": (
        "Found from {a} images against {b}. Move the slider: all images above follow.",
        "由 {a} 张与 {b} 张图像得到。移动滑块，上方所有图像会随之变化。",
    ),
    "direction_saved": (
        "**{name}** is saved with {model}: it has a slider above, and `hf-genimg sample` knows it.",
        "**{name}** 已随 {model} 保存：上方有它的滑块，`hf-genimg sample` 也能使用。",
    ),
    "score_better": ("score (arrow: which way is better)", "分数（箭头：更好的方向）"),
    "value": ("value", "数值"),
    "value_interval": ("value, 95 % interval", "数值与 95 % 区间"),
    "from_to": ("{low} to {high}", "{low} 至 {high}"),
    "better": ("better", "更好"),
    "outcome_alike": ("no difference beyond chance", "差异在误差之内"),
    "outcome_unknown": ("of unknown uncertainty", "不确定度未知"),
    "fid_of_classes": ("FID of each class", "各类别的 FID"),
    "class_word": ("class", "类别"),
    "setting": ("setting", "设置"),
    "protocol": ("Protocol: how this was measured", "测量协议：这些数值是如何测得的"),
    "empty_images": ("No images yet: press Generate.", "还没有图像：请点击“生成”。"),
    "empty_reconstruct": (
        "Nothing here yet: open a picture, take one with the camera, or draw one. What the model makes of it comes "
        "here, beside what it saw.",
        "这里还没有内容：请打开、拍摄或手绘一张图片。模型的重建结果会与输入并排显示在这里。",
    ),
    "empty_translate": (
        "Nothing here yet: open or draw a picture and press Translate. What the model makes of it comes here.",
        "这里还没有内容：请打开或手绘一张图片，再点击“转换”。结果会显示在这里。",
    ),
    "empty_classify": (
        "Nothing here yet: open or draw a picture. The likeliest classes come here.",
        "这里还没有内容：请打开或手绘一张图片。最可能的类别会显示在这里。",
    ),
    "empty_examples": (
        "There are no examples: the data that this model learned from are not here. Open or draw a picture.",
        "没有示例：该模型的训练数据不在此处。请打开或手绘一张图片。",
    ),
    "empty_then": (
        "Nothing here yet: choose models, and press Translate.",
        "这里还没有内容：请选择模型，再点击“转换”。",
    ),
    "empty_scores": (
        "No scores yet: choose some above and press Evaluate. They come here, with what they mean.",
        "还没有分数：请在上方选择并点击“评测”。分数及其含义会显示在这里。",
    ),
    "empty_favourites": (
        "No favourites yet: press “Keep as a favourite” below an image that you like.",
        "还没有收藏：请在喜欢的图像下方点击“收藏”。",
    ),
}
