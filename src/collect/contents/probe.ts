import { escapeName } from '../../core/bytes.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { kept, maxContentOf, mayBeKept } from './secrets.ts';

export const contents: Probe = {
  name: 'contents',
  about:
    'text of small configuration files under /etc changed since the image was made, of crontabs, trusted certificates and the keys that may log in; never secrets',
  source: 'texts below `/etc` and those that the formats below name',
  needs: 'closed ones: root',
  cost: 'the texts changed since the image was made, at most 64 KiB each',
  asks: 'always',
  question: sh`
SF_EXTRA="-name machine-id"
# since DIR TESTS: names of files that changed since the image was made, where that can be asked
since() {
  if [ $FIND = printf ] && [ "$SINCE" -gt 0 ]; then
    find "$@" \( -newermt "@$SINCE" -o -newerct "@$SINCE" -o $SF_EXTRA \) -print0
  else find "$@" -print0; fi 2>/dev/null
}
# keys that may log in: every account's home of passwd, and the homes of accounts that other sources know
homes() {
  n=0 seen=:
  plain "$R/etc/passwd" && while IFS=: read -r _ _ _ _ _ h _ || [ "$h" ]; do
    while :; do case $h in */) h=\${h%/} ;; *) break ;; esac; done
    case $h in '' | /*) ;; *) continue ;; esac
    case $h/ in *//* | */./* | */../* | *:*) continue ;; esac
    case $seen in *":$h:"*) continue ;; esac
    seen="$seen$h:" n=$((n + 1))
    [ $n -gt 2000 ] && break
    far "$R$h" || keys "$h"
  done <"$R/etc/passwd"
  far "$R/home" && return
  for k in "$R"/root "$R"/home/*; do
    h=\${k#"$R"}
    case $seen in *":$h:"*) continue ;; esac
    far "$k" || keys "$h"
  done
}
keys() {
  for k in "$R$1/.ssh/authorized_keys" "$R$1/.ssh/authorized_keys2"; do [ -r "$k" ] && plain "$k" && [ ! -L "$k" ] && printf '%s\0' "$k"; done
}
C() {
  since "$R/etc" -type f \( -size -129 -o -size -1025 -path "$RG/etc/ssl/certs/*" \) \( -perm -004 -o -path "$RG/etc/sudoers*" -o -path "$RG/etc/doas*" -o -path "$RG/etc/cron*" -o -path "$RG/etc/ssh/sshd_config*" \) ! -name '*shadow*' ! -name '*gshadow*' ! -name 'ssh_host_*_key' ! -name '*.key' ! -name '*.keytab'
  for d in "$R/var/spool/cron" "$R/var/spool/cron/crontabs" "$R/var/spool/cron/tabs"; do
    unlinked "$d" && find "$d" ! -path "$RG\${d#"$R"}" -prune -type f -size -129 -print0 2>/dev/null
  done
  unlinked "$R/usr/local/share/ca-certificates" && since "$R/usr/local/share/ca-certificates" -type f -size -129
  # only what changed: they prove that a new bundle holds a package's authorities and no other
  [ $FIND = printf ] && [ "$SINCE" -gt 0 ] && unlinked "$R/usr/share/ca-certificates" && since "$R/usr/share/ca-certificates" -type f -name '*.crt' -size -129
  for k in grub grub2; do
    k=$R/boot/$k/grubenv
    [ -r "$k" ] && unlinked "\${k%/*}" && plain "$k" && [ ! -L "$k" ] && printf '%s\0' "$k"
  done
  homes
}
plain "$R/etc/passwd" && [ "$(wc -l <"$R/etc/passwd" 2>/dev/null)" -gt 2000 ] 2>/dev/null && rec "x homes"
export GREPZ SF_SELF
C | xargs -0 sh -c '[ $# -gt 0 ] || exit 0
printf "n %s\0" "$@"
if [ "$GREPZ" ]; then grep -aHz "" "$@"; [ $? -lt 126 ] || kill -USR2 $SF_SELF
else for f; do printf "%s:" "$f"; tr -d "\000" <"$f"; printf "\0"; done; fi' sh 2>/dev/null
`,
  parse(frame, draft) {
    const strip = draft.strip;
    const names = new Set<string>();
    const found = new Map<string, string>();
    const binary = new Set<string>();
    for (const record of frame.records()) {
      if (record === 'x homes')
        draft.gap('contents', 'limit', 'of more than 2000 accounts, the keys of the later ones were not read');
      else if (record.startsWith('n ')) names.add(record.slice(2));
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
      if (binary.has(name) || text.length > maxContentOf(path) || !mayBeKept(path, text)) continue;
      draft.contents.set(escapeName(path), escapeName(kept(path, text)));
    }
  },
};

/** Most colons of a record that may end its path: more would make us look at the same bytes for minutes. */
const mostColons = 100;

/** `path:content`, where both may hold colons: the longest asked-for name that fits. */
function nameOf(record: string, names: Set<string>): string | undefined {
  let best: string | undefined;
  let tries = 0;
  for (let at = record.indexOf(':'); at >= 0 && at < 4096 && tries < mostColons; at = record.indexOf(':', at + 1)) {
    tries++;
    const name = record.slice(0, at);
    if (names.has(name)) best = name;
  }
  return best;
}
