'use strict';

// The platforms that have a package with the binary: Node's names of them, and
// Go's. The binary is static, so one package serves every Linux, glibc or musl.
const PLATFORMS = [
  { os: 'linux', cpu: 'x64', goos: 'linux', goarch: 'amd64' },
  { os: 'linux', cpu: 'arm64', goos: 'linux', goarch: 'arm64' },
  { os: 'darwin', cpu: 'x64', goos: 'darwin', goarch: 'amd64' },
  { os: 'darwin', cpu: 'arm64', goos: 'darwin', goarch: 'arm64' },
  { os: 'win32', cpu: 'x64', goos: 'windows', goarch: 'amd64' },
  { os: 'win32', cpu: 'arm64', goos: 'windows', goarch: 'arm64' },
].map((p) => ({
  ...p,
  name: `${p.os}-${p.cpu}`,
  package: `@octet-ml/octet-${p.os}-${p.cpu}`,
  binary: p.os === 'win32' ? 'bin/octet.exe' : 'bin/octet',
}));

module.exports = { PLATFORMS };
