'use strict';

/** Base of all errors of this package. `code` says what kind it is. */
class OctetError extends Error {
  constructor(message, options = {}) {
    super(message, options);
    this.code = options.code ?? new.target.code;
  }

  get name() {
    return this.constructor.name;
  }
}

/** A call that cannot be meant: unknown option, missing argument, wrong kind of input. */
class UsageError extends OctetError {
  static code = 'ERR_OCTET_USAGE';
}

/** The model file cannot be used. */
class ModelError extends OctetError {
  static code = 'ERR_OCTET_MODEL';
}

/** The data cannot be used: a tensor of the wrong shape, a broken image, a missing folder. */
class DataError extends OctetError {
  static code = 'ERR_OCTET_DATA';
}

/** The output cannot be written. */
class OutputError extends OctetError {
  static code = 'ERR_OCTET_OUTPUT';
}

/** There is no binary that can be started; ERR_OCTET_PLATFORM where there is none for the platform. */
class BinaryError extends OctetError {
  static code = 'ERR_OCTET_BINARY';
}

/** The process of the binary died too often while it worked on a request. */
class ProcessError extends OctetError {
  static code = 'ERR_OCTET_PROCESS';
}

/** The session or pool was closed. */
class ClosedError extends OctetError {
  static code = 'ERR_OCTET_CLOSED';
}

/** More requests wait than the pool may hold. */
class QueueFullError extends OctetError {
  static code = 'ERR_OCTET_QUEUE_FULL';
}

/** Codes of the binary, as `octet help exit-codes` lists them. */
const BY_EXIT_CODE = {
  2: (message) => new UsageError(message),
  3: (message) => new ModelError(message),
  4: (message) => new DataError(message),
  5: (message) => new OutputError(message),
  6: (message) => new OctetError(message, { code: 'ERR_OCTET_STRICT' }),
  7: (message) => new OctetError(message, { code: 'ERR_OCTET_CHECK' }),
  8: (message) => new OctetError(message, { code: 'ERR_OCTET_NETWORK' }),
  130: (message) => new OctetError(message, { code: 'ERR_OCTET_INTERRUPTED' }),
};

/** fromBinary is the error for {exit_code, message} of the binary; what else the document holds becomes properties. */
function fromBinary({ exit_code: exitCode, message, missing, extra, misshapen, looks_like: looksLike, choices }) {
  const make = BY_EXIT_CODE[exitCode];
  if (make) {
    const error = make(optionNames(message));
    for (const [name, value] of Object.entries({ missing, extra, misshapen, looksLike, choices })) {
      if (value !== undefined) error[name] = value;
    }
    return error;
  }
  return new OctetError(`${message}\nThis should not happen; please report it with the call.`, { code: 'ERR_OCTET_INTERNAL' });
}

/**
 * optionNames calls the flags of the command line what they are called here: the flag --class-map is the option classMap.
 * A command that is shown, octet inspect x.pth --tensors, stays one.
 */
function optionNames(message) {
  const text = message.replace(/\bflag/g, 'option');
  return text.replace(/(^|[\s("'`,;:])--([a-z][a-z0-9-]*)(?![\w/\\-]|\.\w)/g, (all, before, flag, at) => {
    const sentence = text.slice(0, at).split(/[\n;]/).at(-1);
    return /\boctet [a-z]/.test(sentence) ? all : before + camelCase(flag);
  });
}

function camelCase(flag) {
  return flag.replace(/-([a-z0-9])/g, (_, c) => c.toUpperCase());
}

module.exports = {
  OctetError, UsageError, ModelError, DataError, OutputError, BinaryError, ProcessError, ClosedError, QueueFullError, fromBinary, optionNames,
};
