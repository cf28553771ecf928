import { display } from '../core/bytes.ts';
import type { Fingerprint } from '../core/facts.ts';

/** Ports by which databases, queues and stores listen, by their own documentation; what is behind them is lost with a disk. */
const databases: Readonly<Record<string, string>> = {
  1433: 'SQL Server',
  1521: 'Oracle',
  2181: 'ZooKeeper',
  2379: 'etcd',
  3306: 'MySQL',
  5432: 'PostgreSQL',
  5672: 'RabbitMQ',
  5984: 'CouchDB',
  6379: 'Redis',
  8086: 'InfluxDB',
  9042: 'Cassandra',
  9092: 'Kafka',
  9200: 'Elasticsearch',
  27017: 'MongoDB',
};
/** Parts of the system that may have a file system of their own, and what engines attach to each container. */
const system =
  /^\/($|(boot|efi|usr|var|tmp|home)$|boot\/|efi\/|run($|\/)|proc($|\/)|sys($|\/)|dev($|\/)|snap\/|var\/(log|tmp|lock|run|lib\/(docker|containerd|containers|kubelet|lxcfs|snapd))($|\/)|etc\/(hosts|hostname|resolv\.conf|machine-id)$|lost\+found$)/;
const disks = /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|bcachefs|ocfs2|gfs2)$/;
/** Most signs that are told. */
const most = 10;

/** Signs that an instance holds data that a new one would not have: volumes that are attached, databases that listen. */
export function signsOfState(live: Pick<Fingerprint, 'running' | 'sockets'>): string[] {
  const signs: string[] = [];
  for (const { path, type, source } of live.running?.mounts ?? [])
    if (disks.test(type) && !system.test(path))
      signs.push(`${display(path).text} is a volume (${type} of ${display(source).text})`);
  for (const line of (live.sockets?.toString('latin1') ?? '').split('\n')) {
    const [protocol = '', , port = ''] = line.split('\0', 1)[0]?.split(' ') ?? [];
    const name = /^tcp/.test(protocol) ? databases[port] : undefined;
    if (name !== undefined && !signs.some((sign) => sign.startsWith(name)))
      signs.push(`${name} listens (port ${port})`);
  }
  return signs.slice(0, most);
}
