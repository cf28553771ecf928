import { escapeName } from '../../core/bytes.ts';
import type { MountFact } from '../../core/running.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';

/** Longest list of mounts that is read, bytes. */
const longest = 1_000_000;

/** A name in /proc/self/mountinfo: blank, tab, line feed and backslash are octal (proc(5)). */
function name(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Lines of /proc/self/mountinfo; of mounts on one place the last covers the others. */
export function parseMountInfo(text: string, strip = 0): MountFact[] {
  const found = new Map<string, MountFact>();
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [id = '', , , root = '', point = '', options = ''] = before.split(' ');
    const [type = '', source = '', superOptions = ''] = after.split(' ');
    if (!/^\d+$/.test(id) || !point.startsWith('/') || type === '') continue;
    const raw = name(point);
    const path = escapeName(strip > 0 ? raw.slice(strip) || '/' : raw);
    found.set(path, {
      path,
      root: escapeName(name(root)),
      type: escapeName(name(type)),
      source: escapeName(name(source)),
      options: options.split(',').filter(Boolean),
      superOptions: superOptions.split(',').filter(Boolean).map(escapeName),
    });
  }
  return [...found.values()];
}

export const mounts: Probe = {
  name: 'mounts',
  about: 'what is mounted where, from where and with which options; mounts of containers are left out',
  source: '`/proc/self/mountinfo`',
  needs: 'anybody',
  cost: '60 ms, 0.2 KB a mount',
  asks: 'live',
  question: sh`
if [ -z "$R" ]; then
  printf 'mounts '
  grep -avE '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ /(proc|sys|dev|run|snap|var/lib/docker|var/lib/containers|var/lib/containerd|var/lib/kubelet)/' /proc/self/mountinfo 2>/dev/null | head -c 1000000
  printf '\0'
fi
`,
  parse(frame, draft) {
    const record = frame.records().find((one) => one.startsWith('mounts '));
    if (record === undefined) return;
    const text = record.slice('mounts '.length, 'mounts '.length + longest);
    if (text === '')
      draft.gap('mounts', 'unreadable', '/proc/self/mountinfo could not be read: what is mounted is unknown');
    if (text.length >= longest)
      draft.gap('mounts', 'limit', 'there are more mounts than are read: the later ones are unknown');
    draft.running.mounts = parseMountInfo(text, draft.strip);
  },
};
