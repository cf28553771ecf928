import type { Store } from '../core/ports.ts';
import type { Registry } from '../core/registry.ts';

/** How a store is opened: `path` is whatever names it, a file for `sqlite`. Throws a UserError that names it. */
export interface StoreProvider {
  open(path: string): Store;
}

/** Where scans and manifests are remembered. One line for each folder here. */
export const stores: Registry<StoreProvider> = {
  sqlite: async () => (await import('./sqlite/store.ts')).sqlite,
};
