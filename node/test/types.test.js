'use strict';

// The declarations: users' code checks against them, and they say what is there.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const octet = require('@octet-ml/octet');
const { test, library } = require('./helpers.js');

const tools = process.env.OCTET_TEST_TOOLS;
const ts = createRequire(path.join(tools, 'x.js'))('typescript');

/** The code of the README, as files. */
function readme() {
  const text = fs.readFileSync(path.join(library, '..', 'README.md'), 'utf8');
  return [...text.matchAll(/```(?:js|ts)\n([^]*?)```/g)].map(([, code], i) => {
    const file = path.join(__dirname, `readme-${i}.mts`);
    fs.writeFileSync(file, code);
    return file;
  });
}

const examples = readme();
const declarations = path.join(library, 'index.d.ts');
const program = ts.createProgram([path.join(__dirname, 'types.mts'), path.join(__dirname, 'types.cts'), ...examples], {
  strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
  types: ['node'], typeRoots: [path.join(tools, '@types')], skipDefaultLibCheck: true,
});

test('users\' code checks, from modules and from CommonJS, and so does the README\'s', () => {
  assert.ok(examples.length >= 4, 'the README has lost its code');
  const found = ts.getPreEmitDiagnostics(program);
  assert.equal(ts.formatDiagnostics(found, { getCurrentDirectory: () => __dirname, getCanonicalFileName: (f) => f, getNewLine: () => '\n' }), '');
  assert.ok(program.getSourceFile(declarations), 'the installed declarations were not looked at');
});

/** Fields of instances. */
const isField = (name) => name.endsWith('Session.info') || name.endsWith('Error.code') || /^ModelError\.(missing|extra|misshapen|looksLike|choices)$/.test(name);
/** What the package uses itself. */
const INTERNAL = new Set(['Pool.open', 'Pool.release', 'Pool.run', 'Pool.command']);

test('what is declared is there, and what is there is declared', () => {
  const checker = program.getTypeChecker();
  const values = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(declarations))).filter((s) => s.flags & ts.SymbolFlags.Value);
  assert.deepEqual(values.map((s) => s.name).sort(), Object.keys(octet).sort());
  for (const symbol of values.filter((s) => s.flags & ts.SymbolFlags.Class)) {
    const declared = [...symbol.members.values()].filter((m) => m.name !== '__constructor' && !m.name.startsWith('__@')).map((m) => m.name);
    const { prototype } = octet[symbol.name];
    const missing = declared.filter((name) => !(name in prototype) && !isField(`${symbol.name}.${name}`));
    assert.deepEqual(missing, [], `${symbol.name} declares what it does not have`);
    const there = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor' && name !== 'name');
    const hidden = there.filter((name) => !declared.includes(name) && !INTERNAL.has(`${symbol.name}.${name}`));
    assert.deepEqual(hidden, [], `${symbol.name} has what it does not declare`);
  }
});
