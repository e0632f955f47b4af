'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const octet = require('@octet-ml/octet');
const { test, library } = require('./helpers.js');
const { fromBinary, optionNames } = require(path.join(library, 'errors.js'));

test('messages speak of options, not of flags', () => {
  for (const [of, want] of [
    ['--class-map says how', 'classMap says how'],
    ['give --preset, or --mean and --std', 'give preset, or mean and std'],
    ['unknown flag: --colour', 'unknown option: colour'],
    ['the classes are ImageNet\'s; --labels says otherwise', 'the classes are ImageNet\'s; labels says otherwise'],
    ['--output --x--y.pth is the float model itself', 'output --x--y.pth is the float model itself'],
    ['open /data/--arch/model.pth: no such file', 'open /data/--arch/model.pth: no such file'],
    ['open --arch/model.pth: no such file', 'open --arch/model.pth: no such file'],
    ['name it with --arch.', 'name it with arch.'],
    ['a -- b, 3--4', 'a -- b, 3--4'],
    ['it does not fit\noctet inspect x.pth --tensors', 'it does not fit\noctet inspect x.pth --tensors'],
    ['quantize needs --calibration DATA. Without any: octet advise --no-data', 'quantize needs calibration DATA. Without any: octet advise --no-data'],
    ['octet zoo list --json lists them; --arch says which', 'octet zoo list --json lists them; arch says which'],
  ]) assert.equal(optionNames(of), want);
});

test('an error of a model file has the keys in which it differs', () => {
  const lists = { missing: ['a.weight'], extra: [], misshapen: [{ key: 'b', problem: 'wrong shape', expected: '[2]', found: '[3]' }], looks_like: ['resnet18'] };
  const error = fromBinary({ exit_code: 3, message: 'it does not fit', ...lists });
  assert.deepEqual(error.missing, lists.missing);
  assert.deepEqual(error.extra, []);
  assert.deepEqual(error.misshapen, lists.misshapen);
  assert.deepEqual(error.looksLike, ['resnet18']);
  assert.equal('missing' in fromBinary({ exit_code: 3, message: 'no such file' }), false);
});

test('every exit code has its error', () => {
  const kinds = { 2: octet.UsageError, 3: octet.ModelError, 4: octet.DataError, 5: octet.OutputError };
  const codes = { 1: 'INTERNAL', 2: 'USAGE', 3: 'MODEL', 4: 'DATA', 5: 'OUTPUT', 6: 'STRICT', 7: 'CHECK', 8: 'NETWORK', 130: 'INTERRUPTED', 99: 'INTERNAL' };
  for (const [exitCode, code] of Object.entries(codes)) {
    const error = fromBinary({ exit_code: Number(exitCode), message: 'it went wrong' });
    assert.equal(error.constructor, kinds[exitCode] ?? octet.OctetError);
    assert.equal(error.code, `ERR_OCTET_${code}`);
    assert.match(error.message, /^it went wrong/);
    assert.ok(error instanceof Error && String(error.stack).includes('it went wrong'));
  }
});
