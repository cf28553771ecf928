import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPassing } from '../../../src/transport/ssh/connect.ts';
import { arrivalOf, explainSsh, offendingLine } from '../../../src/transport/ssh/openssh-words.ts';

/** What OpenSSH 9.2's `ssh -v` wrote to standard error against a real sshd. */
const said = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/transport/ssh/openssh/${name}.txt`, import.meta.url), 'utf8');

describe('what ssh says', () => {
  it.each([
    ['changed', 'host-key', 'known_hosts|/home/me/changed:1.*SHA256:X0ZV', false],
    ['unknown', 'host-key', 'No ED25519 host key is known', false],
    ['revoked', 'host-key', '[Rr]evoked', false],
    ['principal', 'host-key', 'not a listed principal', false],
    ['denied', 'auth', 'Too many authentication failures', false],
    ['refused', 'unreachable', 'Connection refused', true],
    ['jump', 'unreachable', '22099: Connection refused', true],
    ['resolve', 'unreachable', 'Could not resolve hostname', false],
    ['option', 'unsupported', 'Bad configuration option', false],
  ])('%s is %s', (name, reason, message, passing) => {
    const error = explainSsh(said(name), 'h:22');
    expect(error).toMatchObject({
      reason,
      message: expect.stringMatching(new RegExp(`^ssh does not get to h:22: .*(${message})`)),
    });
    expect(error.message).not.toContain('debug1');
    expect(error.hint).not.toBe('');
    expect(isPassing(error)).toBe(passing);
  });

  it('names the place of the key that was known', () => {
    expect(offendingLine(said('changed'))).toEqual({ file: '/home/me/changed', line: 1 });
    expect(offendingLine(said('unknown'))).toBeUndefined();
  });

  it('tells how it got in', () => {
    expect(arrivalOf(said('good'), 'root@127.0.0.1:22022')).toEqual({
      road: ['root@127.0.0.1:22022'],
      hostKey: 'ssh-ed25519 SHA256:X0ZVK9wwonG0WdqUs0SOpVwr8GH/7vXA7Ggafi1wYD4, known from /home/me/known:1',
      login: 'publickey /home/me/id ED25519 SHA256:pHDEje+FUbLjaZy+gn0+0SBPpqr9VALw53yuFeIrGQA explicit',
      client: 'openssh',
    });
  });

  it('may be anything: nothing throws, and nothing that a terminal obeys gets through', () => {
    const word = fc.constantFrom(
      'Permission denied',
      'Offending key in /x:1',
      'debug1: x',
      '\u001b[2J',
      '\r\n',
      'SHA256:',
      '\u0000',
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const error = explainSsh(text, 'h');
        const arrival = arrivalOf(text, 'h');
        expect(error.message + JSON.stringify([arrival.login, arrival.hostKey, arrival.road])).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
