'use strict';

const { describe } = require('./arguments.js');
const { ClosedError, DataError, ModelError, OctetError, QueueFullError, UsageError } = require('./errors.js');
const { inOrder } = require('./inorder.js');
const { oneInput, namedInputs, checkTop } = require('./input.js');
const { toTensor, bytesIn, isBytes } = require('./tensor.js');

/** The protocol's names of element types. */
const DATATYPES = {
  float32: 'FP32', float64: 'FP64', float16: 'FP16', bfloat16: 'BF16', int8: 'INT8', int16: 'INT16', int32: 'INT32', int64: 'INT64',
  uint8: 'UINT8', uint16: 'UINT16', uint32: 'UINT32', uint64: 'UINT64', bool: 'BOOL',
};
const DTYPES = Object.fromEntries(Object.entries(DATATYPES).map(([dtype, datatype]) => [datatype, dtype]));

const HEAD_LENGTH = 'inference-header-content-length';

/** How many calls runAll and classifyAll make at a time where nothing else is said: some for each of a server's threads. */
const AT_A_TIME = 8;

/** RemoteSession is a model that a server computes: octet serve, or another that speaks the Open Inference Protocol. */
class RemoteSession {
  #send; // (path, init) => answer of the server
  #running = new Set(); // promises
  #closed = false;

  /** Use RemoteSession.open. */
  constructor(send, info) {
    this.#send = send;
    this.info = Object.freeze(info);
  }

  /** open asks a server about one of its models. */
  static async open(address, { model, version, token, fetch = globalThis.fetch, signal } = {}) {
    if (typeof model !== 'string' || model === '') throw new UsageError(`the option model is ${describe(model)}; give the name of a model that the server has`);
    for (const [name, value] of Object.entries({ version, token })) {
      if (value !== undefined && (typeof value !== 'string' || value === '')) throw new UsageError(`the option ${name} is ${describe(value)}; give a string`);
    }
    const send = sender(modelURL(address, model, version), token, fetch);
    const { document } = await send('', { signal });
    const { name, platform, versions = [], inputs = [], outputs = [] } = document;
    return new RemoteSession(send, { model: name, version, versions, platform, inputs: inputs.map(port), outputs: outputs.map(port) });
  }

  /** run computes the only output, of a tensor or of one or several images. */
  async run(input, { signal } = {}) {
    const outputs = Object.entries(await this.#tensors(this.#one(input), signal));
    if (outputs.length !== 1) throw new DataError(`the model ${this.info.model} has the outputs ${outputs.map(([name]) => name).join(', ')}; use runNamed`);
    return outputs[0][1];
  }

  /** runNamed computes all outputs, by their names, of all inputs, by theirs. */
  async runNamed(inputs, { signal } = {}) {
    return this.#tensors(namedInputs(inputs), signal);
  }

  /** classify returns the most probable classes of an image; of each, for several images or a tensor. */
  async classify(input, { top = 5, signal } = {}) {
    checkTop(top);
    const { document } = await this.#infer(`/infer?top=${top}`, this.#one(input), signal);
    const all = document.predictions?.map((p) => p.top);
    if (!all) throw new DataError(`the server does not answer with classes of the model ${this.info.model}; octet serve does`);
    return isBytes(input) ? all[0] : all;
  }

  /** runAll runs one input after the other and yields the outputs in their order. */
  runAll(inputs, options = {}) {
    return inOrder(inputs, options, () => AT_A_TIME, (input) => this.run(input, options));
  }

  /** classifyAll is runAll with classify. */
  classifyAll(inputs, options = {}) {
    return inOrder(inputs, options, () => AT_A_TIME, (input) => this.classify(input, options));
  }

  /** close lets the calls come to their end. */
  async close() {
    this.#closed = true;
    await Promise.allSettled(this.#running);
  }

  /** #one is the request's input for a model that takes one. */
  #one(input) {
    const { tensor, images } = oneInput(input);
    const { model, inputs } = this.info;
    if (inputs.length !== 1) throw new DataError(`the model ${model} has the inputs ${inputs.map((p) => p.name).join(', ')}; use runNamed`);
    const [{ name }] = inputs;
    return [images ? { name, images } : { name, ...tensor }];
  }

  async #tensors(inputs, signal) {
    const { document, payload, at } = await this.#infer('/infer', inputs, signal);
    return outputsOf(document, payload, at);
  }

  #infer(path, inputs, signal) {
    if (this.#closed) throw new ClosedError('the session is closed');
    const answer = this.#send(path, { method: 'POST', ...requestOf(inputs), signal });
    this.#running.add(answer);
    const done = () => this.#running.delete(answer);
    answer.then(done, done);
    return answer;
  }
}

if (Symbol.asyncDispose) RemoteSession.prototype[Symbol.asyncDispose] = RemoteSession.prototype.close;

/** modelURL is where a server has a model. */
function modelURL(address, model, version) {
  let url;
  try {
    url = new URL(address);
  } catch {
    // told below
  }
  if (!url || !/^https?:$/.test(url.protocol)) throw new UsageError(`the address of the server is ${describe(address instanceof URL ? address.href : address)}; give one such as http://localhost:8080`);
  const path = ['v2', 'models', model, ...(version === undefined ? [] : ['versions', version])];
  return url.origin + url.pathname.replace(/\/+$/, '') + path.map((part) => `/${encodeURIComponent(part)}`).join('');
}

/** sender returns what asks for a path below a model's, and throws what the server refuses. */
function sender(base, token, fetch) {
  return async (path, { headers, signal, ...init }) => {
    if (token !== undefined) headers = { ...headers, authorization: `Bearer ${token}` };
    let response;
    let payload;
    try {
      response = await fetch(base + path, { ...init, headers, signal });
      payload = new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      signal?.throwIfAborted();
      throw new OctetError(`${base}: ${error.cause?.message || error.cause?.code || error.message}`, { code: 'ERR_OCTET_NETWORK', cause: error });
    }
    const at = response.headers.has(HEAD_LENGTH) ? Number(response.headers.get(HEAD_LENGTH)) : payload.length;
    let document;
    try {
      document = JSON.parse(Buffer.from(payload.subarray(0, at)).toString());
    } catch (error) {
      if (response.ok) throw new OctetError(`${base}: the answer is not one of the Open Inference Protocol: ${error.message}`, { code: 'ERR_OCTET_NETWORK', cause: error });
    }
    if (!response.ok) throw refusal(response.status, document?.error ?? `${base}: ${response.status} ${response.statusText}`);
    return { document, payload, at };
  };
}

/** refusal is the error for a status of a server, with its text. */
function refusal(status, message) {
  switch (status) {
    case 400: case 413: return new DataError(message);
    case 401: case 403: return new UsageError(message);
    case 404: return new ModelError(message);
    case 429: return new QueueFullError(message);
    case 500: return new OctetError(message, { code: 'ERR_OCTET_INTERNAL' });
    default: return new OctetError(message, { code: 'ERR_OCTET_NETWORK' });
  }
}

/** requestOf is a request for inference: JSON, and the bytes of all inputs behind it. */
function requestOf(inputs) {
  const payload = [];
  const tensors = inputs.map(({ name, images, dtype, shape, bytes }) => {
    const parts = images ? images.flatMap((b) => [length(b), b]) : [bytes];
    payload.push(...parts);
    const size = parts.reduce((n, b) => n + b.byteLength, 0);
    return { name, shape: images ? [images.length] : shape, datatype: images ? 'BYTES' : DATATYPES[dtype], parameters: { binary_data_size: size } };
  });
  const head = Buffer.from(JSON.stringify({ parameters: { binary_data_output: true }, inputs: tensors }));
  return { headers: { 'content-type': 'application/octet-stream', [HEAD_LENGTH]: String(head.length) }, body: Buffer.concat([head, ...payload]) };
}

/** length is written before the bytes of an element of BYTES. */
function length(bytes) {
  const b = Buffer.alloc(4);
  b.writeUInt32LE(bytes.byteLength);
  return b;
}

/** outputsOf views the tensors of an answer, by their names. */
function outputsOf({ outputs }, payload, at) {
  const tensors = {};
  for (const { name, datatype, shape, parameters } of outputs ?? []) {
    const dtype = DTYPES[datatype];
    const size = parameters?.binary_data_size;
    if (!dtype || !Array.isArray(shape) || !shape.every((d) => Number.isSafeInteger(d) && d >= 0) || bytesIn({ dtype, shape }) !== size || at + size > payload.length) {
      throw new DataError(`the server's output ${name}, ${datatype} of shape ${JSON.stringify(shape)}, has ${size} bytes of binary data in ${payload.length - at}`);
    }
    tensors[name] = toTensor({ dtype, shape }, payload, at).tensor;
    at += size;
  }
  return tensors;
}

/** port describes an input or an output as the local session does. */
function port({ name, datatype, shape }) {
  return { name, dtype: DTYPES[datatype] ?? datatype, shape };
}

module.exports = { RemoteSession };
