import type { Transport } from '../core/ports.ts';
import type { Registry } from '../core/registry.ts';

/** Ways to reach an instance, by URI scheme. Each is loaded when it is first asked for. */
export const transports: Registry<Transport> = {
  ssh: async () => (await import('./ssh/transport.ts')).ssh,
  docker: async () => (await import('./docker/transport.ts')).docker,
  ssm: async () => (await import('./ssm/transport.ts')).ssm,
  local: async () => (await import('./local/transport.ts')).local,
  rootfs: async () => (await import('./rootfs/transport.ts')).rootfs,
};
