import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownName, linesFor, parseKnownHosts, standingOf, typeOfKey } from '../../../src/transport/ssh/known-hosts.ts';
import { makeScratch, type Scratch } from './scratch.ts';

/** A public key that is one by its form: type and 32 bytes. */
function keyOf(seed: number, type = 'ssh-ed25519'): Buffer {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.alloc(32, seed))]);
}

function line(names: string, seed: number, { type = 'ssh-ed25519', marker = '' } = {}): string {
  return `${marker ? `${marker} ` : ''}${names} ${type} ${keyOf(seed, type).toString('base64')} comment here\n`;
}

function hashed(name: string, salt = randomBytes(20)): string {
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

function judge(text: string, name: string, seed: number, type = 'ssh-ed25519') {
  const standing = standingOf(linesFor([parseKnownHosts(text, 'f')], name), keyOf(seed, type));
  return standing.kind === 'unknown' ? 'unknown' : `${standing.kind} ${standing.by.map((by) => by.line).join(',')}`;
}

describe('a known-hosts file', () => {
  it.each<[title: string, text: string, name: string, seed: number, verdict: string]>([
    ['plain name', line('web1', 1), 'web1', 1, 'known 1'],
    ['case does not count', line('Web1', 1), 'WEB1', 1, 'known 1'],
    ['list of names', line('web1,10.0.0.1', 1), '10.0.0.1', 1, 'known 1'],
    ['other name', line('web1', 1), 'web2', 1, 'unknown'],
    ['other key', line('web1', 1), 'web1', 2, 'changed 1'],
    ['one of two keys', line('web1', 1) + line('web1', 2), 'web1', 2, 'known 2'],
    ['port', line('[web1]:2222', 1), '[web1]:2222', 1, 'known 1'],
    ['other port', line('[web1]:2222', 1), '[web1]:2223', 1, 'unknown'],
    ['hashed', line(hashed('web1'), 1), 'web1', 1, 'known 1'],
    ['hashed with port', line(hashed('[web1]:2222'), 1), '[web1]:2222', 1, 'known 1'],
    ['hashed, other name', line(hashed('web1'), 1), 'web2', 1, 'unknown'],
    ['hashed, other key', line(hashed('web1'), 1), 'web1', 2, 'changed 1'],
    ['wildcard', line('*.example.com', 1), 'a.example.com', 1, 'known 1'],
    ['wildcard with port', line('[*.example.com]:2222', 1), '[a.example.com]:2222', 1, 'known 1'],
    ['one character', line('web?', 1), 'web12', 1, 'unknown'],
    ['negation', line('*.example.com,!db.example.com', 1), 'db.example.com', 1, 'unknown'],
    ['brackets are no wildcard', line('web[12]', 1), 'web1', 1, 'unknown'],
    ['revoked', line('*', 1, { marker: '@revoked' }) + line('web1', 1), 'web1', 1, 'revoked 1'],
    ['another key revoked', line('*', 2, { marker: '@revoked' }) + line('web1', 1), 'web1', 1, 'known 2'],
    ['only others revoked', line('*', 2, { marker: '@revoked' }), 'web1', 1, 'unknown'],
    ['authority', line('*', 9, { marker: '@cert-authority' }), 'web1', 1, 'authority 1'],
    ['an authority is no host key', line('*', 1, { marker: '@cert-authority' }), 'web1', 1, 'authority 1'],
    ['authority and a plain key', line('*', 9, { marker: '@cert-authority' }) + line('web1', 1), 'web1', 1, 'known 2'],
    ['unknown marker', line('web1', 1, { marker: '@trusted' }), 'web1', 1, 'unknown'],
    [
      'comments, blanks, CR',
      `# ${line('web1', 2)}\n\t \r\n${line('web1', 1).replace('\n', '\r\n')}`,
      'web1',
      1,
      'known 4',
    ],
    ['type that is not the type of the key', line('web1', 1).replace('ssh-ed25519', 'ssh-rsa'), 'web1', 1, 'unknown'],
    ['SSH 1', 'web1 1024 35 1234567890\n', 'web1', 1, 'unknown'],
    ['no newline at the end', line('web1', 1).trim(), 'web1', 1, 'known 1'],
  ])('%s', (_title, text, name, seed, verdict) => expect(judge(text, name, seed)).toBe(verdict));

  it('never throws, and trusts nothing in garbage', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '|1|',
        '|1|a|b',
        '|1|a|b|c',
        '@revoked',
        '@',
        '*',
        '!',
        ',',
        'ssh-ed25519',
        'AAAAC3NzaC1lZDI1NTE5',
        '\0',
        '#',
      ),
    );
    const text = fc.array(fc.array(word).map((words) => words.join(' '))).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), fc.string(), (file, name) => {
        const found = linesFor([parseKnownHosts(file, 'f')], name);
        for (const { key, type } of found) expect(typeOfKey(key)).toBe(type);
        expect(standingOf(found, keyOf(1)).kind).not.toBe('known');
      }),
      { numRuns: 1000 },
    );
  });

  it('never takes a key that is not written there for that name', () => {
    const name = fc.constantFrom('a', 'b', '[a]:2', 'c.d');
    const entry = fc.record({ name, seed: fc.nat(3), hash: fc.boolean(), marker: fc.constantFrom('', '@revoked') });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), name, fc.nat(3), (entries, asked, seed) => {
        const text = entries.map((e) => line(e.hash ? hashed(e.name) : e.name, e.seed, { marker: e.marker })).join('');
        const mine = entries.filter((e) => e.name === asked && e.seed === seed);
        const revoked = mine.some(({ marker }) => marker === '@revoked');
        const verdict = judge(text, asked, seed).split(' ')[0];
        expect(verdict === 'known').toBe(mine.length > 0 && !revoked);
        expect(verdict === 'revoked').toBe(revoked);
      }),
      { numRuns: 500 },
    );
  });
});

describe.skipIf(spawnSync('ssh-keygen', ['-?']).error !== undefined)('compared with ssh-keygen -F', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await makeScratch();
  });
  afterAll(() => scratch.remove());

  it('finds the same lines', async () => {
    const pair = await scratch.key('k');
    const key = pair.public.split(' ').slice(0, 2).join(' ');
    const fields = [
      'web1,10.0.0.1',
      '[web1]:2222',
      '*.example.com,!db.example.com',
      hashed('web2'),
      hashed('[web2]:22'),
      'WEB3',
    ];
    const more = ['web?', '[*]:2200', '::1', '[::1]:2222', '!web1', 'web1,!web1', '|1|broken|', 'a,,b', ''];
    const text = [...fields, ...more].map((names) => `${names} ${key}\n`).join('');
    const file = await scratch.write('known', text);
    const names = ['web1', 'web2', 'web3', 'webx', '10.0.0.1', '::1', 'a.example.com', 'db.example.com', 'b', 'zzz'];
    for (const name of [...names, ...names.map((plain) => knownName(plain, 2222)), '[q]:2200', '[web2]:22']) {
      const { stdout } = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' });
      const expected = [...stdout.matchAll(/found: line (\d+)/g)].map((found) => Number(found[1]));
      expect([name, linesFor([parseKnownHosts(text, file)], name).map((found) => found.line)]).toEqual([
        name,
        expected,
      ]);
    }
  });

  it('finds what ssh-keygen -H has hashed', async () => {
    const { public: key } = await scratch.key('k2');
    const file = await scratch.write('plain', `web1,web2 ${key}\n[web1]:2222 ${key}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const text = execFileSync('cat', [file], { encoding: 'utf8' });
    expect(text).not.toContain('web1');
    const known = [parseKnownHosts(text, file)];
    for (const name of ['web1', 'web2', '[web1]:2222']) expect(linesFor(known, name)).toHaveLength(1);
  });
});
