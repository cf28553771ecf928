import { describe, expect, it } from 'vitest';
import { instancesOfFleet } from '../../src/inventory/file/inventory.ts';
import { uriOf } from '../../src/inventory/uri/inventory.ts';
import { type FleetFile, fleetSchema } from '../../src/schema/fleet.ts';
import { compileSchema } from '../../src/schema/validate.ts';

const validate = await compileSchema(fleetSchema);

describe('a fleet file', () => {
  const fleet: FleetFile = {
    defaults: { user: 'root', port: 2222, ssm: { document: 'Own-Document' } },
    groups: {
      web: {
        image: 'web:42',
        hosts: ['ssm://i-00000001?region=eu-west-1', { address: 'docker://web', name: 'c' }, 'web-1'],
      },
    },
  };

  it('may name instances on every road; user and port are for ssh', () => {
    expect(validate(fleet)).toEqual([]);
    expect(instancesOfFleet(fleet, 'fleet.yaml').map(({ id, uri, reach }) => [id, uri, reach.ssm])).toEqual([
      ['ssm://i-00000001?region=eu-west-1', 'ssm://i-00000001?region=eu-west-1', { document: 'Own-Document' }],
      ['c', 'docker://web', { document: 'Own-Document' }],
      ['web-1', 'ssh://root@web-1:2222', { document: 'Own-Document' }],
    ]);
  });

  it.each([{ document: '$(id)' }, { hold: 'no' }, { bucket: 'b' }])('is refused with ssm: %j', (ssm) => {
    expect(validate({ ...fleet, defaults: { ssm } }).length).toBeGreaterThan(0);
  });
});

it('a kind of instance that there is none of is refused with those that there are', () => {
  for (const uri of ['docker://web', 'ssm://i-00000001', 'ssh://h', 'local:', 'rootfs:/x'])
    expect(uriOf(uri)).toBe(uri);
  expect(() => uriOf('k9s://x')).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/ssh:.*ssm:.*docker:.*local:.*rootfs:/) }),
  );
});
