import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { build, Desk } from './run.ts';

let desk: Desk;
beforeAll(build, 120_000);
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk.remove());

const fleet = `schema: snowfence.fleet/v1
defaults: { user: scanner, sudo: true, labels: { team: platform } }
groups:
  web:
    image: web:42
    port: 2222
    hosts:
      - web-1
      - { name: web-2, address: 'ssh://root@10.0.0.6:22', sudo: false, password: env:WEB_2 }
hosts:
  - rootfs:/mnt
schedules:
  nightly: { cron: '0 3 * * *', depth: full }
notify:
  sinks:
    chat: { kind: slack, url: env:PATH }
    hook: { kind: webhook, url: 'https://me:hidden-word@tools.example/x', secret: file:/etc/key }
`;

describe('config check', () => {
  it('says that a file is valid, and what is in it', async () => {
    desk.write('fleet.yaml', fleet);
    expect(await desk.run('config', 'check')).toEqual({
      code: 0,
      stdout: 'fleet.yaml is valid: 3 instances, 1 group, 2 sinks, 1 job\n',
      stderr: '',
    });
  });

  it('says all mistakes of form at once, where they are, with the name that was meant', async () => {
    desk.write('x.yaml', 'defaults: { usr: root, port: 99999 }\ngroups:\n  web:\n    hosts: [a]\n    sudo: maybe\n');
    const { code, stdout, stderr } = await desk.run('config', 'check', 'x.yaml');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('x.yaml:1:18: defaults.usr unknown key "usr"; did you mean "user"?\n');
    expect(stderr).toContain('x.yaml:1:30: defaults.port must be <= 65535\n');
    expect(stderr).toContain('x.yaml:5:11: groups.web.sudo must be boolean\n');
  });

  it('says all mistakes of meaning at once, where they are', async () => {
    desk.write(
      'x.yaml',
      `groups:
  web:
    hosts:
      - a
      - a
notify:
  sinks:
    a.b: { kind: slakc }
    hook: { kind: webhook, url: 'ftp://x', secret: env:X }
  routes:
    - to: [nobody]
replace:
  driver: robot
schedules:
  often: { cron: '99 * * * *' }
`,
    );
    const { code, stderr } = await desk.run('config', 'check', 'x.yaml');
    const places = [...stderr.matchAll(/^(?:snowfence: )?(x\.yaml:\d+:\d+): /gm)].map(([, place]) => place);
    const [hosts, kind, url, to, driver, cron] = ['5:9', '8:18', '9:33', '11:11', '13:11', '15:18'];
    expect([code, places]).toEqual([2, [hosts, kind, url, to, driver, cron].map((place) => `x.yaml:${place}`)]);
  });

  it.each([
    ['no file', undefined, 'cannot read the fleet file'],
    ['no YAML', 'a: [', 'must be valid YAML'],
    ['nothing', '', 'must be object'],
  ])('says it plainly where there is %s', async (_, text, said) => {
    if (text !== undefined) desk.write('fleet.yaml', text);
    const { code, stderr } = await desk.run('config', 'check');
    expect([code, stderr.includes(said)]).toEqual([2, true]);
  });
});

describe('config explain', () => {
  const rows = async (...args: string[]) => {
    const { code, stdout, stderr } = await desk.run('config', 'explain', ...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { settings } = JSON.parse(stdout) as { settings: { key: string; value: string; from: string }[] };
    return Object.fromEntries(settings.map(({ key, value, from }) => [key, `${value} < ${from}`]));
  };
  beforeEach(() => desk.write('fleet.yaml', fleet));

  it('says for each instance what holds and who said so', async () => {
    const found = await rows();
    expect(found).toMatchObject({
      'instances.web-1.uri': 'ssh://scanner@web-1:2222 < fleet.yaml:8:9 (groups.web.hosts.0)',
      'instances.web-1.user': 'scanner < fleet.yaml:2:19 (defaults)',
      'instances.web-1.port': '2222 < fleet.yaml:6:11 (groups.web)',
      'instances.web-1.image': 'web:42 < fleet.yaml:5:12 (groups.web)',
      'instances.web-1.sudo': 'true < fleet.yaml:2:34 (defaults)',
      'instances.web-1.retries': '2 < default',
      'instances.web-1.labels.team': 'platform < fleet.yaml:2:56 (defaults)',
      'instances.web-2.user': 'root < fleet.yaml:9:9 (the address)',
      'instances.web-2.port': '22 < fleet.yaml:9:9 (the address)',
      'instances.web-2.sudo': 'false < fleet.yaml:9:65 (groups.web.hosts.1)',
      'instances.web-2.password': 'env:WEB_2 (not set) < fleet.yaml:9:82 (groups.web.hosts.1)',
      'notify.sinks.chat.url': 'env:PATH (set) < fleet.yaml:16:31',
      'notify.sinks.hook.secret': 'file:/etc/key < fleet.yaml:17:83',
      'notify.deliverSeconds': '30 < default',
      'schedules.nightly.cron': '0 3 * * * < fleet.yaml:13:20',
      'schedules.nightly.zone': 'UTC < default',
      'scan.timeout': '900 < default',
    });
    expect(found['instances.rootfs:/mnt.retries']).toBeUndefined();
    expect(found['store']).toMatch(/snowfence\.db < environment SNOWFENCE_STORE$/);
    expect(JSON.stringify(found)).not.toContain('hidden-word');
  });

  it('knows that flags outrank the file', async () => {
    const flags = [
      '--sudo',
      '--retries',
      '5',
      '--jump',
      'bastion',
      '--timeout',
      '60',
      '--store',
      'x.db',
      '--image',
      'i',
    ];
    expect(await rows(...flags)).toMatchObject({
      'instances.web-2.sudo': 'true < flag --sudo',
      'instances.web-1.retries': '5 < flag --retries',
      'instances.web-1.proxyJump': 'bastion < flag --jump',
      'instances.web-1.image': 'i < flag --image',
      'scan.timeout': '60 < flag --timeout',
      store: 'x.db < flag --store',
    });
  });

  it('takes a key, with or without the file', async () => {
    expect(Object.keys(await rows('fleet.yaml', 'notify.sinks.chat'))).toEqual(
      ['kind', 'url'].map((key) => `notify.sinks.chat.${key}`),
    );
    expect(Object.keys(await rows('web-1.sudo'))).toEqual(['instances.web-1.sudo']);
    const wrong = await desk.run('config', 'explain', 'web-1.sodu');
    expect([wrong.code, wrong.stderr.includes('did you mean "web-1.sudo"?')]).toEqual([2, true]);
  });

  it('is a table for people', async () => {
    const { stdout } = await desk.run('config', 'explain', 'web-1.sudo');
    expect(stdout).toBe('instances.web-1.sudo  true  fleet.yaml:2:34 (defaults)\n');
  });
});
