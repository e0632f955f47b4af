'use strict';

const { Child } = require('./child.js');
const { BinaryError, UsageError, fromBinary } = require('./errors.js');
const { Request } = require('./request.js');
const { toTensor } = require('./tensor.js');

/** The protocol of `octet stdio` that is spoken here. */
const PROTOCOL = 1;

/** Connection is the conversation with one process: what it has open, and what it was asked. */
class Connection {
  #binary;
  #child;
  #room = 0; // runs and commands that it takes at a time; 0 until it has said hello
  #busy = 0;
  #nextID = 1;
  #sent = new Map(); // id -> Request
  #opened = new Set(); // sessions
  #onChange;

  /**
   * onChange() comes whenever there may be room; onExit(exit) once, with what
   * Child tells, greeted, and lost: the requests that were not answered.
   */
  constructor(binary, { cwd, env, onChange, onExit }) {
    this.#binary = binary;
    this.#onChange = onChange;
    this.exited = new Promise((resolve) => {
      this.#child = new Child(binary, {
        cwd, env,
        onFrame: (header, payload) => this.#receive(header, payload),
        onExit: (exit) => {
          onExit({ ...exit, binary, greeted: this.#room > 0, lost: [...this.#sent.values()].filter((r) => !r.settled) });
          resolve();
        },
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get room() {
    return this.#room;
  }

  /** ready says that one more run or command can be sent. */
  get ready() {
    return this.#busy < this.#room;
  }

  send(request) {
    const { header, session } = request;
    if (!request.intact) {
      request.reject(new UsageError('the data was transferred away while the call waited: leave it alone until the call has ended'));
      return;
    }
    if (header.op === 'open') this.#opened.add(session);
    // A process that was started anew has to open the session again. Runs need
    // not wait for that; where it fails, they are told why.
    if (header.op === 'run' && !this.#opened.has(session)) this.#ask('open', session);
    this.#post(request);
  }

  /** cancel tells the process that nobody waits for a request any more. */
  cancel(request) {
    if (this.#sent.get(request.id) === request) this.#child.send({ op: 'cancel', id: request.id }, [], 0);
  }

  /** close lets the process forget a session. */
  close(session) {
    if (this.#opened.delete(session)) this.#ask('close', session);
  }

  end() {
    this.#child.end();
  }

  kill() {
    this.#child.kill();
  }

  hold(on) {
    this.#child.hold(on);
  }

  /** #ask sends a request of the connection's own. */
  #ask(op, session) {
    if (op === 'open') this.#opened.add(session);
    const request = new Request({ op, session: session.number, args: op === 'open' ? session.args : undefined }, { session });
    request.promise.catch(() => {});
    this.#post(request);
  }

  #post(request) {
    request.id = this.#nextID++;
    this.#sent.set(request.id, request);
    if (request.counts) this.#busy++;
    this.#child.send({ id: request.id, ...request.header }, request.payload, request.length);
  }

  #receive(header, payload) {
    if (header.hello) {
      this.#hello(header.hello);
      return;
    }
    const request = this.#sent.get(header.id);
    if (!request) {
      if (header.error) this.#child.fail(new Error(header.error.message)); // it cannot follow what it is sent
      return;
    }
    if (header.progress || header.note) {
      this.#tell(request, header);
      return;
    }
    this.#sent.delete(request.id);
    if (request.counts) this.#busy--;
    if (header.error) {
      if (request.header.op === 'open') this.#opened.delete(request.session);
      request.reject(fromBinary(header.error));
    } else {
      request.resolve(parse(header, payload));
    }
    this.#onChange(request);
  }

  #hello({ protocol, version, in_flight: room }) {
    if (protocol !== PROTOCOL) {
      this.#child.fail(new BinaryError(`${this.#binary} (octet ${version}) speaks version ${protocol} of the protocol, this package version ${PROTOCOL}: install both in the same version, or unset OCTET_BINARY`));
      return;
    }
    this.#room = room;
    this.#onChange();
  }

  /** #tell passes an event on; what the caller's listener throws ends the call. */
  #tell(request, event) {
    try {
      request.tell(event);
    } catch (error) {
      request.reject(error);
      this.cancel(request);
      this.#onChange(request);
    }
  }
}

/** parse returns { arrays: { name: { data, shape, dtype } }, document } of an answer. */
function parse(header, payload) {
  const arrays = {};
  let at = 0;
  for (const info of header.arrays ?? []) {
    const { tensor, end } = toTensor(info, payload, at);
    arrays[info.name] = tensor;
    at = end;
  }
  const document = header.document ? JSON.parse(Buffer.from(payload.buffer, at).toString()) : undefined;
  return { arrays, document };
}

module.exports = { Connection };
