// A PNG that says what made it, in the same text chunks as those that Python writes.
const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const HEADER = 33; // bytes of the signature and of the chunk IHDR, after which text may stand

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

export async function encodePng(canvas, provenance) {
  const plain = new Uint8Array(await (await new Promise((done) => canvas.toBlob(done, "image/png"))).arrayBuffer());
  const chunks = Object.entries({ Software: "hf_genimg", Source: "AI-generated", hf_genimg: JSON.stringify(provenance) });
  const added = chunks.map(([key, value]) => text(key, value));
  return new Blob([plain.subarray(0, HEADER), ...added, plain.subarray(HEADER)], { type: "image/png" });
}
