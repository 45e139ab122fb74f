// What a path is that something is written to: only a regular file is ever replaced, and what it was otherwise stays.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { OutputFile } from '#src/core/output-file.js';
import { outputPlace } from '#src/core/output-place.js';

const POSIX = process.platform !== 'win32';
const ROOT = process.getuid?.() === 0;
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'gradpool-output-'))));
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string) => join(folder, name);

async function write(path: string, ...pieces: string[]): Promise<void> {
  const file = await OutputFile.open('path', path);
  try {
    for (const piece of pieces) await file.write(piece);
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit();
}

/** A pipe with a reader, and what came out of it. */
function pipe(name: string): { path: string; read: () => string } {
  execFileSync('mkfifo', [at(name)]);
  const reader = openSync(at(name), constants.O_RDONLY | constants.O_NONBLOCK);
  return {
    path: at(name),
    read: () => {
      const bytes = Buffer.alloc(100);
      const length = readSync(reader, bytes);
      closeSync(reader);
      return bytes.toString('utf8', 0, length);
    },
  };
}

test('a new file is whole or not there', async () => {
  const file = await OutputFile.open('path', at('new'));
  await file.write('a');
  expect(existsSync(at('new'))).toBe(false);
  await file.write(new TextEncoder().encode('b'));
  await file.commit();
  expect(readFileSync(at('new'), 'utf8')).toBe('ab');
  const other = await OutputFile.open('path', at('new'));
  await other.write('not finished');
  await other.discard();
  expect(readdirSync(folder)).toEqual(['new']);
  expect(readFileSync(at('new'), 'utf8')).toBe('ab');
});

describe.runIf(POSIX)('what is there', () => {
  it('keeps its mode', async () => {
    for (const mode of [0o600, 0o640, 0o777, 0o2755]) {
      writeFileSync(at('file'), 'old');
      chmodSync(at('file'), mode);
      await write(at('file'), 'new');
      expect(statSync(at('file')).mode & 0o7777).toBe(mode);
      expect(readFileSync(at('file'), 'utf8')).toBe('new');
    }
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it.runIf(ROOT)('keeps its owner', async () => {
    writeFileSync(at('file'), 'old');
    chownSync(at('file'), 4321, 1234);
    await write(at('file'), 'new');
    expect(statSync(at('file'))).toMatchObject({ uid: 4321, gid: 1234 });
  });

  it('stays a symbolic link, over several, through a folder that is one, relative to where they are', async () => {
    mkdirSync(at('store/deep'), { recursive: true });
    writeFileSync(at('store/real'), 'old');
    chmodSync(at('store/real'), 0o604);
    symlinkSync('../real', at('store/deep/up'));
    symlinkSync('store/deep', at('folder'));
    symlinkSync('folder/up', at('latest'));
    await write(at('latest'), 'new');
    expect(lstatSync(at('latest')).isSymbolicLink()).toBe(true);
    expect(lstatSync(at('store/deep/up')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('store/real'), 'utf8')).toBe('new');
    expect(lstatSync(at('store/real')).mode & 0o777).toBe(0o604);
    expect(readdirSync(at('store'))).toEqual(['deep', 'real']);
  });

  it('leaves the old content to other hard links', async () => {
    writeFileSync(at('file'), 'old');
    linkSync(at('file'), at('other'));
    await write(at('file'), 'new');
    expect([readFileSync(at('file'), 'utf8'), readFileSync(at('other'), 'utf8')]).toEqual(['new', 'old']);
  });

  it('is written to where it is a pipe, also behind a link', async () => {
    const one = pipe('pipe');
    await write(one.path, 'a', 'b');
    expect(one.read()).toBe('ab');
    const two = pipe('behind');
    symlinkSync('behind', at('link'));
    await write(at('link'), 'c');
    expect(two.read()).toBe('c');
    expect(lstatSync(at('pipe')).isFIFO() && lstatSync(at('behind')).isFIFO()).toBe(true);
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  });

  it.runIf(ROOT)('is written to where it is a device', async (test) => {
    try {
      execFileSync('mknod', ['-m', '666', at('null'), 'c', '1', '3'], { stdio: 'ignore' });
      execFileSync('mknod', ['-m', '666', at('full'), 'c', '1', '7'], { stdio: 'ignore' });
      writeFileSync(at('null'), 'works');
    } catch {
      return test.skip('devices cannot be made here');
    }
    await write(at('null'), 'gone');
    await expect(write(at('full'), 'no room')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(lstatSync(at('null')).isCharacterDevice() && lstatSync(at('full')).isCharacterDevice()).toBe(true);
  });

  it.runIf(existsSync('/proc/self/fd'))('is what this process has open: it stays open and is added to', async () => {
    writeFileSync(at('file'), 'begun, ');
    const descriptor = openSync(at('file'), 'a');
    symlinkSync(`/proc/self/fd/${descriptor}`, at('link'));
    expect(outputPlace('path', `/dev/fd/${descriptor}`)).toEqual({ kind: 'descriptor', descriptor });
    await write(`/dev/fd/${descriptor}`, 'a');
    await write(at('link'), 'b');
    closeSync(descriptor);
    expect(readFileSync(at('file'), 'utf8')).toBe('begun, ab');
    expect(outputPlace('path', '/dev/stdout')).toEqual({ kind: 'descriptor', descriptor: 1 });
  });

  it.runIf(!ROOT)('is overwritten where its folder takes no other file', async () => {
    writeFileSync(at('file'), 'old and long');
    chmodSync(folder, 0o555);
    await write(at('file'), 'new');
    expect(readFileSync(at('file'), 'utf8')).toBe('new');
  });
});

describe.runIf(POSIX)('what cannot be written to is a RangeError that names the argument, whoever runs it:', () => {
  const refused = (path: string, what: string) => {
    const message = `"model" expected the path of a file, got ${what}: ${path}`;
    expect(() => outputPlace('model', path)).toThrow(new RangeError(message));
  };

  it('a folder', () => {
    refused(folder, 'a folder');
    refused(`${at('new')}/`, 'a folder');
    symlinkSync('.', at('link'));
    refused(at('link'), 'a folder');
  });

  it('a link that leads nowhere, or in a circle', () => {
    symlinkSync('gone', at('link'));
    refused(at('link'), `a symbolic link to ${at('gone')}, which is not there`);
    symlinkSync('gone/deep', at('deep'));
    refused(at('deep'), `a symbolic link to ${at('gone/deep')}, which is not there`);
    symlinkSync('b', at('a'));
    symlinkSync('a', at('b'));
    refused(at('a'), 'a symbolic link that leads in a circle');
  });

  it('a file that is write-protected', () => {
    writeFileSync(at('file'), 'old');
    chmodSync(at('file'), 0o444);
    refused(at('file'), 'a write-protected file');
  });

  it('a socket', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(at('socket'), done));
    refused(at('socket'), 'a socket');
    await new Promise((done) => server.close(done));
  });
});

test('what is written live is there at once, added to or begun anew', async () => {
  writeFileSync(at('file'), 'old ');
  for (const [append, wanted] of [
    [true, 'old new'],
    [false, 'new'],
  ] as const) {
    const file = await OutputFile.openLive('path', at('file'), append);
    await file.write('new');
    expect(readFileSync(at('file'), 'utf8')).toBe(wanted);
    await file.commit();
  }
});
