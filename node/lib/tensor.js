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

/** Element types that are named beside an array of as many bytes, where JavaScript has no array of them. */
const NAMED = {
  bool: { array: Uint8Array, descr: '|b1' },
  float16: { array: Uint16Array, descr: '<f2' },
  bfloat16: { array: Uint16Array },
};

/** Arrays of the element types that octet answers with. */
const ARRAYS = {
  ...Object.fromEntries(Object.entries(TYPES).filter(([name]) => name in globalThis && name !== 'Uint8ClampedArray').map(([name, { dtype }]) => [dtype, globalThis[name]])),
  bool: Uint8Array, bfloat16: Uint16Array, quint8: Uint8Array, qint8: Int8Array, qint32: Int32Array,
};
ARRAYS.float16 ??= Uint16Array; // before Node.js 24

/** fromTensor returns { dtype, descr, shape, bytes } of { data, shape, dtype }; the bytes are shared with data. */
function fromTensor({ data, shape, dtype }) {
  if (Array.isArray(data)) data = Float32Array.from(data);
  const type = TYPES[data?.constructor?.name] ?? (Buffer.isBuffer(data) ? TYPES.Uint8Array : undefined);
  if (!type || !ArrayBuffer.isView(data)) throw new UsageError(`the data of a tensor is ${describe(data)}; give a typed array, such as a Float32Array`);
  if (!Array.isArray(shape) || !shape.every((d) => Number.isSafeInteger(d) && d >= 0)) {
    throw new UsageError(`the shape of a tensor is ${Array.isArray(shape) ? `[${shape.join(', ')}]` : describe(shape)}; give an array of whole numbers, such as [1, 3, 224, 224]`);
  }
  const elements = shape.reduce((n, d) => n * d, 1);
  if (elements !== data.length) throw new UsageError(`the shape [${shape.join(', ')}] has ${elements} elements, the data ${data.length}`);
  return { ...named(type, data, dtype), shape, bytes: bytesOf(data) };
}

/** named is the element type of data, or the one that is named beside it. */
function named(type, data, dtype) {
  if (dtype === undefined || dtype === type.dtype) return type;
  const other = NAMED[dtype];
  if (!other || !(data instanceof other.array)) {
    const how = other ? `; ${dtype} is given as a ${other.array.name}` : '';
    throw new UsageError(`the dtype of a tensor is ${describe(dtype)}, its data ${describe(data)}, which holds ${type.dtype}${how}`);
  }
  return { dtype, descr: other.descr };
}

/** bytesIn is how many bytes a tensor has. */
function bytesIn({ dtype, shape }) {
  return shape.reduce((n, d) => n * d, ARRAYS[dtype].BYTES_PER_ELEMENT);
}

/** toTensor views the elements of an answer, which begin at a byte of the payload, and says where they end. */
function toTensor({ dtype, shape }, payload, at) {
  const type = ARRAYS[dtype];
  const length = shape.reduce((n, d) => n * d, 1);
  const end = at + length * type.BYTES_PER_ELEMENT;
  // Behind bytes, wider elements do not lie where a view may begin.
  const aligned = at % type.BYTES_PER_ELEMENT === 0;
  return { end, tensor: { data: aligned ? new type(payload.buffer, at, length) : new type(payload.slice(at, end).buffer), shape, dtype } };
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

module.exports = { fromTensor, toTensor, bytesIn, isTensor, bytesOf, isBytes, npy };
