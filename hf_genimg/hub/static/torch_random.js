// Random numbers as a CPU torch.Generator gives them, so that a seed names the same image here and in Python.
const SIZE = 624, SHIFT = 397;
const TAIL = 0.022750131948179195; // P(z < -2) of a standard normal z

export class TorchGenerator {
  // The Mersenne Twister (MT19937), seeded with the lower 32 bits of `seed`, a BigInt or a number.
  constructor(seed) {
    this.state = new Uint32Array(SIZE);
    this.state[0] = Number(BigInt(seed) & 0xffffffffn);
    for (let i = 1; i < SIZE; i++) {
      const previous = this.state[i - 1];
      this.state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
    this.next = SIZE;
    this.waiting = null; // the second of two normals that were made together
  }

  bits32() {
    if (this.next === SIZE) this.#twist();
    let y = this.state[this.next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist() {
    const state = this.state;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }

  // torch.rand: 24 bits.
  uniform() {
    return (this.bits32() & 0xffffff) / 2 ** 24;
  }

  // 53 bits, as torch draws them for few normals.
  #double() {
    const high = this.bits32() & 0x1fffff;
    return (high * 2 ** 32 + this.bits32()) / 2 ** 53;
  }

  // torch.randint(classes, (1,))
  integer(classes) {
    return this.bits32() % classes;
  }

  // torch.randn(count): Box and Muller's method, from 16 numbers on in blocks of 8 pairs.
  normals(count) {
    const values = new Float32Array(count);
    if (count < 16) return values.map(() => this.#normal());
    for (let i = 0; i < count; i++) values[i] = this.uniform();
    for (let i = 0; i + 16 <= count; i += 16) block(values, i);
    if (count % 16) {
      for (let i = count - 16; i < count; i++) values[i] = this.uniform();
      block(values, count - 16);
    }
    return values;
  }

  #normal() {
    if (this.waiting !== null) {
      const value = this.waiting;
      this.waiting = null;
      return value;
    }
    const angle = 2 * Math.PI * this.#double(), radius = Math.sqrt(-2 * Math.log1p(-this.#double()));
    this.waiting = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  // Latents as hf_genimg samples them.
  latents(distribution, count) {
    if (distribution === "normal") return this.normals(count);
    const uniform = new Float32Array(count).map(() => this.uniform());
    if (distribution === "uniform") return uniform.map((u) => 2 * u - 1);
    return uniform.map((u) => Math.max(-2, Math.min(2, Math.SQRT2 * inverseErf(2 * (TAIL + (1 - 2 * TAIL) * u) - 1))));
  }
}

function block(values, start) {
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[i])), angle = 2 * Math.PI * values[i + 8];
    values[i] = radius * Math.cos(angle);
    values[i + 8] = radius * Math.sin(angle);
  }
}

// The inverse of the error function for |x| < 0.96: Winitzki's approximation, then Newton's method on the series.
function inverseErf(x) {
  const log = Math.log(1 - x * x), first = 2 / (Math.PI * 0.147) + log / 2;
  let y = Math.sign(x) * Math.sqrt(Math.sqrt(first * first - log / 0.147) - first);
  for (let round = 0; round < 3; round++) y -= (erf(y) - x) / ((2 / Math.sqrt(Math.PI)) * Math.exp(-y * y));
  return y;
}

function erf(x) {
  let term = x, sum = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
