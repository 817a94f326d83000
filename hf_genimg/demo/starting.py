"""What the browser does when the page is there: names for images, labels in the reader's language, large images."""

from __future__ import annotations

from .dragging import DRAGGING
from .lightbox import LIGHTBOX

# Labels of gradio 6.31 that are in English whatever the reader's language.
LABELS = """{
  'Remove Image': '移除图片', 'Upload file': '上传文件', 'Capture from camera': '拍照',
  'Paste from clipboard': '从剪贴板粘贴', 'Click to upload or drop files': '点击上传或拖放文件',
  'Reset to default value': '恢复默认值', Fullscreen: '全屏', 'Exit fullscreen mode': '退出全屏',
  'Gradio footer navigation': '页脚', Pan: '移动', 'Zoom out': '缩小', 'Zoom in': '放大', undo: '撤销', Undo: '撤销',
  Redo: '重做', redo: '重做', 'Clear canvas': '清空画布', Brush: '画笔', Erase: '橡皮', Eraser: '橡皮', Color: '颜色',
  'Brush Size': '画笔粗细', 'Eraser Size': '橡皮粗细', 'File upload': '上传文件', Download: '下载', Clear: '清除',
  Close: '关闭', Share: '分享', Copy: '复制', Size: '大小'
}"""
# What stays in view while the rest is scrolled cannot do so within `overflow: hidden`, which gradio 6.31 sets on the
# whole page, where styles of ours do not reach.
# Uploads and before/after have no place for an alternative text in gradio 6.31: they get their label, which is in the
# reader's language.
NAMES = r"""() => {
  const chinese = navigator.language.toLowerCase().startsWith('zh') ? LABELS_OF_GRADIO : null;
  const patterns = [[/^Thumbnail (\d+) of (\d+)$/, '第 $1 张，共 $2 张'], [/^number input for (.*)$/, '$1：数值'],
    [/^range slider for (.*)$/, '$1：滑块'], [/^select color (.*)$/i, '选择颜色 $1']];
  const translate = () => document.querySelectorAll('[aria-label], [title]').forEach((element) => {
    for (const attribute of ['aria-label', 'title']) {
      const text = element.getAttribute(attribute)?.trim() ?? '';
      const found = patterns.find(([pattern]) => pattern.test(text));
      const other = chinese[text] ?? (found ? text.replace(found[0], found[1]) : text);
      if (other !== text) element.setAttribute(attribute, other);
    }
  });
  const name = () => document.querySelectorAll('.block img:not([alt]), .block img[alt=""]').forEach((image) => {
    const label = image.closest('.block').querySelector('[data-testid=block-label]');
    if (label && label.textContent.trim()) image.alt = label.textContent.trim();
  });
  const all = () => { name(); if (chinese) translate(); };
  const changes = { childList: true, subtree: true, attributeFilter: ['src', 'alt', 'aria-label', 'title'] };
  document.querySelector('.gradio-container').style.overflow = 'clip';
  new MutationObserver(all).observe(document.body, changes);
  all();
}""".replace("LABELS_OF_GRADIO", LABELS)
STARTING = f"() => {{ ({NAMES})(); ({LIGHTBOX})(); ({DRAGGING})(); }}"
