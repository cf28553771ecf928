import { ReachError } from '../../core/errors.ts';
import type { GapReason } from '../../core/facts.ts';
import type { Arrival } from '../../core/ports.ts';
import { saying } from '../text.ts';
import { inPassing } from './connect.ts';

type Explain = readonly [pattern: RegExp, reason: GapReason, hint: string, passing?: 'passing'];

const compare = 'compare the fingerprint with one from a source you trust (console output of the instance)';

/** What OpenSSH's ssh says when it gives up, the most telling first. */
const words: readonly Explain[] = [
  [
    /REVOKED HOST KEY|host key .*revoked|is marked as revoked/i,
    'host-key',
    'do not connect; replace the instance, or its host key',
  ],
  [
    /HOST IDENTIFICATION HAS CHANGED|has changed and you have requested strict/i,
    'host-key',
    `a replaced instance gets a new key, and so does somebody in the middle: ${compare} (docs/transports.md, "Rebuilt hosts")`,
  ],
  [
    /Certificate invalid|certificate .*(expired|not yet valid)|CA .*not trusted/i,
    'host-key',
    'its host certificate is not good: look at its principals and dates (ssh-keygen -L -f HOST_KEY-cert.pub)',
  ],
  [/No .* host key is known for/i, 'host-key', `${compare}, then add the key to known_hosts`],
  [/Host key verification failed/i, 'host-key', compare],
  [/Too many authentication failures/i, 'auth', 'name the right key with reach.identityFiles'],
  [
    /Permission denied|No more authentication methods|Authentication failed/i,
    'auth',
    'no password is asked for (BatchMode): the key must be open or in the agent, a certificate valid and for this user',
  ],
  [/timed out during banner exchange/i, 'timeout', 'is the instance well?'],
  [/timed out/i, 'unreachable', 'is the instance running, and does its firewall let this machine in?'],
  [/Could not resolve hostname/i, 'unreachable', 'is the name right? An alias must be in the OpenSSH configuration'],
  [/Connection refused/i, 'unreachable', 'is sshd running there, and on this port?', 'passing'],
  [/No route to host|Network is unreachable/i, 'unreachable', 'is the instance running?'],
  [
    /kex_exchange_identification|Connection reset|closed by remote host|Connection closed by/i,
    'unreachable',
    'a busy server drops callers (MaxStartups)',
    'passing',
  ],
  [
    /Bad configuration option|bad configuration|Bad owner or permissions|Unable to negotiate|loop via|percent_expand/i,
    'unsupported',
    'try the same with: ssh -v',
  ],
];

/** The error for an ssh that did not get in, from what it wrote to standard error. */
export function explainSsh(stderr: string, address: string): ReachError {
  const lines = stderr
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(debug\d:|Pseudo-terminal|@@@|OpenSSH_)/.test(line));
  const found = words.find(([pattern]) => lines.some((line) => pattern.test(line)));
  const told = found ? lines.filter((line) => found[0].test(line)) : lines.slice(-2);
  // Where a known key stands, and what was shown, are lines of their own.
  const places = [
    ...lines.filter((line) => /^Offending|^SHA256:|key sent by the remote host|^Certificate invalid/.test(line)),
    ...(/Server host key: (\S+ SHA256:\S+)/.exec(stderr)?.slice(1) ?? []).map((key) => `it shows ${key}`),
  ];
  const all = [...new Set([...told, ...(found?.[1] === 'host-key' ? places : [])])];
  const message = `ssh does not get to ${address}: ${saying(all.join('; ') || 'it said nothing', 500)}`;
  const error = new ReachError(found?.[1] ?? 'unreachable', message, found?.[2] ?? 'try the same with: ssh -v');
  return found?.[3] ? inPassing(error) : error;
}

/** Where ssh says that another key is known: file and line (from 1). */
export function offendingLine(stderr: string): { file: string; line: number } | undefined {
  const [, file = '', line] = /^Offending .*key in (.+):(\d+)\s*$/m.exec(stderr) ?? [];
  return file ? { file, line: Number(line) } : undefined;
}

/** How it got in, from the same messages. */
export function arrivalOf(stderr: string, address: string): Arrival {
  const last = (pattern: RegExp): RegExpMatchArray | undefined => [...stderr.matchAll(pattern)].at(-1);
  const [, key = ''] = last(/Server host key: (\S+ SHA256:\S+)/g) ?? [];
  const [, certificate = ''] = last(/Server host certificate: (\S+ SHA256:\S+)/g) ?? [];
  const [, place = ''] = last(/Found (?:CA )?key in (.+:\d+)/g) ?? [];
  const [, method = ''] = last(/Authenticated to .* using "([^"\n]*)"/g) ?? [];
  const [, accepted = ''] = last(/Server accepts key: (.+)/g) ?? [];
  const hops = [...stderr.matchAll(/Authenticated to (\S+) \(\[([^\]\n]+)\]:(\d+)\)/g)].map(
    ([, name, , port]) => `${name}:${port}`,
  );
  const via = /Authenticated to .*\(via proxy\)/.test(stderr);
  return {
    road: [...(via ? hops : []), address].map((hop) => saying(hop)),
    hostKey: [certificate ? `certificate ${certificate}` : key, place ? `known from ${saying(place)}` : '']
      .filter(Boolean)
      .join(', '),
    login: [method, accepted]
      .filter(Boolean)
      .map((text) => saying(text))
      .join(' '),
    client: 'openssh',
  };
}
