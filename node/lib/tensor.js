'use strict';

const { describe } = require('./arguments.js');
const { UsageError } = require('./errors.js');

/** Element types by the array that holds them, and NumPy's names of them. */
const TYPES = {
  Float16Array: { dtype: 'float16', descr: '<f2' },
  Float32Array: { dtype: 'float32', descr: '<f4' },
  Float64Array: { dtype: 'float64', descr: '<f8' },
  Int8Array: { dtype: 'int8', descr: '|i1' },
  Int16Array: { dtype: 'int16', descr: '<i2' },
  Int32Array: { dtype: 'int32', descr: '<i4' },
  BigInt64Array: { dtype: 'int64', descr: '<i8' },
  Uint8Array: { dtype: 'uint8', descr: '|u1' },
  Uint8ClampedArray: { dtype: 'uint8', descr: '|u1' },
  Uint16Array: { dtype: 'uint16', descr: '<u2' },
  Uint32Array: { dtype: 'uint32', descr: '<u4' },
  BigUint64Array: { dtype: 'uint64', descr: '<u8' },
};

/** fromTensor returns { dtype, descr, shape, bytes } of { data, shape }; the bytes are shared with data. */
function fromTensor({ data, shape }) {
  if (Array.isArray(data)) data = Float32Array.from(data);
  const type = TYPES[data?.constructor?.name] ?? (Buffer.isBuffer(data) ? TYPES.Uint8Array : undefined);
  if (!type || !ArrayBuffer.isView(data)) throw new UsageError(`the data of a tensor is ${describe(data)}; give a typed array, such as a Float32Array`);
  if (!Array.isArray(shape) || !shape.every((d) => Number.isSafeInteger(d) && d >= 0)) {
    throw new UsageError(`the shape of a tensor is ${Array.isArray(shape) ? `[${shape.join(', ')}]` : describe(shape)}; give an array of whole numbers, such as [1, 3, 224, 224]`);
  }
  const elements = shape.reduce((n, d) => n * d, 1);
  if (elements !== data.length) throw new UsageError(`the shape [${shape.join(', ')}] has ${elements} elements, the data ${data.length}`);
  return { ...type, shape, bytes: bytesOf(data) };
}

function isTensor(value) {
  return typeof value === 'object' && value !== null && 'data' in value && 'shape' in value;
}

/** bytesOf views an array or buffer as bytes. */
function bytesOf(data) {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

/** isBytes tells the content of a file from other values. */
function isBytes(value) {
  return value instanceof Uint8Array || value instanceof ArrayBuffer || (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer);
}

/** npy returns the parts of a .npy file with a tensor. */
function npy({ descr, shape, bytes }) {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64; // elements are aligned in the file
  const header = Buffer.alloc(length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length - 10, 8);
  header.write(text, 10, 'latin1');
  header[length - 1] = 0x0a;
  return [header, bytes];
}

module.exports = { fromTensor, isTensor, bytesOf, isBytes, npy };
