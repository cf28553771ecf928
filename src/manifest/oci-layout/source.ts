import type { ManifestSource } from '../../core/ports.ts';
import { openDirectory } from '../image/blobs.ts';
import { splitLocation } from '../image/choose.ts';
import { readOciLayout } from '../image/oci-layout.ts';

/** A directory with an OCI layout, as skopeo (`oci:`), umoci and crane write it. */
export const ociLayout: ManifestSource = {
  scheme: 'oci-layout',
  async read(location, wanted, signal) {
    const where = await splitLocation(location);
    return readOciLayout(await openDirectory(where.path), where, wanted, signal);
  },
};
