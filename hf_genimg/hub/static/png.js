// A PNG that says what made it, in the same text chunks as those that Python writes.
const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

function chunk(type, content) {
  const body = new Uint8Array([...new TextEncoder().encode(type), ...content]);
  const crc = body.reduce((value, byte) => crcTable[(value ^ byte) & 255] ^ (value >>> 8), 0xffffffff) ^ 0xffffffff;
  const framed = new Uint8Array(body.length + 8), view = new DataView(framed.buffer);
  view.setUint32(0, content.length);
  framed.set(body, 4);
  view.setUint32(body.length + 4, crc >>> 0);
  return framed;
}

// iTXt: keyword, not compressed, no language, UTF-8.
const text = (key, value) => chunk("iTXt", new TextEncoder().encode(`${key}\0\0\0\0\0${value}`));

async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// levels: ImageData, kept level for level: a canvas would round the colours of what is nearly transparent.
export async function encodePng(levels, provenance) {
  const { width, height, data } = levels, row = 4 * width;
  const header = new Uint8Array(13), view = new DataView(header.buffer), plain = new Uint8Array((row + 1) * height);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 6], 8); // bits a channel, RGBA
  for (let y = 0; y < height; y++) plain.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1); // filter 0
  const notes = Object.entries({ Software: "hf_genimg", Source: "AI-generated", hf_genimg: JSON.stringify(provenance) });
  const chunks = [chunk("IHDR", header), ...notes.map(([key, value]) => text(key, value)),
    chunk("IDAT", await deflated(plain)), chunk("IEND", [])];
  return new Blob([SIGNATURE, ...chunks], { type: "image/png" });
}
