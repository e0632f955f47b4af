'use strict';

const { EventEmitter } = require('node:events');
const { Aborts } = require('./aborts.js');
const { findBinary, notStarted } = require('./binary.js');
const { Connection } = require('./connection.js');
const { BinaryError, ClosedError, OctetError, ProcessError, QueueFullError, UsageError } = require('./errors.js');
const { MAX_PAYLOAD } = require('./frame.js');
const { Request } = require('./request.js');

/** How many processes may die while they work on a request, before it is given up. */
const MAX_DEATHS = { open: 10, run: 10, command: 2 };

/** How often in a row the process may be killed before it says hello. */
const MAX_FALSE_STARTS = 12;

/** The longest pause before a process that died is replaced, in ms. */
const MAX_PAUSE = 250;

/** How long a process without sessions and requests is kept, in ms. */
const IDLE = 2000;

/** How long a process may take to end, in ms. */
const PATIENCE = 10_000;

const DEFAULT_MAX_QUEUE = 1024;

/**
 * Pool keeps one process of the binary. It starts the process when there is
 * something to do, starts another when it dies, and sends it requests: as many
 * at a time as it takes, while the others wait. It emits 'exit' with { pid, code,
 * signal } when the process has ended unasked.
 */
class Pool extends EventEmitter {
  #options;
  #connection; // undefined: no process is running
  #sessions = new Set();
  #nextSession = 1;
  #pending = new Set(); // requests that have not ended
  #queue = []; // those of them that were not sent
  #aborts = new Aborts((request, reason) => this.#abandon(request, reason));
  #falseStarts = 0;
  #deaths = 0; // since the last answer
  #pause; // timer before the next start
  #idle; // timer before the process is let go
  #closing; // { promise, resolve, end }, once close was called

  /** options: { binary, cwd, env, maxQueue } */
  constructor(options = {}) {
    super();
    const { maxQueue = DEFAULT_MAX_QUEUE } = options;
    if (!Number.isInteger(maxQueue) || maxQueue < 1) throw new UsageError(`maxQueue is ${maxQueue}; give a whole number of at least 1`);
    this.#options = { ...options, maxQueue };
  }

  /** pid is the number of the running process; undefined where none is running. */
  get pid() {
    return this.#connection?.pid;
  }

  /** queued is how many requests wait for their turn. */
  get queued() {
    return this.#queue.length;
  }

  /** concurrency is how many requests the process takes at a time; 0 before it has started. */
  get concurrency() {
    return this.#connection?.room ?? 0;
  }

  /** close lets all requests come to their end, and then the process. Later calls fail. */
  close() {
    if (!this.#closing) {
      this.#closing = {};
      this.#closing.promise = new Promise((resolve) => {
        this.#closing.resolve = resolve;
      });
      this.#rest();
    }
    return this.#closing.promise;
  }

  /** open opens a session with the arguments of a command line and returns { session, info }. */
  async open(args, options) {
    const session = { number: this.#nextSession++, args };
    this.#sessions.add(session);
    try {
      const { document: info } = await this.#call({ op: 'open', session: session.number, args }, { ...options, session });
      return { session, info };
    } catch (error) {
      this.release(session);
      throw error;
    }
  }

  /** release closes a session. */
  release(session) {
    this.#sessions.delete(session);
    this.#connection?.close(session);
    this.#rest();
  }

  /** run runs a session. header holds tensor or images, and top. */
  run(session, header, payload, options) {
    return this.#call({ op: 'run', session: session.number, ...header }, { ...options, session, payload });
  }

  /** command runs a command line; payload is its standard input. */
  command(args, payload, options) {
    return this.#call({ op: 'command', args }, { ...options, payload });
  }

  /** #call queues a request. */
  async #call(header, options) {
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#closing) throw new ClosedError('the pool is closed');
    const request = new Request(header, options);
    if (request.length > MAX_PAYLOAD) throw new UsageError(`${request.length} bytes of input; at most ${MAX_PAYLOAD} are taken at a time: make smaller batches`);
    if (this.#queue.length >= this.#options.maxQueue) {
      throw new QueueFullError(`${this.#queue.length} requests wait already: wait for some of them first, use runAll or classifyAll, or give the pool a larger maxQueue`);
    }
    if (signal) this.#aborts.watch(signal, request);
    this.#pending.add(request);
    this.#queue.push(request);
    this.#pump();
    try {
      return await request.promise;
    } finally {
      if (signal) this.#aborts.forget(signal, request);
      this.#ended(request);
    }
  }

  #abandon(request, reason) {
    request.reject(reason);
    const at = this.#queue.indexOf(request);
    if (at >= 0) this.#queue.splice(at, 1);
    else this.#connection?.cancel(request);
  }

  #ended(request) {
    this.#pending.delete(request);
    this.#rest();
  }

  /** #pump sends what there is room for, and starts a process where there is none. */
  #pump() {
    if (this.#queue.length === 0) return;
    if (this.#pause) {
      this.#pause.ref();
      return;
    }
    clearTimeout(this.#idle);
    try {
      this.#connection ??= this.#connect();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#connection.hold(true);
    while (this.#queue.length > 0 && this.#connection.ready) this.#connection.send(this.#queue.shift());
  }

  #connect() {
    const { cwd, env, binary = findBinary({ env }) } = this.#options;
    const connection = new Connection(binary, {
      cwd, env,
      onChange: (request) => {
        this.#falseStarts = 0;
        if (request) this.#deaths = 0;
        this.#pump();
      },
      onExit: (exit) => {
        if (connection === this.#connection) this.#exited(exit);
      },
    });
    return connection;
  }

  /** #exited gives the next process what the last one had not answered. */
  #exited(exit) {
    this.#connection = undefined;
    const again = exit.lost.filter((r) => this.#pending.has(r) && !this.#isGivenUp(r, exit));
    this.#queue.unshift(...again);
    const error = this.#verdict(exit);
    if (error) {
      this.#fail(error);
    } else {
      this.#pumpLater(this.#deaths === 0 ? 0 : Math.min(MAX_PAUSE, 5 * 2 ** this.#deaths));
      this.#deaths++;
    }
    if (exit.greeted) this.emit('exit', { pid: exit.pid, code: exit.code, signal: exit.signal });
  }

  #pumpLater(delay) {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, delay);
    if (this.#pending.size === 0) this.#pause.unref();
  }

  /** #isGivenUp counts a death against a request, and ends it where there were too many. */
  #isGivenUp(request, exit) {
    const limit = MAX_DEATHS[request.header.op];
    if (++request.deaths <= limit) return false;
    request.reject(new ProcessError(`the process ended ${request.deaths} times while it worked on this request; the last time ${howItEnded(exit)}`));
    return true;
  }

  /** #verdict is the error because of which it is no use to start another process. */
  #verdict(exit) {
    const { binary, failure, greeted } = exit;
    if (failure instanceof OctetError) return failure;
    if (failure && exit.pid === undefined) return notStarted(binary, failure);
    if (failure) return new BinaryError(`${binary} is no octet binary of this version: ${failure.message}`, { cause: failure });
    if (greeted) return undefined;
    if (wasKilled(exit) && ++this.#falseStarts <= MAX_FALSE_STARTS) return undefined;
    return new BinaryError(`${binary} does not start: it ended ${howItEnded(exit)}\nIs it the octet binary for ${process.platform}-${process.arch}?`);
  }

  /** #fail ends all requests; the next one begins anew. */
  #fail(error) {
    this.#queue = [];
    this.#falseStarts = 0;
    this.#deaths = 0;
    for (const request of this.#pending) request.reject(error);
  }

  /** #rest lets the event loop end, and the process too, when nothing is left to do. */
  #rest() {
    if (this.#pending.size > 0) return;
    this.#connection?.hold(false);
    if (this.#closing) {
      clearTimeout(this.#pause);
      this.#closing.end ??= this.#letGo(true).then(this.#closing.resolve);
    } else if (this.#sessions.size === 0 && this.#connection) {
      clearTimeout(this.#idle);
      this.#idle = setTimeout(() => this.#letGo(false), IDLE).unref();
    }
  }

  /** #letGo ends the process; with wait, the event loop stays alive until it has ended. */
  async #letGo(wait) {
    const connection = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#idle);
    if (!connection) return;
    connection.hold(wait);
    connection.end();
    const late = setTimeout(() => connection.kill(), PATIENCE).unref();
    await connection.exited;
    clearTimeout(late);
  }
}

/** wasKilled says that the process did not end by itself; 130 is its answer to a signal. */
function wasKilled({ code, signal }) {
  return signal !== null || code === 130;
}

function howItEnded({ code, signal, stderr }) {
  return (signal ? `by ${signal}` : `with code ${code}`) + (stderr ? `: ${stderr}` : '');
}

module.exports = { Pool };
