import { createHash } from 'node:crypto';
import { UserError } from '../../core/errors.ts';
import type { Blobs } from './blobs.ts';
import { checkDigest, readJson, strings } from './digest.ts';

/** What the configuration of an image says that is of use here. */
export interface ImageConfig {
  digest: string;
  platform: string;
  /** Digests of the uncompressed layers, lowest first. */
  diffIds: string[];
}

/** Reads an image configuration (OCI image specification, "Image Configuration"; Docker's is the same in these fields). */
export async function readConfig(
  blobs: Blobs,
  name: string,
  signal: AbortSignal,
  digest: string | undefined,
): Promise<ImageConfig> {
  const { value, bytes } = await readJson(blobs, name, signal, digest);
  const what = `${blobs.what}: ${name}`;
  const rootfs = value['rootfs'];
  if (typeof rootfs !== 'object' || rootfs === null || !('diff_ids' in rootfs)) {
    throw new UserError(`${what} is no image configuration: it has no rootfs.diff_ids`);
  }
  return {
    digest: digest ?? `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    platform: platformOf(value),
    diffIds: strings(rootfs.diff_ids, `${what} rootfs.diff_ids`).map((id) => checkDigest(id, what)),
  };
}

/** Pairs the layers of a manifest with the digests of the configuration. @throws UserError when their numbers differ. */
export function diffIdsFor(layers: unknown[], config: ImageConfig, what: string): string[] {
  if (layers.length === config.diffIds.length) return config.diffIds;
  throw new UserError(`${what}: ${layers.length} layers, but the configuration has ${config.diffIds.length} digests`);
}

/** `OS/ARCHITECTURE[/VARIANT]` of an object with these fields; what is not said is `unknown`. */
export function platformOf(value: Record<string, unknown>): string {
  const text = (key: string) => (typeof value[key] === 'string' && value[key] !== '' ? value[key] : undefined);
  const variant = text('variant');
  return [text('os') ?? 'unknown', text('architecture') ?? 'unknown', ...(variant ? [variant] : [])].join('/');
}
