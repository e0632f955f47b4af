'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { Session, ModelError, inspect } = require('@octet-ml/octet');
const { test } = require('./helpers.js');

const root = path.join(process.env.OCTET_DEMO, '..', '..', '..');
const leftovers = path.join(root, 'testdata', 'leftovers');
const refused = path.join(root, 'torch', 'testdata', 'checkpoints', 'refused');

test('checkpoints open whatever lies beside their weights', async () => {
  const kinds = fs.readdirSync(leftovers, { withFileTypes: true }).filter((e) => e.isDirectory());
  assert.ok(kinds.length >= 8);
  for (const kind of kinds) {
    const folder = path.join(leftovers, kind.name);
    const file = path.join(folder, fs.readdirSync(folder).find((name) => name !== 'logits.npy'));
    const session = await Session.open(file);
    assert.equal(session.info.kind, 'float', file);
    await session.close();
  }
});

test('what is no state dict is refused with a command', async () => {
  for (const name of ['model.pth', 'enum_inside.pth', 'optimizer_alone.pth', 'dataclass_alone.pth', 'array_inside.pth']) {
    await assert.rejects(inspect(path.join(refused, name)), (e) => e instanceof ModelError && e.message.includes(name) && /\n\s*python -c '/.test(e.message));
  }
});
