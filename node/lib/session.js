'use strict';

const path = require('node:path');
const { flags, describe, file, isZoo } = require('./arguments.js');
const { ClosedError, UsageError, optionNames } = require('./errors.js');
const { Pool } = require('./pool.js');
const { fromTensor, isTensor, bytesOf, isBytes } = require('./tensor.js');

/** Options that name files, which must not depend on where the process was started. */
const FILES = ['labels'];

let shared;

/** sharedPool is the pool of all sessions of this thread that name none. */
function sharedPool() {
  shared ??= new Pool();
  return shared;
}

/** Session is an open model. Its calls may overlap. */
class Session {
  #pool;
  #handle;
  #running = new Set(); // promises
  #closed; // promise, once close was called

  /** Use Session.open. */
  constructor(pool, { session, info }) {
    this.#pool = pool;
    this.#handle = session;
    this.info = Object.freeze({ ...info, assumptions: info.assumptions.map(optionNames) });
  }

  /** open opens a model file, or zoo:NAME. */
  static async open(model, options = {}) {
    const { pool = sharedPool(), signal, onProgress, onNote, ...rest } = options;
    const name = isZoo(model) ? model : path.resolve(file(model, 'Session.open'));
    for (const option of FILES) if (typeof rest[option] === 'string') rest[option] = path.resolve(rest[option]);
    return new Session(pool, await pool.open([...flags(rest), '--', name], { signal, onProgress, onNote }));
  }

  /** run computes the logits of a tensor, or of one or several images. */
  async run(input, { signal } = {}) {
    const { arrays } = await this.#ask(input, {}, signal);
    return arrays.output;
  }

  /** runNamed computes all outputs, by their names, of all inputs, by theirs. */
  async runNamed(inputs, { signal } = {}) {
    const { arrays } = await this.#send(namedRequest(inputs), signal);
    return arrays;
  }

  /** classify returns the most probable classes of an image; of each, for several images or a tensor. */
  async classify(input, { top = 5, signal } = {}) {
    if (!Number.isSafeInteger(top) || top < 1) throw new UsageError(`top is ${describe(top)}; give a whole number of at least 1`);
    const { document } = await this.#ask(input, { top }, signal);
    return isBytes(input) ? document[0] : document;
  }

  /** runAll runs one input after the other and yields the outputs in their order. */
  runAll(inputs, options = {}) {
    return this.#inOrder(inputs, options, (input) => this.run(input, options));
  }

  /** classifyAll is runAll with classify. */
  classifyAll(inputs, options = {}) {
    return this.#inOrder(inputs, options, (input) => this.classify(input, options));
  }

  /** close lets the calls come to their end, and the model go. */
  close() {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#pool.release(this.#handle));
    return this.#closed;
  }

  #ask(input, header, signal) {
    const { payload, ...what } = request(input);
    return this.#send({ payload, ...what, ...header }, signal);
  }

  #send({ payload, ...header }, signal) {
    if (this.#closed) throw new ClosedError('the session is closed');
    const answer = this.#pool.run(this.#handle, header, payload, { signal });
    this.#running.add(answer);
    const done = () => this.#running.delete(answer);
    answer.then(done, done);
    return answer;
  }

  /** #inOrder reads inputs only as fast as they are computed. */
  async *#inOrder(inputs, { concurrency }, compute) {
    if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
      throw new UsageError(`concurrency is ${describe(concurrency)}; give a whole number of at least 1`);
    }
    const running = [];
    try {
      for await (const input of inputs) {
        const output = compute(input);
        output.catch(() => {}); // it is awaited below, in its turn
        running.push(output);
        if (running.length >= (concurrency ?? Math.max(2, this.#pool.concurrency))) yield await running.shift();
      }
      while (running.length > 0) yield await running.shift();
    } finally {
      await Promise.allSettled(running);
    }
  }
}

if (Symbol.asyncDispose) {
  Session.prototype[Symbol.asyncDispose] = Session.prototype.close;
  Pool.prototype[Symbol.asyncDispose] = Pool.prototype.close;
}

/** request returns the header and the payload for an input. */
function request(input) {
  if (isTensor(input)) {
    const { dtype, shape, bytes } = fromTensor(input);
    return { tensor: { dtype, shape }, payload: [bytes] };
  }
  const images = isBytes(input) ? [input] : input;
  if (!Array.isArray(images) || images.length === 0 || !images.every(isBytes)) {
    const hint = typeof input === 'string' ? '; read the file first: await fs.readFile(path)' : '';
    throw new UsageError(`the input is ${describe(input)}; give { data, shape }, the bytes of an image file, or an array of those${hint}`);
  }
  const payload = images.map(bytesOf);
  return { images: payload.map((b) => b.byteLength), payload };
}

/** namedRequest returns the header and the payload for tensors by name. */
function namedRequest(inputs) {
  if (typeof inputs !== 'object' || inputs === null || isTensor(inputs) || isBytes(inputs) || Array.isArray(inputs)) {
    throw new UsageError(`the inputs are ${describe(inputs)}; give an object of tensors by the names of the inputs, such as { x: { data, shape } }`);
  }
  const entries = Object.entries(inputs);
  if (entries.length === 0) throw new UsageError('there are no inputs; session.info.inputs lists what the model takes');
  const tensors = [];
  const payload = [];
  for (const [name, value] of entries) {
    if (!isTensor(value)) throw new UsageError(`the input ${name} is ${describe(value)}; give { data, shape }`);
    const { dtype, shape, bytes } = fromTensor(value);
    tensors.push({ name, dtype, shape });
    payload.push(bytes);
  }
  return { tensors, payload };
}

module.exports = { Session };
