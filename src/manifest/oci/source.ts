import type { ManifestSource } from '../../core/ports.ts';
import { splitLocation } from '../image/choose.ts';
import { readOciLayout } from '../image/oci-layout.ts';
import { openTarFile } from '../image/tar-file.ts';

/** A tar of an OCI layout: what skopeo calls `oci-archive`, and buildx writes with `--output type=oci`. */
export const oci: ManifestSource = {
  scheme: 'oci',
  async read(location, wanted, signal) {
    const where = await splitLocation(location);
    return readOciLayout(await openTarFile(where.path, signal), where, wanted, signal);
  },
};
