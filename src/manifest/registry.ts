import type { ManifestSource } from '../core/ports.ts';
import type { Registry } from '../core/registry.ts';

/** Where manifests can be made from, beside an instance. One line for each folder here, `image` (what they share) aside. */
export const manifestSources: Registry<ManifestSource> = {
  'docker-archive': async () => (await import('./docker-archive/source.ts')).dockerArchive,
  oci: async () => (await import('./oci/source.ts')).oci,
  'oci-layout': async () => (await import('./oci-layout/source.ts')).ociLayout,
};
