import { printable } from '../../core/bytes.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { bootedAt, launchedAt } from './age.ts';
import { nameServers, nameServersQuestion } from './name-servers.ts';

/** `NAME="value"` lines of os-release(5), quotes and escapes removed. */
export function parseOsRelease(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    if (!match?.[1]) continue;
    const raw = (match[2] ?? '').trim();
    const quoted = /^(["'])(.*)\1$/.exec(raw);
    const value = (quoted?.[2] ?? raw).replace(/\\(["'$`\\])/g, '$1');
    found.set(match[1], printable(Buffer.from(value, 'latin1').toString('utf8')).slice(0, 200));
  }
  return found;
}

/** Names under which the image may be known, best first: instance metadata kept by cloud-init, then os-release. */
export function imageHints(osRelease: Map<string, string>, instanceData: string): string[] {
  const hints: string[] = [];
  // cloud-init's instance-data.json, world-readable part: ds.meta_data["ami-id"], v1.* (cloud-init docs, instance-data).
  for (const pattern of [/"ami[_-]id"\s*:\s*"([^"\\]{1,200})"/, /"image[_-]id"\s*:\s*"([^"\\]{1,200})"/]) {
    const match = pattern.exec(instanceData);
    if (match?.[1]) hints.push(printable(match[1]));
  }
  const id = osRelease.get('IMAGE_ID');
  const version = osRelease.get('IMAGE_VERSION');
  if (id && version) hints.push(`${id}:${version}`, `${id}-${version}`, `${id}@${version}`);
  else if (id) hints.push(id);
  return [...new Set(hints)];
}

/** Base64 blobs of all OpenSSH public keys in a text. */
export function publicKeys(text: string): string[] {
  const keys = text.matchAll(
    /(?:ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) (AAAA[A-Za-z0-9+/]{20,}={0,2})/g,
  );
  return [...new Set(Array.from(keys, (match) => match[1] ?? ''))];
}

export const os: Probe = {
  name: 'os',
  about:
    'operating system, kernel, host name, machine identity, the image it says it was launched from, and the name servers that its network gave it',
  source: "`/etc/os-release`, `uname`, `/etc/machine-id`, cloud-init's instance data, leases of DHCP, `/proc/stat`",
  needs: 'anybody',
  cost: '20 ms, 1 KB',
  asks: 'always',
  question: [
    sh`
if plain "$R/etc/os-release"; then text release "$R/etc/os-release"; else text release "$R/usr/lib/os-release"; fi
[ "$R" ] || { whole /proc/sys/kernel/osrelease; rec kernel "\${LINE:-$(uname -r 2>/dev/null)}"; }
rec arch "$MACHINE"
rec uid "$UIDN"
if [ "$R" ]; then text hostname "$R/etc/hostname"; else whole /proc/sys/kernel/hostname; rec hostname "$LINE"; fi
text machine-id "$R/etc/machine-id"
text instance-id "$R/var/lib/cloud/data/instance-id"
[ $MODE = live ] && text instance-data "$R/run/cloud-init/instance-data.json"
`,
    nameServersQuestion,
    sh`
# DEVICE:INODE:TIME, of the root first, which is always there
ROOTID=
for t in $(stat -c '%d:%i:%Y' / "$R/etc/machine-id" "$R/var/lib/cloud/data/instance-id" "$R"/etc/ssh/ssh_host_*_key 2>/dev/null); do
  if [ "$ROOTID" ]; then rec born "\${t##*:}"; else ROOTID=\${t%:*}; fi
done
rec root "$ROOTID"
[ $MODE = live ] && { booted; whole /proc/1/stat; rec boot "$BTIME $LINE"; }
rec lacks "$LACKS"
rec tools "find=$FIND grepz=$GREPZ hash=$SF_HASH caps=$SF_CAPS"
`,
  ].join('\n'),
  parse(frame, draft) {
    const said = new Map<string, string>();
    const born: string[] = [];
    for (const record of frame.records()) {
      const space = record.indexOf(' ');
      if (record.startsWith('born ')) born.push(record.slice(5));
      else if (space > 0) said.set(record.slice(0, space), record.slice(space + 1));
    }
    const line = (name: string) => printable((said.get(name) ?? '').trim().slice(0, 200));
    const release = parseOsRelease(said.get('release') ?? '');
    const like = (release.get('ID_LIKE') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    draft.os = {
      id: (release.get('ID') ?? '').toLowerCase(),
      like,
      version: release.get('VERSION_ID') ?? '',
      pretty: release.get('PRETTY_NAME') ?? release.get('NAME') ?? '',
      kernel: line('kernel'),
      arch: line('arch'),
      hostname: line('hostname'),
      imageHints: imageHints(release, said.get('instance-data') ?? ''),
      launchKeys: publicKeys(said.get('instance-data') ?? ''),
      identity: line('instance-id') || line('machine-id'),
      launchedAt: launchedAt(born, draft.since),
      bootedAt: bootedAt(said.get('boot') ?? ''),
      uid: /^\d+$/.test(line('uid')) ? Number(line('uid')) : -1,
    };
    const servers = nameServers(said.get('dns') ?? '', said.get('instance-data') ?? '');
    if (servers) draft.os.nameServers = servers;
    draft.root = line('root');
    // An instance may say anything; no more of it is repeated than there are tools.
    draft.lacks = line('lacks').slice(0, 200).split(' ').filter(Boolean);
    const ofWalk = draft.lacks.filter((tool) => !/^(?:sort|awk|cut|grep|cat|readlink)$/.test(tool)).join(', ');
    if (ofWalk)
      draft.cut('files', 'tool-missing', `does not work on the instance: ${ofWalk}; what it would list is unknown`);
    if (said.get('tools')?.includes('hash=none')) {
      draft.gap('files', 'tool-missing', 'no working openssl or sha256sum on the instance: contents were not hashed');
    }
    if (said.get('tools')?.includes('caps=none')) {
      draft.gap(
        'files',
        'tool-missing',
        'neither perl nor python3 on the instance: file capabilities and access control lists were not read',
      );
    }
  },
};
