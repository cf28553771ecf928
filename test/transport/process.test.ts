import { mkdir, symlink } from 'node:fs/promises';
import { relative } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { local } from '../../src/transport/local/transport.ts';
import { directoryOf, rootfs } from '../../src/transport/rootfs/transport.ts';
import { calm, instanceAt, wide } from './contract.ts';
import { makeScratch, type Scratch } from './ssh/scratch.ts';

let scratch: Scratch;
beforeAll(async () => {
  scratch = await makeScratch();
  await mkdir(scratch.path('bin'));
  await mkdir(scratch.path('a dir with 100%'));
  await symlink(scratch.path('a dir with 100%'), scratch.path('link'));
  await scratch.write('file', '');
});
afterAll(() => scratch.remove());
afterEach(() => vi.unstubAllEnvs());

const root = { root: '/', mode: 'live', since: 0 } as const;

it('runs the program through sudo where that is wanted', async () => {
  await scratch.write('bin/sudo', '#!/bin/sh\necho "as root: $*"\nshift\nexec "$@"\n', 0o755);
  vi.stubEnv('PATH', `${scratch.path('bin')}:${process.env['PATH']}`);
  const session = await local.open(instanceAt('local:', { sudo: true }), wide, calm);
  const answer = await session.run('echo "$1 $2 $3"', root);
  expect(answer.stdout.toString()).toBe('as root: -n /bin/sh -s -- / live 0\n/ live 0\n');
});

it('answers 127 where there is no sudo, as a shell does', async () => {
  vi.stubEnv('PATH', '/nowhere');
  const session = await local.open(instanceAt('local:', { sudo: true }), wide, calm);
  const answer = await session.run('echo', root);
  expect(answer).toMatchObject({ ended: 'exit', exitCode: 127 });
  expect(answer.stderr).toMatch(/^env: .*ENOENT/);
});

it('kills a program that does not mind SIGTERM', async () => {
  const session = await local.open(instanceAt('local:'), { ...wide, idleMs: 200 }, calm);
  const started = performance.now();
  const answer = await session.run('trap "" TERM; sleep 1234 & echo $!; wait; wait', root);
  expect(answer.ended).toBe('idle');
  expect(performance.now() - started).toBeLessThan(3000);
});

it('does not wait for a daemon that left the group and holds the output', async () => {
  const session = await local.open(instanceAt('local:'), { ...wide, idleMs: 200 }, calm);
  const started = performance.now();
  const answer = await session.run('setsid sleep 7 & echo on', root);
  expect(answer).toMatchObject({ ended: 'idle', stdout: Buffer.from('on\n') });
  expect(performance.now() - started).toBeLessThan(3000);
});

it('ends what still runs when the session is closed', async () => {
  const session = await local.open(instanceAt('local:'), wide, calm);
  const running = session.run('exec sleep 1234', root);
  await session.close();
  expect(await running).toMatchObject({ ended: 'cut', exitCode: null });
});

it('finds the directory of a rootfs URI', () => {
  const directory = scratch.path('a dir with 100%');
  const written = directory.replace('100%', '100%25').replaceAll(' ', '%20');
  expect(directoryOf(`rootfs:${written}`)).toBe(directory);
  expect(directoryOf(`rootfs://${written}`)).toBe(directory);
  expect(directoryOf(`rootfs:${written}/../link/`)).toBe(directory);
  expect(directoryOf(`rootfs:${relative(process.cwd(), scratch.path('link'))}`)).toBe(directory);
});

it.each([
  ['rootfs:', 'names no directory'],
  ['rootfs:/no/such/place', '/no/such/place'],
  ['rootfs:/100%', 'not a valid URI'],
])('refuses %s', async (uri, said) => {
  await expect(rootfs.open(instanceAt(uri), wide, calm)).rejects.toMatchObject({
    name: 'ReachError',
    reason: 'unreachable',
    message: expect.stringContaining(said),
  });
});

it('refuses a file as root directory', async () => {
  const refused = rootfs.open(instanceAt(`rootfs:${scratch.path('file')}`), wide, calm);
  await expect(refused).rejects.toMatchObject({ message: `${scratch.path('file')} is not a directory` });
});
