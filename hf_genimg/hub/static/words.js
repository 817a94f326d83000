// What the page says, in English and Chinese.
const english = {
  language: "en",
  about: {
    generation: "A model that generates images. Every image here is made on your device, by a program and not by a camera.",
    reconstruction: "A model that encodes images and generates them. Everything happens on your device.",
    translation: "A model that turns one image into another. Draw or open a picture; it does not leave your device.",
    classification: "A model that names what is in an image. Draw or open a picture; it does not leave your device.",
  },
  private: "Nothing is uploaded. The page works without a network once it has been opened. Images that it generates are synthetic.",
  loading: "Loading the model …",
  seed: "Seed", class: "Class", anyClass: "as the seed has it", truncation: "Truncation", direction: (k) => `Direction ${k}`,
  newImage: "New image", walk: "Walk", reset: "Reset", save: "Save PNG", open: "Open a picture", clear: "Clear", swap: "Black and white swapped",
  yourPicture: "Your picture", draw: "Draw here", paint: "Paint over what is to be filled in",
  style: "Style: a picture that has it", openStyle: "Open a style", strength: "How strongly", took: (ms) => `Made in ${ms} ms on this device.`,
  imageOf: (seed) => `The image of seed ${seed}`,
  badSeed: (text) => `${text || "nothing"} is no seed; type a whole number below 9223372036854775796`,
  unreadable: "This file cannot be read as a picture; open a PNG, JPEG or WebP.",
  failed: (why) => `That did not work: ${why}`,
};

const chinese = {
  language: "zh",
  about: {
    generation: "生成图像的模型。这里的每张图像都在您的设备上由程序生成，而非相机拍摄。",
    reconstruction: "编码并生成图像的模型。一切都在您的设备上进行。",
    translation: "把一张图像转换成另一张的模型。画一张或打开一张图片；它不会离开您的设备。",
    classification: "识别图像内容的模型。画一张或打开一张图片；它不会离开您的设备。",
  },
  private: "不上传任何内容。页面打开过一次后，无需网络即可使用。生成的图像均为合成图像。",
  loading: "正在加载模型……",
  seed: "种子", class: "类别", anyClass: "由种子决定", truncation: "截断", direction: (k) => `方向 ${k}`,
  newImage: "新图像", walk: "漫步", reset: "重置", save: "保存 PNG", open: "打开图片", clear: "清除", swap: "黑白互换",
  yourPicture: "您的图片", draw: "在此绘制", paint: "涂抹要填补的区域",
  style: "风格：一张带有该风格的图片", openStyle: "打开风格图片", strength: "强度", took: (ms) => `在本设备上用时 ${ms} 毫秒。`,
  imageOf: (seed) => `种子 ${seed} 的图像`,
  badSeed: (text) => `${text || "空"}不是种子；请输入小于 9223372036854775796 的整数`,
  unreadable: "无法将此文件读取为图片；请打开 PNG、JPEG 或 WebP。",
  failed: (why) => `操作未成功：${why}`,
};

export const words = (language) => (language.toLowerCase().startsWith("zh") ? chinese : english);
