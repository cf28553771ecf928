import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SshAddress } from '../../../src/transport/ssh/address.ts';
import { localUser, resolveSettings } from '../../../src/transport/ssh/config.ts';
import { configFiles } from '../../../src/transport/ssh/config-file.ts';
import { resolveTarget } from '../../../src/transport/ssh/target.ts';
import { makeScratch, type Scratch } from './scratch.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/transport/ssh/', import.meta.url));
let scratch: Scratch;
let file: string;
beforeAll(async () => {
  scratch = await makeScratch();
  const text = await readFile(`${fixtures}config`, 'utf8');
  file = await scratch.write('config', text.replaceAll('INCLUDES', `${fixtures}config.d`));
});
afterAll(() => scratch.remove());
afterEach(() => vi.unstubAllEnvs());

const addresses: SshAddress[] = [
  ...['plain', 'quoted', 'CASE', 'case', 'templ-a', 'templ-not', '10.0.1.2', 'aliased', 'jump', 'jumpnot', 'command'],
  ...[
    'chain',
    'spaced',
    'firstsaid',
    'nojump',
    'agent',
    'included',
    'scoped',
    'final',
    'other.example.com',
    'Upper.Example.COM',
    '::1',
  ],
].map((host) => ({ host }));
addresses.push({ host: 'templ-b', user: 'me', port: 99 }, { host: '10.0.0.9', user: 'byaddress' });
addresses.push({ host: 'q.example.com', user: 'templated' }, { host: 'included', port: 5 });

/** What `ssh -G` prints for the keywords that matter here, and what we find, in one form. */
const keywords = ['user', 'hostname', 'port', 'identitiesonly', 'identityagent', 'hostkeyalias', 'connecttimeout'];
const lists = ['identityfile', 'userknownhostsfile', 'globalknownhostsfile'];

describe.skipIf(spawnSync('ssh', ['-V']).error !== undefined)('compared with ssh -G', () => {
  it.each(addresses)('$host $user $port', async (address) => {
    const flags = [
      ...(address.user ? ['-l', address.user] : []),
      ...(address.port ? ['-p', String(address.port)] : []),
    ];
    const oracle = spawnSync('ssh', ['-G', '-F', file, ...flags, address.host], { encoding: 'utf8' });
    expect(oracle.status).toBe(0);
    const said = new Map<string, string[]>();
    for (const line of oracle.stdout.split('\n')) {
      const [keyword = '', ...rest] = line.split(' ');
      said.set(keyword, [...(said.get(keyword) ?? []), rest.join(' ')]);
    }
    const ours = await resolveSettings(address, configFiles(file));
    // ssh -G prints usual values too, and knows "yes" and "true" as one.
    const usual: Record<string, string> = {
      user: localUser(),
      port: '22',
      identitiesonly: 'no',
      connecttimeout: 'none',
    };
    for (const keyword of keywords) {
      expect([keyword, ours.get(keyword)?.[0] ?? usual[keyword]]).toEqual([keyword, said.get(keyword)?.[0]]);
    }
    for (const keyword of lists) {
      const found = ours.get(keyword);
      const expected = keyword === 'identityfile' ? said.get(keyword) : said.get(keyword)?.[0]?.split(' ');
      const spoken = found?.map((path) => (keyword === 'identityfile' ? path : path.replace(/^~/, homedir())));
      if (spoken) expect([keyword, spoken]).toEqual([keyword, expected]);
      else expect(expected?.[0]).toMatch(/id_rsa|known_hosts/);
    }
    const [proxy, ...way] = ours.get('proxy') ?? [];
    const direct = proxy === undefined || way[0] === 'none';
    const spoken = said.get('proxyjump')?.[0] ?? said.get('proxycommand')?.[0];
    // The shell does not mind blanks and comments, which our parser leaves out.
    const plain = (text?: string) => text?.replace(/ # .*/, '').replace(/ +/g, ' ');
    expect([address, spoken === 'none' ? undefined : plain(spoken)]).toEqual([
      address,
      direct ? undefined : plain(way[0]),
    ]);
    expect(direct || said.has(proxy ?? '')).toBe(true);
  });
});

describe('target', () => {
  it('outranks the configuration with what the URI and reach say', async () => {
    const target = await resolveTarget(
      { host: 'templ-a', user: 'me', port: 99 },
      { sshConfig: file, knownHosts: ['~/kh', '/kh2'], identityFiles: ['/key'] },
    );
    expect(target).toEqual({
      host: 'templ-a.example.com',
      port: 99,
      user: 'me',
      knownNames: ['[templ-a.example.com]:99', 'templ-a.example.com'],
      knownHosts: [
        { path: `${homedir()}/kh`, required: true },
        { path: '/kh2', required: true },
      ],
      identityFiles: [{ path: '/key', required: true }],
      identitiesOnly: true,
      cannot: [],
      connectMs: 30_000,
    });
  });

  it('has the usual files where nothing is said', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', '/agent');
    vi.stubEnv('XDG_STATE_HOME', '/state');
    const target = await resolveTarget({ host: 'H.example.com' }, { sshConfig: 'none' });
    expect(target).toMatchObject({ host: 'H.example.com', port: 22, user: localUser(), agent: '/agent' });
    expect(target.knownNames).toEqual(['h.example.com']);
    expect(target.identityFiles.map(({ path }) => path)).toEqual(
      ['id_ed25519', 'id_ecdsa', 'id_rsa', 'id_ed25519_sk', 'id_ecdsa_sk'].map((name) => `${homedir()}/.ssh/${name}`),
    );
    expect(target.knownHosts.map(({ path }) => path)).toEqual([
      `${homedir()}/.ssh/known_hosts`,
      `${homedir()}/.ssh/known_hosts2`,
      '/etc/ssh/ssh_known_hosts',
      '/etc/ssh/ssh_known_hosts2',
      '/state/snowfence/known_hosts',
    ]);
  });

  it('expands tokens and variables in paths', async () => {
    vi.stubEnv('WHERE_OF_TEST', '/w');
    vi.stubEnv('XDG_STATE_HOME', '/state');
    const config = await scratch.write(
      'tokens',
      `IdentityFile \${WHERE_OF_TEST}/%%_%n_%h_%p_%r_%u\nIdentityAgent $SOCKET_OF_TEST\nUserKnownHostsFile %d/k_%k none\n` +
        'HostName 192.0.2.1\nHostKeyAlias key.name\nGlobalKnownHostsFile none\n',
    );
    vi.stubEnv('SOCKET_OF_TEST', '/sock');
    const target = await resolveTarget({ host: 'n', user: 'r', port: 7 }, { sshConfig: config });
    expect(target.identityFiles[0]?.path).toBe(`/w/%_n_192.0.2.1_7_r_${localUser()}`);
    expect(target).toMatchObject({ agent: '/sock', knownNames: ['key.name'] });
    expect(target.knownHosts).toEqual([
      { path: `${homedir()}/k_key.name`, required: true },
      { path: '/state/snowfence/known_hosts', required: false },
    ]);
  });

  it('finds the road through jump hosts, each by its own settings', async () => {
    const config = await scratch.write(
      'roads',
      'Host bastion\n User jumper\n Port 2201\n IdentityFile ~/own\nHost far\n ProxyJump bastion,me@[2001:db8::2]:2202\n' +
        'Host near\n ProxyCommand nc %h %p # %% is no token in a comment\nHost free\n ProxyJump none\nHost me\n ProxyJump me\n' +
        'Host round\n ProxyJump about\nHost about\n ProxyJump round\nHost evil;id\n ProxyCommand nc %h\nHost token\n ProxyCommand nc %C\n',
    );
    const reach = { sshConfig: config, identityFiles: ['/key'], password: 'env:X', hostKeys: ['k'], sudo: true };
    const far = await resolveTarget({ host: 'far' }, reach);
    expect(far.road).toMatchObject({
      through: {
        ...{ host: '2001:db8::2', port: 2202, user: 'me', identityFiles: [{ path: '/key' }] },
        road: {
          through: { host: 'bastion', port: 2201, user: 'jumper', identityFiles: [{ path: `${homedir()}/own` }] },
        },
      },
    });
    expect(JSON.stringify(far.road)).not.toContain('hostKeys');
    expect((await resolveTarget({ host: 'near', port: 7 }, reach)).road).toEqual({ command: 'nc near 7' });
    expect((await resolveTarget({ host: 'free' }, reach)).road).toBeUndefined();
    expect((await resolveTarget({ host: 'far' }, { ...reach, proxyJump: 'none' })).road).toBeUndefined();
    const refused = (host: string) => expect(resolveTarget({ host }, reach)).rejects;
    await refused('me').toMatchObject({ message: 'the road to me leads through me itself' });
    await refused('round').toMatchObject({ message: expect.stringContaining('more than 8 jump hosts') });
    await refused('evil;id').toMatchObject({ message: '"evil;id" must not become part of a command' });
    await refused('token').toMatchObject({ message: expect.stringContaining('cannot expand %C') });
    await expect(resolveTarget({ host: 'x' }, { ...reach, proxyJump: '-oProxyCommand=id' })).rejects.toMatchObject({
      message: expect.stringContaining('is not an ssh URI'),
    });
  });

  it.each([
    ['Match exec "true"\n User x', 'Match exec'],
    ['Match tagged x\n User x', 'Match tagged'],
    ['IdentityFile %C', 'cannot expand %C'],
    [`IdentityFile \${NO_SUCH_VARIABLE}/x`, `cannot expand \${NO_SUCH_VARIABLE}`],
    ['Port ssh', 'the port "ssh"'],
    ['Host "a', 'cannot read the OpenSSH configuration'],
    ['Include LOOP', 'too many nested Includes'],
  ])('refuses %j', async (text, said) => {
    const path = await scratch.write('refused', `${text.replace('LOOP', scratch.path('refused'))}\n`);
    const refused = resolveTarget({ host: 'h' }, { sshConfig: path });
    await expect(refused).rejects.toMatchObject({ reason: 'unsupported', message: expect.stringContaining(said) });
  });

  it('refuses a named file that is not there', async () => {
    const refused = resolveTarget({ host: 'h' }, { sshConfig: scratch.path('absent') });
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining(scratch.path('absent')) });
  });
});
