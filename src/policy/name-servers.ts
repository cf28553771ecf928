import type { Case } from './case.ts';

/** What is known of the name servers of the network that an instance is in. */
export interface NameServers {
  /** Those that leases and metadata name; undefined = nothing says which there are. */
  told?: readonly string[];
  /** The file was written when the instance was launched or started, or nobody knows when that was (a disk that is read offline). */
  atStart: boolean;
}

/**
 * Servers that lead nowhere else: this host itself (systemd-resolved at 127.0.0.53, Docker at 127.0.0.11; whatever answers there is a
 * process of this host), and the platforms' own link-local or virtual addresses: AWS 169.254.169.253 and fd00:ec2::253, the metadata
 * address 169.254.169.254 (GCE, DigitalOcean), Azure 168.63.129.16.
 */
const always = /^(127(\.\d{1,3}){3}|::1|169\.254\.169\.25[34]|fd00:ec2::253|168\.63\.129\.16)$/;

/** How long after a launch or a start its network may write the file. Seconds. */
const startSeconds = 600;

/** Was a file that was modified at this time (epoch seconds) written when the instance was launched or started? */
export function writtenAtStart(modified: number | undefined, starts: readonly (number | undefined)[]): boolean {
  return starts.some(
    (start) =>
      modified !== undefined &&
      start !== undefined &&
      start > 0 &&
      modified >= start - 60 &&
      modified <= start + startSeconds,
  );
}

/** What one instance knows of name servers, for a file of this path. */
export function serversOf({ live: { os, modified } }: Case, path: string): NameServers {
  const starts = [os.launchedAt, os.bootedAt].filter((start) => start !== undefined && start > 0);
  const atStart = starts.length === 0 || writtenAtStart(modified.get(path), starts);
  return { atStart, ...(os.nameServers ? { told: os.nameServers } : {}) };
}

/** What is wrong with the name servers of a resolv.conf(5), in words; undefined when nothing is. */
export function strangeServer(text: string, { told, atStart }: NameServers): string | undefined {
  const servers = Array.from(text.matchAll(/^\s*nameserver\s+(\S+)/gm), ([, server = '']) => server.toLowerCase());
  const strange = servers.find((server) => !always.test(server) && !told?.includes(server));
  if (strange === undefined || (told === undefined && atStart)) return undefined;
  const shown = strange.slice(0, 60);
  return told === undefined
    ? `nothing on the instance says that ${shown} is a name server of its network, and the file was not written when the instance started`
    : `${shown} is no name server that a lease or the metadata of the instance names`;
}
