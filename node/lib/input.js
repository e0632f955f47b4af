'use strict';

const { describe } = require('./arguments.js');
const { UsageError } = require('./errors.js');
const { fromTensor, isTensor, bytesOf, isBytes } = require('./tensor.js');

/** oneInput is the input of a model that takes one: { tensor } with its bytes, or { images }, the bytes of each. */
function oneInput(input) {
  if (isTensor(input)) return { tensor: fromTensor(input) };
  const images = isBytes(input) ? [input] : input;
  if (!Array.isArray(images) || images.length === 0 || !images.every(isBytes)) {
    const hint = typeof input === 'string' ? '; read the file first: await fs.readFile(path)' : '';
    throw new UsageError(`the input is ${describe(input)}; give { data, shape }, the bytes of an image file, or an array of those${hint}`);
  }
  return { images: images.map(bytesOf) };
}

/** namedInputs are tensors by name: [{ name, dtype, shape, bytes }]. */
function namedInputs(inputs) {
  if (typeof inputs !== 'object' || inputs === null || isTensor(inputs) || isBytes(inputs) || Array.isArray(inputs)) {
    throw new UsageError(`the inputs are ${describe(inputs)}; give an object of tensors by the names of the inputs, such as { x: { data, shape } }`);
  }
  const entries = Object.entries(inputs);
  if (entries.length === 0) throw new UsageError('there are no inputs; session.info.inputs lists what the model takes');
  return entries.map(([name, value]) => {
    if (!isTensor(value)) throw new UsageError(`the input ${name} is ${describe(value)}; give { data, shape }`);
    return { name, ...fromTensor(value) };
  });
}

/** checkTop checks a number of classes. */
function checkTop(top) {
  if (!Number.isSafeInteger(top) || top < 1) throw new UsageError(`top is ${describe(top)}; give a whole number of at least 1`);
}

module.exports = { oneInput, namedInputs, checkTop };
