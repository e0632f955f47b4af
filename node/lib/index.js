'use strict';

const { quantize, inspect, run, evaluate, merge, exportModel, compare, quantizeTensor } = require('./commands.js');
const { OctetError, UsageError, ModelError, DataError, OutputError, BinaryError, ProcessError, ClosedError, QueueFullError } = require('./errors.js');
const { Pool } = require('./pool.js');
const { RemoteSession } = require('./remote.js');
const { Session } = require('./session.js');

module.exports = {
  Session, RemoteSession, Pool, quantize, inspect, run, evaluate, merge, exportModel, compare, quantizeTensor,
  OctetError, UsageError, ModelError, DataError, OutputError, BinaryError, ProcessError, ClosedError, QueueFullError,
};
