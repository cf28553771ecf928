import { escapeName } from '../../core/bytes.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { mayBeKept } from './secrets.ts';

/** Largest content that is read, bytes: configuration written by people is smaller. */
export const maxContent = 65_536;

export const contents: Probe = {
  name: 'contents',
  about:
    'text of small, public configuration files under /etc changed since the image was made, for diffs; never secrets',
  asks: 'always',
  question: sh`
SF_EXTRA="-name machine-id"
W() {
  if [ $FIND = printf ] && [ "$SINCE" -gt 0 ]; then
    find "$R/etc" "$@" \( -newermt "@$SINCE" -o -newerct "@$SINCE" -o $SF_EXTRA \) -print0
  else find "$R/etc" "$@" -print0; fi 2>/dev/null
}
C() {
  W -type f -size -129 \( -perm -004 -o -path "$RG/etc/sudoers*" \) ! -name '*shadow*' ! -name '*gshadow*' ! -name 'ssh_host_*_key' ! -name '*.key' ! -name '*.keytab' ! -path "$RG/etc/ssl/certs/*"
  for k in "$R"/root/.ssh/authorized_keys "$R"/home/*/.ssh/authorized_keys; do [ -r "$k" ] && plain "$k" && [ ! -L "$k" ] && printf '%s\0' "$k"; done
}
C | xargs -0 sh -c 'for f; do printf "n %s\0" "$f"; done' sh
if [ "$GREPZ" ]; then C | xargs -0 -r grep -aHz '' 2>/dev/null
else C | xargs -0 sh -c 'for f; do printf "%s:" "$f"; tr -d "\000" <"$f"; printf "\0"; done' sh 2>/dev/null; fi
`,
  parse(frame, draft) {
    const strip = draft.strip;
    const names = new Set<string>();
    const found = new Map<string, string>();
    const binary = new Set<string>();
    for (const record of frame.records()) {
      if (record.startsWith('n ')) names.add(record.slice(2));
      else {
        const name = nameOf(record, names);
        if (name === undefined) continue;
        // A second record of the same file: it holds NUL bytes and is no text.
        if (found.has(name)) binary.add(name);
        found.set(name, record.slice(name.length + 1));
      }
    }
    for (const [name, text] of found) {
      const path = name.slice(strip);
      if (binary.has(name) || text.length > maxContent || !mayBeKept(path, text)) continue;
      draft.contents.set(escapeName(path), escapeName(text));
    }
  },
};

/** `path:content`, where both may hold colons: the longest asked-for name that fits. */
function nameOf(record: string, names: Set<string>): string | undefined {
  let best: string | undefined;
  for (let at = record.indexOf(':'); at >= 0 && at < 4096; at = record.indexOf(':', at + 1)) {
    const name = record.slice(0, at);
    if (names.has(name)) best = name;
  }
  return best;
}
