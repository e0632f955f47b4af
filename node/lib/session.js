'use strict';

const path = require('node:path');
const { flags, file, isZoo } = require('./arguments.js');
const { ClosedError, optionNames } = require('./errors.js');
const { inOrder } = require('./inorder.js');
const { oneInput, namedInputs, checkTop } = require('./input.js');
const { Pool } = require('./pool.js');
const { isBytes } = require('./tensor.js');

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

  #busy = () => Math.max(2, this.#pool.concurrency); // calls that keep the process busy

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
    checkTop(top);
    const { document } = await this.#ask(input, { top }, signal);
    return isBytes(input) ? document[0] : document;
  }

  /** runAll runs one input after the other and yields the outputs in their order. */
  runAll(inputs, options = {}) {
    return inOrder(inputs, options, this.#busy, (input) => this.run(input, options));
  }

  /** classifyAll is runAll with classify. */
  classifyAll(inputs, options = {}) {
    return inOrder(inputs, options, this.#busy, (input) => this.classify(input, options));
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
}

if (Symbol.asyncDispose) {
  Session.prototype[Symbol.asyncDispose] = Session.prototype.close;
  Pool.prototype[Symbol.asyncDispose] = Pool.prototype.close;
}

/** request returns the header and the payload for an input. */
function request(input) {
  const { tensor, images } = oneInput(input);
  if (images) return { images: images.map((b) => b.byteLength), payload: images };
  const { dtype, shape, bytes } = tensor;
  return { tensor: { dtype, shape }, payload: [bytes] };
}

/** namedRequest returns the header and the payload for tensors by name. */
function namedRequest(inputs) {
  const all = namedInputs(inputs);
  return { tensors: all.map(({ name, dtype, shape }) => ({ name, dtype, shape })), payload: all.map(({ bytes }) => bytes) };
}

module.exports = { Session };
