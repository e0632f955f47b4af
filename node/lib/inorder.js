'use strict';

const { describe } = require('./arguments.js');
const { UsageError } = require('./errors.js');

/**
 * inOrder reads inputs only as fast as they are computed, and yields the outputs in their order. So many are computed
 * at a time as the option says, else as byDefault() does.
 */
async function* inOrder(inputs, { concurrency }, byDefault, compute) {
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw new UsageError(`concurrency is ${describe(concurrency)}; give a whole number of at least 1`);
  }
  const running = [];
  try {
    for await (const input of inputs) {
      const output = compute(input);
      output.catch(() => {}); // it is awaited below, in its turn
      running.push(output);
      if (running.length >= (concurrency ?? byDefault())) yield await running.shift();
    }
    while (running.length > 0) yield await running.shift();
  } finally {
    await Promise.allSettled(running);
  }
}

module.exports = { inOrder };
