'use strict';

// Small ONNX files, written without help of the package.

function varint(n) {
  const out = [];
  for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  return Buffer.from([...out, n]);
}

const int = (field, n) => Buffer.concat([varint(field * 8), varint(n)]);

function bytes(field, ...parts) {
  const body = Buffer.concat(parts.map((p) => Buffer.from(p)));
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

const node = (op, input, output) => bytes(1, ...input.map((n) => bytes(1, n)), ...output.map((n) => bytes(2, n)), bytes(4, op));

/** port is an input (field 11) or an output (12); extents are numbers or names. */
function port(field, name, type, shape) {
  const dims = shape.map((d) => bytes(1, typeof d === 'number' ? int(1, d) : bytes(2, d)));
  return bytes(field, bytes(1, name), bytes(2, bytes(1, int(1, type), bytes(2, ...dims))));
}

const model = (...graph) => Buffer.concat([int(1, 8), bytes(8, int(2, 17)), bytes(7, ...graph, bytes(2, 'g'))]);

module.exports = { node, port, model };
