import type { StoreProvider } from '../core/ports.ts';
import type { Registry } from '../core/registry.ts';

/** Where scans and manifests are remembered. One line for each folder here. */
export const stores: Registry<StoreProvider> = {
  sqlite: async () => (await import('./sqlite/store.ts')).sqlite,
};
