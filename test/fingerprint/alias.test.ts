import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliasResolver } from '../../src/fingerprint/alias.ts';
import { encodeStream } from '../../src/fingerprint/stream.ts';

const link = (target: string) => `l 777 0 0 - - - ${target}`;
const directory = 'd 755 0 0 - - -';

function resolver(links: Record<string, string>, directories: string[] = []) {
  const facts = Object.entries(links).map(([path, target]) => [path, link(target)] as const);
  return aliasResolver(encodeStream(new Map([...facts, ...directories.map((path) => [path, directory] as const)])));
}

describe('a path of a package database', () => {
  const debian = { '/bin': 'usr/bin', '/sbin': 'usr/sbin', '/lib': '/usr/lib', '/lib64': 'usr/lib64' };
  const arch = { '/bin': 'usr/bin', '/sbin': 'usr/bin', '/usr/sbin': 'bin', '/usr/lib64': 'lib', '/lib64': 'usr/lib' };

  it.each<[string, Record<string, string>, string, string]>([
    ['packed below /bin, merged', debian, '/bin/cat', '/usr/bin/cat'],
    ['packed below /usr, merged', debian, '/usr/bin/cat', '/usr/bin/cat'],
    [
      'of a library, by an absolute link',
      debian,
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/usr/lib/x86_64-linux-gnu/libc.so.6',
    ],
    ['the link itself', debian, '/bin', '/bin'],
    ['not merged', {}, '/bin/cat', '/bin/cat'],
    ['merged the other way round', { '/usr/bin': '../bin' }, '/usr/bin/cat', '/bin/cat'],
    ['of merged programs', arch, '/usr/sbin/ip', '/usr/bin/ip'],
    ['of merged programs, packed below /sbin', arch, '/sbin/ip', '/usr/bin/ip'],
    ['of merged libraries', arch, '/usr/lib64/libz.so', '/usr/lib/libz.so'],
    ['deeper links are not followed', { '/usr/lib/x': '/etc' }, '/usr/lib/x/y', '/usr/lib/x/y'],
    ['elsewhere', debian, '/etc/bin/cat', '/etc/bin/cat'],
  ])('%s', (_, links, path, place) => {
    expect(resolver(links, ['/etc', '/usr'])(path)).toBe(place);
  });

  it('is resolved once, whatever the links say', () => {
    const name = fc.constantFrom('/bin', '/usr', '/usr/bin', '/usr/sbin', '/lib');
    const target = fc.constantFrom('bin', 'usr/bin', '/usr/bin', '../bin', '/', '..', '', '/usr/sbin', '/lib/../usr');
    fc.assert(
      fc.property(fc.dictionary(name, target), name, (links, path) => {
        const place = resolver(links)(`${path}/x`);
        expect(place.startsWith('/')).toBe(true);
        expect(place.endsWith('/x')).toBe(true);
      }),
    );
  });
});
