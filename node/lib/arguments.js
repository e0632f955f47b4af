'use strict';

const { UsageError } = require('./errors.js');

/** Options that are for the call itself, not for the binary. */
const OWN = new Set(['signal', 'onProgress', 'onNote', 'pool']);

/** Options that the command line takes several times; of others, it takes a list with commas. */
const REPEATED = new Set(['exclude', 'calibration']);

/** Options that may be an object: each of its fields is given as NAME=VALUE. */
const BY_NAME = new Set(['shape', 'input', 'calibration']);

/**
 * flags turns options into flags of the command line: perChannel: true is
 * --per-channel=true, mean: [0.5, 0.5] is --mean=0.5,0.5, shape: { x: [1, 8], n: 4 }
 * is --shape=x=1,8 --shape=n=4. Which there are, and what
 * they may be, only the binary knows.
 */
function flags(options) {
  const out = [];
  for (const [name, value] of Object.entries(options)) {
    if (OWN.has(name) || value === undefined || value === null) continue;
    if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw new UsageError(`there is no option ${JSON.stringify(name)}`);
    const flag = `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    if (BY_NAME.has(name) && typeof value === 'object' && !isList(value)) {
      for (const [key, v] of Object.entries(value)) out.push(`${flag}=${key}=${(isList(v) ? [...v] : [v]).map((n) => text(name, n)).join(',')}`);
      continue;
    }
    const values = [...(isList(value) ? value : [value])].map((v) => text(name, v));
    for (const v of REPEATED.has(name) ? values : [values.join(',')]) out.push(`${flag}=${v}`);
  }
  return out;
}

function isList(value) {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function text(name, value) {
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value);
  throw new UsageError(`option ${name} is ${describe(value)}; give a string, a number, a boolean or an array of them`);
}

/** describe says in a message what a value is. */
function describe(value) {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'without class'})`;
  return typeof value === 'function' ? 'a function' : String(value);
}

/** file checks the name of a file. */
function file(value, call) {
  if (value instanceof URL && value.protocol === 'file:') return require('node:url').fileURLToPath(value);
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  throw new UsageError(`${call} takes the path of a file, got ${describe(value)}`);
}

/** model checks the name of a model: a file, or weights of the zoo. */
function model(value, call) {
  return isZoo(value) ? value : file(value, call);
}

function isZoo(value) {
  return typeof value === 'string' && value.startsWith('zoo:');
}

module.exports = { flags, isList, describe, file, model, isZoo };
