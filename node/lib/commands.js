'use strict';

const { flags, isList, describe, file, model } = require('./arguments.js');
const { UsageError } = require('./errors.js');
const { Pool } = require('./pool.js');
const { fromTensor, isTensor, npy } = require('./tensor.js');

// Commands have a process of their own, so that their memory is given back and a
// quantization that runs out of it takes no session along. It is started in the
// current folder, because that is what their paths are relative to.
let pool;
let startedIn;

function commandPool() {
  if (!pool || startedIn !== process.cwd()) {
    pool?.close();
    startedIn = process.cwd();
    pool = new Pool({ cwd: startedIn });
  }
  return pool;
}

/** command runs a command of the binary and returns the document of its --json. */
async function command(name, options, args, stdin = []) {
  const { signal, onProgress, onNote } = options;
  return commandPool().command([name, ...flags(options), '--', ...args], stdin, { signal, onProgress, onNote });
}

/** quantize makes an int8 model of a float one. */
async function quantize(name, options = {}) {
  const { document } = await command('quantize', options, [model(name, 'quantize')]);
  return document;
}

/** inspect tells what a model file holds. */
async function inspect(name, options = {}) {
  const { document } = await command('inspect', options, [file(name, 'inspect')]);
  return document;
}

/** exportModel writes a model as an ONNX file. */
async function exportModel(name, options = {}) {
  const { document } = await command('export', options, [model(name, 'exportModel')]);
  return document;
}

/** run computes a model on files: images or arrays, or arrays by the names of the inputs. */
async function run(name, inputs, options = {}) {
  const named = typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs) && !(inputs instanceof URL);
  const files = (named ? Object.values(inputs) : [inputs].flat()).map((input) => file(input, 'run'));
  const input = named ? Object.fromEntries(Object.keys(inputs).map((key, i) => [key, files[i]])) : undefined;
  const { document } = await command('run', { ...options, input }, [model(name, 'run'), ...(named ? [] : files)]);
  return document;
}

/** evaluate measures the accuracy of a model on labelled data. */
async function evaluate(name, data, options = {}) {
  const { document } = await command('eval', options, [model(name, 'evaluate'), file(data, 'evaluate')]);
  return document;
}

/** merge joins what calls with a shard have written. */
async function merge(files, options = {}) {
  const names = Array.isArray(files) ? files : [files];
  const { document } = await command('merge', options, names.map((name) => file(name, 'merge')));
  return document;
}

/** compare puts variants of a model side by side. */
async function compare(models, options = {}) {
  const names = Array.isArray(models) ? models : [models];
  const { document } = await command('compare', options, names.map((name) => model(name, 'compare')));
  return document;
}

/** quantizeTensor quantizes numbers by hand and tells the error made. */
async function quantizeTensor(input, options = {}) {
  const first = operand(input);
  const { with: second, ...rest } = options;
  const stdin = [...first.stdin];
  if (second !== undefined) {
    const other = operand(second);
    rest.with = other.arg;
    stdin.push(...other.stdin);
  }
  const { document, arrays } = await command('tensor', rest, [first.arg], stdin);
  for (const [name, { data }] of Object.entries(arrays)) document[name] = data;
  return document;
}

/** operand is how a tensor, numbers or a file are given to the command. */
function operand(input) {
  if (typeof input === 'string' || input instanceof URL) return { arg: file(input, 'quantizeTensor'), stdin: [] };
  if (isTensor(input)) return { arg: '-', stdin: npy(fromTensor(input)) };
  if (isList(input)) return { arg: '-', stdin: npy(fromTensor({ data: input, shape: [input.length] })) };
  throw new UsageError(`quantizeTensor takes numbers, { data, shape } or the path of a file, got ${describe(input)}`);
}

module.exports = { quantize, inspect, run, evaluate, merge, exportModel, compare, quantizeTensor };
