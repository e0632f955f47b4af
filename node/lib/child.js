'use strict';

const { spawn } = require('node:child_process');
const { encode, Decoder } = require('./frame.js');

/** How much of the standard error is kept for messages. */
const STDERR_TAIL = 4096;

/**
 * Child is a process of the binary that speaks frames. It ends when its standard
 * input does, so it cannot outlive this process.
 */
class Child {
  #process;
  #stderr = '';
  #failure;
  #onExit;

  /**
   * onFrame(header, payload) gets what the process sends; onExit({ pid, code,
   * signal, stderr, failure }) comes once, after the last frame. failure is an
   * Error where the process could not be started or does not speak frames.
   */
  constructor(binary, { cwd, env, onFrame, onExit }) {
    this.#onExit = onExit;
    this.#process = spawn(binary, ['stdio'], { cwd, env, stdio: 'pipe', windowsHide: true });
    this.#process.on('error', (error) => {
      this.#failure ??= error;
      if (this.pid === undefined) this.#exit(null, null); // close does not come then
    });
    this.#process.on('close', (code, signal) => this.#exit(code, signal));
    // What goes wrong on a pipe goes wrong because the process ends, which close tells.
    for (const stream of this.#streams) stream.on('error', () => {});
    const decoder = new Decoder(onFrame);
    this.#process.stdout?.on('data', (chunk) => {
      try {
        if (!this.#failure) decoder.push(chunk);
      } catch (error) {
        this.fail(error);
      }
    });
    this.#process.stderr?.on('data', (chunk) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_TAIL);
    });
  }

  /** pid is the number of the process; undefined where it could not be started. */
  get pid() {
    return this.#process.pid;
  }

  /** send writes a frame; the parts of the payload are not copied. */
  send(header, payload, length) {
    const { stdin } = this.#process;
    if (!stdin?.writable) return; // close is on its way
    stdin.cork();
    stdin.write(encode(header, length));
    for (const part of payload) stdin.write(part);
    stdin.uncork();
  }

  /** end closes the standard input, at which the process ends. */
  end() {
    this.#process.stdin?.end();
  }

  kill() {
    this.#process.kill('SIGKILL');
  }

  /** fail ends a process that cannot be talked to; error is its failure. */
  fail(error) {
    this.#failure ??= error;
    this.kill();
  }

  /** hold says whether the process keeps the event loop alive. */
  hold(on) {
    for (const handle of [this.#process, ...this.#streams]) {
      if (on) handle.ref();
      else handle.unref();
    }
  }

  /** Without a free file descriptor there are none. */
  get #streams() {
    return this.#process.stdio ?? [];
  }

  #exit(code, signal) {
    this.#onExit?.({ pid: this.pid, code, signal, stderr: this.#stderr.trim(), failure: this.#failure });
    this.#onExit = undefined;
  }
}

module.exports = { Child };
