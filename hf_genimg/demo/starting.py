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
  Close: '关闭', 'Empty value': '空', Share: '分享', Copy: '复制', Size: '大小'
}"""
# What stays in view while the rest is scrolled cannot do so within `overflow: hidden`, which gradio 6.31 sets on the
# whole page, where styles of ours do not reach.
# Uploads and before/after have no place for an alternative text in gradio 6.31: they get their label, which is in the
# reader's language. A picture with a caption is called by it, tables and code that may be wider than a phone can be
# scrolled with the keys, and a place for uploads is called by what is written on it.
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
  const caption = () => document.querySelectorAll('.thumbnail-item:has(.caption-label)').forEach((item) => {
    const words = item.querySelector('.caption-label').textContent.trim(), before = item.dataset.caption ?? '';
    const label = item.getAttribute('aria-label') ?? '', image = item.querySelector('img');
    const named = `${words}: ${before && label.startsWith(before) ? label.slice(before.length) : label}`;
    if (label !== named) item.setAttribute('aria-label', named);
    item.dataset.caption = `${words}: `;
    if (image?.alt === words) image.alt = '';
  });
  const reach = () => {
    const wide = '.studio-facts table:not([tabindex]), .prose pre:not([tabindex])';
    document.querySelectorAll(wide).forEach((each) => { each.tabIndex = 0; });
    document.querySelectorAll('.prose th:empty').forEach((each) => each.replaceWith(document.createElement('td')));
    document.querySelectorAll('.empty[aria-label]:not([role])').forEach((each) => each.setAttribute('role', 'img'));
    const pads = '.image-container[aria-dropeffect][aria-label]:not([role])';
    document.querySelectorAll(pads).forEach((each) => each.setAttribute('role', 'group'));
    document.querySelectorAll('button.upload-container[aria-label]').forEach((button) => {
      const words = button.innerText.replace(/\s+/g, ' ').trim();
      if (words && button.getAttribute('aria-label') !== words) button.setAttribute('aria-label', words);
    });
  };
  const all = () => { name(); if (chinese) translate(); caption(); reach(); };
  const changes = { childList: true, subtree: true, attributeFilter: ['src', 'alt', 'aria-label', 'title'] };
  document.querySelector('.gradio-container').style.overflow = 'clip';
  new MutationObserver(all).observe(document.body, changes);
  all();
}""".replace("LABELS_OF_GRADIO", LABELS)
STARTING = f"() => {{ ({NAMES})(); ({LIGHTBOX})(); ({DRAGGING})(); }}"
