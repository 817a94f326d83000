"""Images opened large: a click, or a double click where a click chooses; arrow keys go on, escape closes."""

from __future__ import annotations

# Where a click already does something else, a double click opens the image: `studio-choose`. Before/after has a line to
# drag, and gradio's own button for the whole screen. The image that is looked at is the chosen one of its gallery, and
# the buttons below that gallery are in reach.
LIGHTBOX = """() => {
  if (document.querySelector('.studio-lightbox')) return;
  const words = navigator.language.toLowerCase().startsWith('zh')
    ? { box: '放大的图像', back: '上一张', on: '下一张', close: '关闭' }
    : { box: 'Enlarged image', back: 'Previous image', on: 'Next image', close: 'Close' };
  const make = (name, settings, ...children) => {
    const made = Object.assign(document.createElement(name), settings);
    made.append(...children);
    return made;
  };
  let images = [], number = 0, following = false;
  const image = make('img', {}), caption = make('span', {});
  const actions = make('div', { className: 'studio-lightbox-row' });
  const button = (text, label, clicked) => {
    const made = make('button', { type: 'button', textContent: text, onclick: clicked });
    if (label) { made.setAttribute('aria-label', label); made.title = label; }
    return made;
  };
  const back = button('\\u2039', words.back, () => go(-1)), on = button('\\u203a', words.on, () => go(1));
  const close = button('✕', words.close, () => box.close());
  const box = make('dialog', { className: 'studio-lightbox' }, close, image,
    make('div', { className: 'studio-lightbox-row' }, back, caption, on), actions);
  box.setAttribute('aria-label', words.box);
  document.querySelector('.gradio-container').append(box);
  const show = () => {
    const shown = images[number];
    image.src = shown.src;
    image.alt = shown.alt || (shown.closest('[aria-label]')?.getAttribute('aria-label') ?? '');
    image.classList.toggle('smooth', shown.naturalWidth > 512);
    const label = shown.closest('.thumbnail-item')?.querySelector('.caption-label')?.textContent.trim();
    const place = images.length > 1 ? `${number + 1} / ${images.length}` : '';
    caption.textContent = [place, label].filter(Boolean).join(' · ');
    for (const each of [back, on]) each.hidden = images.length < 2;
  };
  const go = (step) => {
    number = (number + step + images.length) % images.length;
    following = true; // a gallery chooses what is looked at
    images[number].closest('.thumbnail-item')?.click();
    following = false;
    show();
  };
  const open = (chosen) => {
    const block = chosen.closest('.block');
    const all = [...block.querySelectorAll('.thumbnail-item img')];
    images = all.includes(chosen) ? all : [chosen];
    number = images.indexOf(chosen);
    const near = block.closest('.studio-pictures')?.querySelectorAll('.studio-buttons button') ?? [];
    const shown = [...near].filter((each) => each.checkVisibility() && block.classList.contains('studio-stays'));
    const pressed = (each) => () => { box.close(); each.click(); };
    actions.replaceChildren(...shown.map((each) => button(each.textContent.trim(), '', pressed(each))));
    show();
    box.showModal();
    (images.length > 1 ? on : close).focus();
  };
  const imageOf = (target) => {
    const found = target.closest('.thumbnail-item')?.querySelector('img') ?? (target.matches('img') ? target : null);
    const block = found?.closest('.block');
    return block && !box.contains(found) && !found.closest('.slider-wrap, .image-slider, a') ? found : null;
  };
  for (const [event, choosing] of [['click', false], ['dblclick', true]]) {
    document.addEventListener(event, (happened) => {
      const found = following || !(happened.target instanceof Element) ? null : imageOf(happened.target);
      if (found && !!found.closest('.studio-choose, .studio-examples, .studio-history') === choosing) open(found);
    });
  }
  const mark = (shown) => { // images with transparency lie on a checkerboard
    const seen = Object.assign(document.createElement('canvas'), { width: 32, height: 32 }).getContext('2d');
    seen.drawImage(shown, 0, 0, 32, 32);
    const levels = seen.getImageData(0, 0, 32, 32).data;
    shown.toggleAttribute('data-transparent', levels.some((level, place) => place % 4 === 3 && level < 255));
  };
  const shows = '.pixels img, .studio-lightbox img';
  document.addEventListener('load', ({ target }) => target.matches?.(shows) && mark(target), true);
  for (const each of document.querySelectorAll(shows)) if (each.complete && each.naturalWidth) mark(each);
  box.addEventListener('keydown', (pressed) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[pressed.key];
    if (step && images.length > 1) { pressed.preventDefault(); go(step); }
  });
  box.addEventListener('click', (happened) => { if (happened.target === box) box.close(); });
}"""

CSS = """
.studio-lightbox {
  position: fixed; inset: 0; margin: auto; border: 0; padding: 16px; border-radius: 8px;
  max-width: 100vw; max-height: 100vh; overflow: auto;
  background: var(--body-background-fill); color: var(--body-text-color);
}
.studio-lightbox::backdrop { background: rgb(0 0 0 / 75%); }
.studio-lightbox > img {
  display: block; margin: 8px auto; width: min(86vw, 72vh); height: min(86vw, 72vh); object-fit: contain;
  image-rendering: pixelated;
}
.studio-lightbox > img.smooth { image-rendering: auto; }
.studio-lightbox-row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; justify-content: center; }
.studio-lightbox-row + .studio-lightbox-row { margin-top: 8px; }
.studio-lightbox button {
  min-width: 44px; min-height: 44px; padding: 4px 12px; border-radius: 8px; font-size: 1em; cursor: pointer;
  background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color);
  border: 1px solid var(--border-color-primary);
}
.studio-lightbox > button { display: block; margin-left: auto; }
img[data-transparent] { background: repeating-conic-gradient(#ccc 0 25%, #fff 0 50%) 0 0 / 16px 16px; }
.thumbnail-item img, .pixels .image-frame img { cursor: zoom-in; }
:is(.studio-choose, .studio-examples, .studio-history) img { cursor: pointer !important; }
"""
