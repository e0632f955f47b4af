'use strict';

/**
 * Aborts knows which requests end with which AbortSignal. A signal may serve any
 * number of calls, so it gets one listener, not one for each.
 */
class Aborts {
  #signals = new Map(); // signal -> { requests, listener }
  #abandon;

  /** abandon(request, reason) is called for each request when its signal aborts. */
  constructor(abandon) {
    this.#abandon = abandon;
  }

  watch(signal, request) {
    let entry = this.#signals.get(signal);
    if (!entry) {
      const requests = new Set();
      entry = { requests, listener: () => [...requests].forEach((r) => this.#abandon(r, signal.reason)) };
      this.#signals.set(signal, entry);
      signal.addEventListener('abort', entry.listener);
    }
    entry.requests.add(request);
  }

  forget(signal, request) {
    const { requests, listener } = this.#signals.get(signal);
    requests.delete(request);
    if (requests.size > 0) return;
    signal.removeEventListener('abort', listener);
    this.#signals.delete(signal);
  }
}

module.exports = { Aborts };
