"""Dragging in two dimensions on the map of the Explore tab: the place follows the pointer."""

from __future__ import annotations

from .explore import MAP_REACH, MAP_SIDE

# A picture of the map moves the sliders `ID-x` and `ID-y`, where ID is that of the map; the outermost images are
# centred on the edge.
DRAGGING = """() => {
  const reach = REACH;
  let map = null;
  const set = (name, value) => {
    const slider = document.getElementById(map.id.replace(/^map/, `map-${name}`))?.querySelector('input[type=range]');
    if (!slider) return;
    const held = Math.max(Number(slider.min), Math.min(Number(slider.max), value));
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(slider, held.toFixed(2));
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  };
  const follow = (moved) => {
    const box = map.querySelector('img').getBoundingClientRect(), side = Math.min(box.width, box.height);
    const from = (point, middle) => (2 * (point - middle) / side) * reach;
    set('x', from(moved.clientX, box.left + box.width / 2));
    set('y', -from(moved.clientY, box.top + box.height / 2));
  };
  document.addEventListener('pointerdown', (pressed) => {
    if (!(pressed.target instanceof HTMLImageElement) || pressed.button) return;
    map = pressed.target.closest('.studio-map');
    if (map) pressed.preventDefault(); // the browser would drag the picture away
  });
  document.addEventListener('dragstart', (begun) => { if (map) begun.preventDefault(); });
  document.addEventListener('pointermove', (moved) => { if (map) follow(moved); });
  for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, () => { map = null; });
}""".replace("REACH", str(MAP_REACH * MAP_SIDE / (MAP_SIDE - 1)))

CSS = """
.studio-map img { touch-action: none; user-select: none; cursor: crosshair !important; }
"""
