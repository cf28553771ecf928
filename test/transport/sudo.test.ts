import { chmod } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Answer, Limits, Reach } from '../../src/core/ports.ts';
import { local } from '../../src/transport/local/transport.ts';
import { explainSudo, sudoOf } from '../../src/transport/sudo.ts';
import { calm, instanceAt, wide } from './contract.ts';
import { makeScratch, type Scratch } from './ssh/scratch.ts';

/**
 * A sudo that asks as the real one does (the lab has that): three times, on standard error, a line each from standard
 * input, one byte at a time. It keeps what it was given.
 */
const FAKE = `#!/bin/sh
printf '%s\\n' "$*" >>"$FAKE_LOG.argv"
n=
while :; do case $1 in -n) n=1 ;; -k | -S) ;; -p) p=$2; shift ;; *) break ;; esac; shift; done
[ "$FAKE_NEEDS" ] || exec "$@"
[ "$n" ] && { echo 'sudo: a password is required' >&2; exit 1; }
echo 'We trust you have received the usual lecture.' >&2
for try in 1 2 3; do
  printf '%s' "$p" >&2
  IFS= read -r line || { echo >&2; echo 'sudo: no password was provided' >&2; exit 1; }
  printf '%s\\n' "$line" >>"$FAKE_LOG.asked"
  [ "$line" = "$FAKE_NEEDS" ] && exec "$@"
  echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1
`;

let scratch: Scratch;
let runs = 0;
beforeAll(async () => {
  scratch = await makeScratch();
  await chmod(await scratch.write('sudo', FAKE), 0o755);
  vi.stubEnv('PATH', `${scratch.path('.')}:${process.env['PATH']}`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await scratch.remove();
});

/** Runs a program through the fake; what it answered, what sudo was told, and its arguments. */
async function through(
  needs: string,
  reach: Reach,
  program = 'echo in; id -u >/dev/null; cat',
  limits: Partial<Limits> = {},
) {
  const { readFile } = await import('node:fs/promises');
  const log = scratch.path(`log${++runs}`);
  vi.stubEnv('FAKE_NEEDS', needs);
  vi.stubEnv('FAKE_LOG', log);
  const session = await local.open(instanceAt('local:', reach), { ...wide, ...limits }, calm);
  const answer = await session.run(program, { root: '/a b', mode: 'live', since: 5 });
  await session.close();
  const read = (name: string) => readFile(`${log}.${name}`, 'utf8').catch(() => '');
  return { answer, asked: await read('asked'), argv: await read('argv') };
}

describe('a password for sudo', () => {
  const secret = 'pa ss\'"$`\\!word';

  it('is told at the question, before the program, and stands in no argument', async () => {
    vi.stubEnv('SUDO_OF_TEST', secret);
    const { answer, asked, argv } = await through(
      secret,
      { sudoPassword: 'env:SUDO_OF_TEST' },
      `printf '%s|' "$@"; echo $IFS; exit 4`,
    );
    expect(answer).toMatchObject({ ended: 'exit', exitCode: 4 });
    expect(answer.stdout.toString()).toBe('/a b|live|5|\n');
    expect(asked).toBe(`${secret}\n`);
    expect(argv).not.toContain('word');
    expect(answer.stderr).toBe('We trust you have received the usual lecture.\n');
  });

  it('is told to nobody where none is wanted', async () => {
    const { answer, asked } = await through('', { sudoPassword: 'env:SUDO_OF_TEST' }, 'cat; echo program');
    expect([answer.stdout.toString(), answer.stderr, answer.exitCode, asked]).toEqual(['program\n', '', 0, '']);
  });

  it('that is wrong is offered once, and the program is not taken for another', async () => {
    const { answer, asked } = await through('another', { sudoPassword: 'env:SUDO_OF_TEST' });
    expect(asked).toBe(`${secret}\n`);
    expect(answer.refused).toMatchObject({
      reason: 'auth',
      detail: expect.stringMatching(/the sudo password is wrong \(it was offered once\)/),
    });
    expect(JSON.stringify(answer)).not.toContain('word`');
  });

  it('is missed where sudo wants one and has none', async () => {
    const { answer } = await through('x', { sudo: true });
    expect(answer.refused).toMatchObject({
      reason: 'auth',
      detail: expect.stringContaining('give --sudo-password'),
    });
  });

  it('goes with no helper', async () => {
    await expect(sudoOf({ sudoPassword: 'env:X', sudoCommand: '/x' })).rejects.toMatchObject({ reason: 'unsupported' });
    expect(await sudoOf({})).toBeUndefined();
    const { answer, argv } = await through('', { sudoCommand: '/bin/echo' }, 'öö');
    expect([answer.stdout.toString(), argv]).toEqual(['/a b live 5 4\n', '-n /bin/echo /a b live 5 4\n']);
  });
});

it.each([
  ['scanner is not in the sudoers file.  This incident will be reported.', 'permission', 'no rule in sudoers'],
  [
    "Sorry, user w is not allowed to execute '/usr/bin/id / live 0' as root on lab-01.",
    'permission',
    'no rule of this account',
  ],
  ['sudo: sorry, you must have a tty to run sudo', 'permission', 'requiretty'],
  ['sudo: 1 incorrect password attempt', 'auth', 'is wrong'],
  ["env: 'sudo': No such file or directory", 'tool-missing', 'no sudo there'],
  ["env: can't execute 'sudo': No such file or directory", 'tool-missing', 'no sudo there'],
  ['snowfence-run: refused: this program is not one', 'permission', 'pinned to another program'],
  ['sudo: Account or password is expired, reset your password and try again', 'auth', 'expired'],
])('%s', async (stderr, reason, said) => {
  vi.stubEnv('SUDO_OF_TEST', 'secret');
  const sudo = await sudoOf({ sudoPassword: 'env:SUDO_OF_TEST' });
  const answer: Answer = { stdout: Buffer.alloc(0), stderr: `noise\n${stderr}\n secret`, exitCode: 1, ended: 'exit' };
  const told = explainSudo(answer, sudo, 'web-1');
  expect(told.refused).toMatchObject({ reason, detail: expect.stringContaining(said) });
  expect(told.stderr).not.toContain('secret');
  expect(explainSudo({ ...answer, exitCode: 0 }, sudo, 'web-1').refused).toBeUndefined();
  expect(explainSudo(answer, undefined, 'web-1')).toBe(answer);
});
