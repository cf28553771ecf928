import type { Gap } from './facts.ts';

/** Something that a container's runtime put over the image's files when the container was made. Raw latin1 path. */
export interface ContainerMount {
  path: string;
  /** Its kind for messages: `volume`, `bind`, `tmpfs`... */
  type: string;
  /** `data` is left out; `program` is left out and may run (docker-init); `file` is read and judged as a file of the container. */
  kind: 'data' | 'program' | 'file';
}

/** What the runtime of a container says of it. */
export interface ContainerFacts {
  /** Tells this container from any other, also from one that has its name later. */
  id: string;
  hostname: string;
  mounts: ContainerMount[];
  /** Lines of its /etc/hosts that are so by its configuration: names, and their address; `` = some private address. */
  hosts: { address: string; names: string[] }[];
}

/** A root file system as one stream. */
export interface RootArchive {
  /** A tar of everything but what is mounted into it. Fails with a ReachError when it is cut. */
  tar: AsyncIterable<Buffer>;
  /** Files that are mounted over the tar's own, each as a tar of one entry, by the absolute path of their directory. */
  over: { directory: string; tar: Buffer }[];
  /** What this way cannot see, and why. */
  gaps: Gap[];
}

/** The image of an instance where the way in can say and give it. */
export interface HeldImage {
  /** `sha256:...`, the image's own. */
  digest: string;
  /** All it is known by: repository tags and digests. */
  names: string[];
  /** What to say it was read from. */
  source: string;
  /** The archive that `docker save` makes. @throws ReachError */
  save(signal: AbortSignal): AsyncIterable<Buffer>;
}
