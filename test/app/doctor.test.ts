import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Check, examine } from '../../src/app/doctor.ts';
import { calm, instanceAt, wide } from '../transport/contract.ts';
import { type FakeServer, startFake } from '../transport/ssh/fake-server.ts';
import { knownLine, makeScratch, type Scratch } from '../transport/ssh/scratch.ts';

vi.stubEnv('SSH_AUTH_SOCK', '');

let scratch: Scratch;
let server: FakeServer;
let answer: () => string;
beforeAll(async () => {
  scratch = await makeScratch();
  await scratch.key('id');
  server = await startFake({
    exec: (channel) => {
      channel.resume();
      channel.write(Buffer.from(answer(), 'latin1'));
      channel.exit(0);
      channel.end();
    },
  });
});
afterAll(async () => {
  await server.stop();
  await scratch.remove();
});

async function checks(text: () => string): Promise<Record<string, Check>> {
  answer = text;
  const known = await scratch.write('known', knownLine('127.0.0.1', server.port, server.hostKey));
  const reach = { sshConfig: 'none', knownHosts: [known], identityFiles: [scratch.path('id')] };
  const [one] = await examine([instanceAt(`ssh://u@127.0.0.1:${server.port}`, reach)], wide, 4, calm);
  return Object.fromEntries((one?.checks ?? []).map((check) => [check.check, check]));
}

/** An answer of an instance whose clock is so many seconds ahead. */
const clockAt =
  (ahead: number, preflight = '') =>
  () =>
    `\0SNOWFENCE/1 ${Math.floor(Date.now() / 1000) + ahead} /\0B preflight\0${preflight}E preflight\0`;

it('says how far the clocks are apart, and which is ahead', async () => {
  expect((await checks(clockAt(0)))['clock']).toMatchObject({ state: 'ok' });
  for (const [ahead, said] of [
    [3600, /^3(599|600) s ahead of this machine's$/],
    [-3600, /^3(599|600) s behind this machine's$/],
  ] as const) {
    const { clock } = await checks(clockAt(ahead));
    expect(clock).toMatchObject({
      state: 'note',
      detail: expect.stringMatching(said),
      advice: expect.stringContaining('chrony'),
    });
  }
});

it('says what is missing, what it costs, and nothing that a terminal obeys', async () => {
  const preflight = 'find plain\0hasher none\0attributes none\0grep-z \0lacks tr\0closed /root/\u001b[2J\0places 3\0';
  const all = await checks(clockAt(0, preflight));
  expect(all['tools']).toMatchObject({ state: 'fail', detail: 'missing or not working: tr' });
  expect(all['hashing']).toMatchObject({ state: 'gap', advice: expect.stringContaining('no file can be compared') });
  expect(all['listing']?.state).toBe('note');
  expect(all['reads files']).toMatchObject({
    state: 'gap',
    detail: '1 of 3 places looked at are closed to this account: /root/\\x1b[2J',
  });
  // The probes that never answered are unread, not fine.
  expect(all['reads accounts']).toMatchObject({ state: 'gap' });
});

it('says that the program did not run', async () => {
  const all = await checks(() => 'This account is currently not available.\n');
  expect(all['program']).toMatchObject({ state: 'fail', detail: expect.stringContaining('did not run the program') });
});
