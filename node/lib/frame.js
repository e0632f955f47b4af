'use strict';

// Frames as internal/frame of the Go module describes them: "OCT1", the lengths
// of header and payload in 4 bytes each, little-endian, the header in JSON, the
// payload.
const MAGIC = Buffer.from('OCT1');
const PREAMBLE = 12;
const MAX_HEADER = 1 << 20;
const MAX_PAYLOAD = 1 << 30;

/** encode returns the bytes before the payload of a frame. */
function encode(header, payloadLength) {
  const json = Buffer.from(JSON.stringify(header));
  const out = Buffer.allocUnsafe(PREAMBLE + json.length);
  MAGIC.copy(out);
  out.writeUInt32LE(json.length, 4);
  out.writeUInt32LE(payloadLength, 8);
  json.copy(out, PREAMBLE);
  return out;
}

/** Decoder cuts a stream of chunks into frames. */
class Decoder {
  #onFrame;
  #stage = this.#expect(PREAMBLE, (b) => this.#preamble(b));

  /** onFrame(header, payload) gets each frame; payload has an ArrayBuffer of its own. */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** push takes the next bytes of the stream. It throws where they are no frames. */
  push(chunk) {
    for (let at = 0; at < chunk.length; ) {
      const { into, filled } = this.#stage;
      const n = Math.min(into.length - filled, chunk.length - at);
      into.set(chunk.subarray(at, at + n), filled);
      at += n;
      this.#fill(n);
    }
  }

  #expect(length, then) {
    return { into: new Uint8Array(length), filled: 0, then };
  }

  #fill(n) {
    this.#stage.filled += n;
    // An empty stage is full at once, without further bytes.
    while (this.#stage.filled === this.#stage.into.length) this.#stage = this.#stage.then(this.#stage.into);
  }

  #preamble(bytes) {
    const b = Buffer.from(bytes.buffer);
    if (b.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) {
      throw new Error(`it answers ${JSON.stringify(b.toString('latin1'))} where a frame is expected`);
    }
    const header = b.readUInt32LE(4);
    const payload = b.readUInt32LE(8);
    if (header > MAX_HEADER || payload > MAX_PAYLOAD) throw new Error(`it announces a frame of ${header} and ${payload} bytes`);
    return this.#expect(header, (json) => this.#header(json, payload));
  }

  #header(json, length) {
    const header = JSON.parse(Buffer.from(json.buffer).toString());
    return this.#expect(length, (payload) => {
      this.#onFrame(header, payload);
      return this.#expect(PREAMBLE, (b) => this.#preamble(b));
    });
  }
}

module.exports = { encode, Decoder, MAX_PAYLOAD };
