import { expect, it } from 'vitest';
import { parseText } from '../../src/config/document.ts';
import { UserError } from '../../src/core/errors.ts';
import { instancesOfFleet } from '../../src/inventory/file/inventory.ts';
import type { FleetFile } from '../../src/schema/fleet.ts';
import { fleetSchema } from '../../src/schema/fleet.ts';
import { compileSchema } from '../../src/schema/validate.ts';

async function fleet(text: string) {
  const file = parseText<FleetFile>(text, '/f/fleet.yaml', 'fleet file', await compileSchema(fleetSchema));
  return instancesOfFleet(file, '/f/fleet.yaml');
}

it('carries how to get in, the nearest word first', async () => {
  const key = `ssh-ed25519 AAAA${'C'.repeat(60)}`;
  const [a, b] = await fleet(`
defaults: { sshClient: openssh, retries: 5, sudoPassword: env:SUDO, hostKeyPolicy: accept-new }
groups:
  web:
    proxyJump: ops@bastion:2222
    hosts:
      - { address: a, hostKeys: ['${key}'], sshClient: builtin, retries: 0 }
      - { address: b, proxyJump: none, sudoCommand: /usr/local/libexec/snowfence-run }
`);
  const common = { sudoPassword: 'env:SUDO', hostKeyPolicy: 'accept-new' };
  expect(a?.reach).toEqual({
    ...common,
    sshClient: 'builtin',
    retries: 0,
    proxyJump: 'ops@bastion:2222',
    hostKeys: [key],
  });
  expect(b?.reach).toEqual({
    ...{ ...common, sshClient: 'openssh', retries: 5, proxyJump: 'none' },
    sudoCommand: '/usr/local/libexec/snowfence-run',
  });
});

it.each([
  'sudoPassword: hunter2',
  'sudoCommand: relative/path',
  "sudoCommand: '/x; id'",
  'sshClient: putty',
  'hostKeyPolicy: anything',
  'retries: 99',
  'hostKeys: []',
  'hostKeys: [MD5:aa]',
])('refuses %s, with its place', async (line) => {
  const error: unknown = await fleet(`defaults:\n  ${line}\nhosts: [a]\n`).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toMatch(/\/f\/fleet\.yaml:2:\d+: defaults\./);
});
