'use strict';

/**
 * Request is one thing asked of the binary, with the promise of its answer.
 * session is the session that it opens or runs, { number, args }.
 */
class Request {
  #resolve;
  #reject;
  #onProgress;
  #onNote;
  settled = false;

  constructor(header, { payload = [], session, onProgress, onNote } = {}) {
    this.header = header;
    this.payload = payload;
    this.length = lengthOf(payload);
    this.session = session;
    this.deaths = 0; // of processes that worked on it
    this.#onProgress = onProgress;
    this.#onNote = onNote;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** intact is false once the caller has transferred the data away. */
  get intact() {
    return lengthOf(this.payload) === this.length;
  }

  /** counts says that the process takes only so many of these at a time. */
  get counts() {
    return this.header.op === 'run' || this.header.op === 'command';
  }

  resolve(value) {
    this.settled = true;
    this.#resolve(value);
  }

  reject(error) {
    this.settled = true;
    this.#reject(error);
  }

  /** tell passes an event to the caller's listener, unless the call has ended. */
  tell({ progress, note }) {
    if (this.settled) return;
    if (progress) this.#onProgress?.(progress);
    if (note) this.#onNote?.(note);
  }
}

function lengthOf(parts) {
  return parts.reduce((sum, part) => sum + part.byteLength, 0);
}

module.exports = { Request };
