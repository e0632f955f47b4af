'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const path = require('node:path');
const { test, library } = require('./helpers.js');
const { encode, Decoder, MAX_PAYLOAD } = require(path.join(library, 'frame.js'));

test('frames are found whatever the chunks', () => {
  const frames = Array.from({ length: 30 }, (_, i) => [{ id: i, text: 'ä'.repeat(crypto.randomInt(50)) }, crypto.randomBytes(i % 3 === 0 ? 0 : crypto.randomInt(5000))]);
  const stream = Buffer.concat(frames.flatMap(([header, payload]) => [encode(header, payload.length), payload]));
  for (const largest of [1, 2, 13, 1000, stream.length]) {
    const got = [];
    const decoder = new Decoder((header, payload) => got.push([header, payload]));
    for (let at = 0; at < stream.length; ) {
      const n = crypto.randomInt(largest) + 1;
      decoder.push(stream.subarray(at, at + n));
      at += n;
    }
    assert.equal(got.length, frames.length);
    got.forEach(([header, payload], i) => {
      assert.deepEqual(header, frames[i][0]);
      assert.deepEqual(Buffer.from(payload), frames[i][1]);
      assert.equal(payload.byteOffset, 0);
      assert.equal(payload.buffer.byteLength, payload.byteLength);
    });
  }
});

test('what is no frame is refused', () => {
  const push = (bytes) => () => new Decoder(() => {}).push(bytes);
  assert.throws(push(Buffer.from('Welcome to my shell\n')), /it answers "Welcome to m" where a frame is expected/);
  const large = encode({}, MAX_PAYLOAD + 1);
  assert.throws(push(large), /it announces a frame of 2 and 1073741825 bytes/);
  const broken = encode({}, 0);
  broken[12] = 0x78;
  assert.throws(push(broken), SyntaxError);
});
