// The page: makes images from seeds, and translates, reconstructs or classifies a picture, all on this device.
import * as ort from "./runtime/ort.wasm.bundle.min.mjs";
import { TorchGenerator } from "./torch_random.js";
import { words } from "./words.js";
import { encodePng } from "./png.js";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL("runtime/ort-wasm-simd-threaded.wasm", location.href).href };

const GALLERY = 12, WALK_STEPS = 24, LARGEST_SEED = 2n ** 32n, SPREAD = 3;
const by = (id) => document.getElementById(id);
const say = words(navigator.language);
const parts = {};
let model, table;
let current = { seed: 0n, label: null, truncation: 1, moves: [], named: [] };
let base = null; // latents of an encoded picture, in place of those of the seed

async function part(name) {
  parts[name] ??= ort.InferenceSession.create(`${name}.onnx`, { executionProviders: ["wasm"] });
  return parts[name];
}

// One run at a time: a session of onnxruntime-web cannot be entered twice.
let queue = Promise.resolve();
function run(name, inputs) {
  const result = queue.then(async () => {
    const session = await part(name);
    const given = Object.fromEntries(session.inputNames.map((each) => [each, inputs[each]]));
    return (await session.run(given))[session.outputNames[0]];
  });
  queue = result.catch(() => {});
  return result;
}

const floats = (values, dims) => new ort.Tensor("float32", values, dims);

// ---- images from latents

function sampled(seed) {
  if (table) {
    const row = Number(seed) % model.table.seeds, { latents, noise = 0 } = model.table.sizes;
    const start = row * (latents + noise);
    return {
      latents: table.slice(start, start + latents),
      noise: table.slice(start + latents, start + latents + noise),
      label: model.table.labels[row] ?? null,
    };
  }
  const generator = new TorchGenerator(seed);
  const latents = generator.latents(model.distribution, model.latent_dim);
  return { latents, label: model.num_classes ? generator.integer(model.num_classes) : null };
}

async function generate({ seed, label, truncation, moves, named }, from = null) {
  const drawn = sampled(seed);
  const latents = Float32Array.from(from ?? drawn.latents);
  // named directions move latents before truncation, as the pipeline's `directions=` does
  named.forEach((strength, k) => model.named_directions[k].vector.forEach((step, i) => (latents[i] += strength * step)));
  latents.forEach((value, i) => (latents[i] = value * truncation));
  moves.forEach((strength, k) => model.directions[k].forEach((step, i) => (latents[i] += strength * step)));
  const inputs = { latents: floats(latents, [1, latents.length]) };
  if (model.num_classes) inputs.labels = new ort.Tensor("int64", [BigInt(label ?? drawn.label)], [1]);
  if (drawn.noise?.length) inputs.noise = floats(drawn.noise, [1, drawn.noise.length]);
  return run("images", inputs);
}

// The great circle between latents of a normal distribution, the straight line between others.
function between(a, b, t) {
  if (model.distribution === "uniform") return a.map((value, i) => (1 - t) * value + t * b[i]);
  const dot = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  const angle = Math.acos(Math.max(-1, Math.min(1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)))));
  if (angle < 1e-4) return a;
  return a.map((value, i) => (Math.sin((1 - t) * angle) * value + Math.sin(t * angle) * b[i]) / Math.sin(angle));
}

// ---- pixels

function show(canvas, output) {
  const [, channels, height, width] = output.dims, plane = height * width;
  const pixels = new ImageData(width, height);
  const level = (c, i) => (output.data[c * plane + i] + 1) * 127.5;
  for (let i = 0; i < plane; i++) {
    const alpha = channels === 4 ? level(3, i) : 255; // by which colours are multiplied, and not in a PNG
    const share = channels === 4 ? (alpha < 0.5 ? 0 : 255 / alpha) : 1;
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = Math.round(share * level(channels === 1 ? 0 : c, i));
    pixels.data[4 * i + 3] = Math.round(alpha);
  }
  Object.assign(canvas, { width, height, levels: pixels }); // a canvas itself loses colours of what is transparent
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  canvas.classList.toggle("smooth", width > 128);
  canvas.classList.toggle("clear", channels === 4);
}

function pixelsOf(canvas, channels) {
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const plane = width * height, values = new Float32Array(channels * plane);
  for (let i = 0; i < plane; i++) {
    const [r, g, b, a] = data.subarray(4 * i, 4 * i + 4);
    const premultiplied = channels === 4 ? [r, g, b].map((level) => Math.round((level * a) / 255)).concat(a) : [r, g, b];
    const levels = channels === 1 ? [Math.round(0.299 * r + 0.587 * g + 0.114 * b)] : premultiplied;
    levels.forEach((level, c) => (values[c * plane + i] = level / 127.5 - 1));
  }
  return floats(values, [1, channels, height, width]);
}

async function save(canvas, settings) {
  const provenance = { ...model.provenance, ...settings };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await encodePng(canvas.levels, provenance));
  link.download = `${model.name.replaceAll(/[^\w.-]+/g, "-")}-${settings.seed ?? "picture"}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// ---- controls

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function slider(text, low, high, value, changed) {
  const number = element("output", { value: value.toFixed(1) });
  const input = element("input", { type: "range", min: low, max: high, step: 0.1, value });
  input.setAttribute("aria-label", text); // a label names what it holds first, which is the number
  input.oninput = () => { number.value = (+input.value).toFixed(1); changed(+input.value); };
  input.reset = () => { input.value = value; number.value = value.toFixed(1); };
  return { input, label: element("label", {}, element("span", {}, text, number), input) };
}

function button(text, clicked, first = false) {
  const made = element("button", { type: "button", textContent: text, className: first ? "first" : "" });
  made.onclick = guarded(clicked);
  return made;
}

function guarded(action) {
  return async (...given) => {
    try {
      by("error").hidden = true;
      await action(...given);
    } catch (error) {
      by("error").textContent = say.failed(String(error?.message ?? error));
      by("error").hidden = false;
    }
  };
}

const took = (began) => (by("took").textContent = say.took(Math.ceil(performance.now() - began)));

// Only the newest of several wishes is fulfilled: a slider asks faster than images are made.
let wished = 0;
const redraw = guarded(async () => {
  const wish = ++wished;
  await queue;
  if (wish !== wished) return;
  const began = performance.now();
  show(by("image"), await generate(current, base));
  took(began);
  by("image").setAttribute("aria-label", say.imageOf(current.seed));
});

async function buildGallery() {
  const holder = by("gallery"), first = current.seed, label = current.label;
  holder.replaceChildren();
  for (let i = 0n; i < GALLERY; i++) {
    const seed = first + i, canvas = element("canvas"), choice = element("button", { type: "button", title: `${seed}` }, canvas);
    choice.setAttribute("aria-label", say.imageOf(seed));
    choice.setAttribute("aria-pressed", seed === current.seed);
    choice.onclick = () => choose(seed);
    holder.append(choice);
    show(canvas, await generate({ seed, label, truncation: current.truncation, moves: [], named: [] }));
    if (current.label !== label || holder.firstChild?.title !== `${first}`) return; // another gallery has begun
  }
}

function choose(seed) {
  current.seed = seed;
  base = null;
  by("seed").value = `${seed}`;
  for (const each of by("gallery").children) each.setAttribute("aria-pressed", each.title === `${seed}`);
  redraw();
}

function readSeed() {
  const text = by("seed").value.trim();
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 2n ** 63n - BigInt(GALLERY)) throw new Error(say.badSeed(text));
  return BigInt(text);
}

async function walk() {
  const goal = current.seed + 1n, a = base ?? sampled(current.seed).latents, b = sampled(goal).latents;
  for (let step = 1; step <= WALK_STEPS; step++) {
    show(by("image"), await generate(current, between(a, b, step / WALK_STEPS)));
    await new Promise(requestAnimationFrame);
  }
  choose(goal);
}

function buildGenerator() {
  by("generate").hidden = false;
  const seed = element("input", { type: "text", id: "seed", inputMode: "numeric", value: "0" });
  seed.onchange = guarded(() => { choose(readSeed()); return buildGallery(); });
  const controls = by("controls");
  controls.append(element("label", {}, element("span", {}, say.seed), seed));
  const fresh = () => { choose(BigInt(Math.floor(Math.random() * Number(LARGEST_SEED)))); return buildGallery(); };
  const resets = [];
  const back = () => { resets.forEach((reset) => reset()); current.moves.fill(0); current.named.fill(0); current.truncation = 1; redraw(); };
  const settings = () => ({
    seed: base ? undefined : Number(current.seed), class_label: current.label ?? undefined,
    truncation: current.truncation === 1 ? undefined : current.truncation, moves: current.moves.some(Boolean) ? current.moves : undefined,
    directions: current.named.some(Boolean) ? Object.fromEntries(model.named_directions.map((each, k) => [each.name, current.named[k]])) : undefined,
  });
  controls.append(element("div", { className: "buttons" }, button(say.newImage, fresh, true), button(say.walk, walk),
    button(say.reset, back), button(say.save, () => save(by("image"), settings()))));
  if (model.num_classes) {
    const names = model.class_names.length ? model.class_names : [...Array(model.num_classes).keys()].map(String);
    const select = element("select", { id: "label" }, element("option", { value: "", textContent: say.anyClass }),
      ...names.map((name, i) => element("option", { value: i, textContent: name })));
    select.onchange = () => { current.label = select.value === "" ? null : +select.value; redraw(); guarded(buildGallery)(); };
    controls.append(element("label", {}, element("span", {}, say.class), select));
  }
  if (model.truncation) {
    const made = slider(say.truncation, 0, 1.5, 1, (value) => { current.truncation = value; redraw(); });
    resets.push(made.input.reset);
    controls.append(made.label);
  }
  const moving = (texts, amounts) => texts.forEach((text, k) => {
    amounts[k] = 0;
    const made = slider(text, -SPREAD, SPREAD, 0, (value) => { amounts[k] = value; redraw(); });
    resets.push(made.input.reset);
    controls.append(made.label);
  });
  moving(model.named_directions.map((each) => each.name), current.named);
  moving(model.directions.map((_, k) => say.direction(k + 1)), current.moves);
}

// ---- a picture of the visitor's

function buildPicture(act, side, title, painted) {
  by("picture").hidden = false;
  by("picture-title").textContent = title;
  const canvas = Object.assign(by("input"), { width: side, height: side }), mask = element("canvas", { width: side, height: side });
  canvas.setAttribute("aria-label", painted ? say.paint : say.draw);
  canvas.classList.toggle("smooth", side > 128);
  const pen = canvas.getContext("2d", { willReadFrequently: true }), holes = mask.getContext("2d");
  let [ink, ground] = model.dark_ground ? ["#fff", "#000"] : ["#000", "#fff"];
  const channels = model.input_channels ?? model.image_channels;
  const fill = (colour) => { cover(pen, channels, colour); holes.clearRect(0, 0, side, side); };
  const clear = () => { fill(ground); by("output").hidden = true; by("classes").replaceChildren(); };
  const swap = () => { [ink, ground] = [ground, ink]; clear(); };
  clear();
  let last = null;
  const place = (event) => { const box = canvas.getBoundingClientRect(); return [((event.clientX - box.left) * side) / box.width, ((event.clientY - box.top) * side) / box.height]; };
  const stroke = (context, colour, width, from, to) => {
    Object.assign(context, { strokeStyle: colour, lineWidth: width, lineCap: "round" });
    context.beginPath(); context.moveTo(...from); context.lineTo(to[0] + 0.01, to[1]); context.stroke();
  };
  const move = (event) => {
    if (!last) return;
    const now = place(event);
    if (painted) stroke(holes, "#fff", side / 10, last, now);
    stroke(pen, painted ? "#e33" : ink, painted ? side / 10 : side / 14, last, now);
    last = now;
  };
  canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); last = place(event); move(event); };
  canvas.onpointermove = move;
  again = guarded(() => act(canvas, mask));
  canvas.onpointerup = () => { last = null; return again(); };
  const { file, open } = opener("file", say.open, canvas, channels, () => { holes.clearRect(0, 0, side, side); return act(canvas, mask); });
  by("picture-buttons").append(file, open, button(say.clear, clear), button(say.swap, swap));
}

let again; // does the same with the picture once more

// Nothing where the model knows transparency, else this colour.
function cover(pen, channels, colour) {
  const { width, height } = pen.canvas;
  pen.clearRect(0, 0, width, height);
  if (channels === 4) return;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, width, height);
}

// A button for a file, whose centre square fills the canvas: what is transparent becomes white, as in training.
function opener(id, text, canvas, channels, then) {
  const file = element("input", { type: "file", accept: "image/*", hidden: true, id });
  file.onchange = guarded(async () => {
    const bitmap = await createImageBitmap(file.files[0]).catch(() => { throw new Error(say.unreadable); });
    const edge = Math.min(bitmap.width, bitmap.height), pen = canvas.getContext("2d", { willReadFrequently: true });
    cover(pen, channels, "#fff");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, (bitmap.width - edge) / 2, (bitmap.height - edge) / 2, edge, edge, 0, 0, canvas.width, canvas.height);
    file.value = "";
    await then();
  });
  return { file, open: button(text, () => file.click(), true) };
}

// ---- what translators take besides a picture

let strength = 1;

function buildMore() {
  if (model.parts.images.includes("style")) {
    const side = model.input_size, canvas = Object.assign(by("style"), { width: side, height: side });
    canvas.setAttribute("aria-label", say.style);
    canvas.classList.toggle("smooth", side > 128);
    by("style-side").hidden = false;
    by("style-title").textContent = say.style;
    const { file, open } = opener("style-file", say.openStyle, canvas, 3, () => { canvas.given = true; return again(); });
    by("style-buttons").append(file, open);
  }
  if (!model.parts.images.includes("strength")) return;
  by("more").append(slider(say.strength, 0, 1, 1, (value) => { strength = value; again(); }).label);
}

async function classify(canvas) {
  const { data } = await run("classes", { inputs: pixelsOf(canvas, model.image_channels) });
  const names = model.class_names.length ? model.class_names : [...data.keys()].map(String);
  const best = [...data.keys()].sort((a, b) => data[b] - data[a]).slice(0, 5);
  by("classes").replaceChildren(...best.map((label) => element("label", {},
    element("span", {}, element("b", {}, names[label]), element("output", { value: `${(100 * data[label]).toFixed(1)} %` })), element("meter", { max: 1, value: data[label] }))));
}

async function translate(canvas, mask) {
  const inputs = { inputs: pixelsOf(canvas, model.input_channels), strength: floats([strength], []) };
  if (model.parts.images.includes("style")) {
    if (!by("style").given) return;
    inputs.style = pixelsOf(by("style"), model.input_channels);
  }
  if (model.parts.images.includes("mask")) {
    const alpha = mask.getContext("2d").getImageData(0, 0, mask.width, mask.height).data;
    const holes = Float32Array.from({ length: mask.width * mask.height }, (_, i) => (alpha[4 * i + 3] > 127 ? 1 : 0));
    if (!holes.some(Boolean)) return;
    inputs.mask = floats(holes, [1, 1, mask.height, mask.width]);
  }
  const began = performance.now();
  const made = await run("images", inputs);
  by("output").hidden = false;
  show(by("output"), made);
  took(began);
}

async function reconstruct(canvas) {
  const encoded = await run("encoder", { inputs: pixelsOf(canvas, model.image_channels) });
  base = Float32Array.from(encoded.data);
  for (const each of by("gallery").children) each.setAttribute("aria-pressed", false);
  by("output").hidden = false;
  show(by("output"), await generate({ ...current, truncation: 1, moves: [], named: [] }, base));
  await redraw();
}

async function start() {
  model = await (await fetch("model.json")).json();
  if (model.table) table = new Float32Array(await (await fetch("table.bin")).arrayBuffer());
  document.title = by("name").textContent = model.name;
  document.documentElement.lang = say.language;
  by("about").textContent = say.about[model.task];
  by("footer").textContent = say.private;
  by("state").textContent = say.loading;
  const made = model.parts.images?.[0] === "latents";
  if (made) buildGenerator();
  const keep = button(say.save, () => save(by("output"), {}));
  if (model.task === "classification") buildPicture(classify, model.image_size, say.yourPicture, false);
  else by("output-buttons").append(keep);
  if (model.task === "translation") {
    buildPicture(translate, model.input_size, say.yourPicture, model.parts.images.includes("mask"));
    buildMore();
  }
  if (model.parts.encoder) buildPicture(reconstruct, model.image_size, say.yourPicture, false);
  else if (made) by("output-buttons").replaceChildren();
  await Promise.all(Object.keys(model.parts).map(part));
  by("state").textContent = "";
  if (made) { await redraw(); await buildGallery(); }
  document.body.dataset.ready = "true";
}

guarded(async () => {
  await start();
  if ("serviceWorker" in navigator && isSecureContext) await navigator.serviceWorker.register("offline.js");
})();
