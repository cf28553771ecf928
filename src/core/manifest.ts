import type { Fingerprint } from './facts.ts';

/** The fingerprint of an image plus the image's identity and provenance. */
export interface Manifest {
  /** sha256 over what the image is (ref, scope, facts); not over when and how it was captured. `sha256:hex`. */
  digest: string;
  image: { ref: string; digest?: string };
  /** RFC 3339 UTC. */
  createdAt: string;
  /** What it was captured from, e.g. `rootfs:/srv/image`. */
  source: string;
  tool: { name: string; version: string };
  /** Free labels, e.g. `git-commit`. */
  labels: Record<string, string>;
  fingerprint: Fingerprint;
}
