import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameServers } from '../../src/collect/os/name-servers.ts';
import { strangeServer, writtenAtStart } from '../../src/policy/name-servers.ts';

describe('name servers that the network gave', () => {
  it.each<[string, string, string, string[]]>([
    ['dhclient', '  option domain-name-servers 10.0.0.2,10.0.0.3;\n', '', ['10.0.0.2', '10.0.0.3']],
    ['dhclient -6', '  option dhcp6.name-servers 2001:DB8::1;\n', '', ['2001:db8::1']],
    ['systemd-networkd', 'DNS=192.0.2.1 fe80::1%eth0\n', '', ['192.0.2.1', 'fe80::1%eth0']],
    ['systemd-resolved', 'nameserver 192.0.2.9\n', '', ['192.0.2.9']],
    ['cloud-init, version 2', '"nameservers":{"addresses":["192.0.2.3","192.0.2.4"]\n', '', ['192.0.2.3', '192.0.2.4']],
    ['cloud-init, version 1', '{"address":["192.0.2.5"],"type":"nameserver"}\n', '', ['192.0.2.5']],
    [
      'AWS',
      '',
      '{"vpc-ipv4-cidr-block": "172.31.0.0/16", "vpc-ipv4-cidr-blocks": "172.31.0.0/16\\n10.9.0.0/24"}',
      ['172.31.0.2', '10.9.0.2'],
    ],
    ['DigitalOcean', '', '{"dns": {"nameservers": ["192.0.2.6"]}}', ['192.0.2.6']],
    ['OpenStack', '', '{"services": [{"address": "192.0.2.8", "type": "dns"}]}', ['192.0.2.8']],
  ])('%s', (_, answer, data, expected) => {
    expect(nameServers(answer, data)).toEqual(expected);
  });

  it('nothing said is not "none"', () => {
    expect(nameServers('', '{"v1": {"local-ipv4": "10.0.0.7"}}')).toBeUndefined();
  });

  it('garbage neither throws nor grows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.string({ maxLength: 2000 }), (answer, data) => {
        expect((nameServers(answer, data) ?? []).length).toBeLessThanOrEqual(50);
      }),
    );
  });
});

describe('a resolv.conf', () => {
  const text = 'search example.org\nnameserver 127.0.0.53\nnameserver 203.0.113.9\n';
  it.each<[string, Parameters<typeof strangeServer>[1], RegExp | undefined]>([
    ['that a lease explains', { told: ['203.0.113.9'], atStart: false }, undefined],
    [
      'that no lease explains, even at the start',
      { told: ['192.0.2.1'], atStart: true },
      /203\.0\.113\.9 is no name server/,
    ],
    ['written at the start where nothing is told', { atStart: true }, undefined],
    ['written later where nothing is told', { atStart: false }, /nothing on the instance says/],
  ])('%s', (_, known, wrong) => {
    const said = strangeServer(text, known);
    if (wrong) expect(said).toMatch(wrong);
    else expect(said).toBeUndefined();
  });

  it.each(['127.0.0.11', '127.0.0.53', '::1', '169.254.169.253', '169.254.169.254', '168.63.129.16', 'fd00:ec2::253'])(
    '%s leads nowhere that a lease would have to name',
    (server) => expect(strangeServer(`nameserver ${server}\n`, { told: [], atStart: false })).toBeUndefined(),
  );

  it('the start is ten minutes long', () => {
    expect([-61, -60, 0, 600, 601].map((after) => writtenAtStart(5000 + after, [undefined, 0, 5000]))).toEqual([
      ...[false, true, true, true, false],
    ]);
    expect(writtenAtStart(undefined, [5000])).toBe(false);
    expect(writtenAtStart(5000, [])).toBe(false);
  });
});
