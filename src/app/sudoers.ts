import { createHash } from 'node:crypto';
import { UserError } from '../core/errors.ts';
import { version } from './places.ts';
import { pinnedPrograms } from './programs.ts';

/** Where the helper goes; the directory belongs to root on every system that follows the FHS. */
export const helperPath = '/usr/local/libexec/snowfence-run';
const sudoersPath = '/etc/sudoers.d/snowfence';

/**
 * The helper that sudo runs: it takes a program from standard input to memory, compares its sha256 with those it was
 * made with, and only then becomes it. What is compared is what is run: nothing is read twice. What comes behind the
 * program on standard input is the program's to read.
 */
export function helperScript(pinned: { scan: string; doctor: string } = pinnedPrograms()): string {
  return `#!/bin/sh
# snowfence-run, for snowfence ${version()}: runs as root the two programs whose sha256 stand below (scan, doctor), which it
# reads from standard input, and nothing else. They read and write nothing: snowfence probe show
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
unset ENV BASH_ENV CDPATH IFS
refuse() { echo "snowfence-run: refused: $1" >&2; exit 126; }
[ $# = 4 ] || refuse 'wants four arguments: ROOT live|offline SINCE LENGTH'
case $1 in /*) ;; *) refuse 'ROOT must be absolute' ;; esac
case $2 in live | offline) ;; *) refuse 'wants live or offline' ;; esac
case $3 in '' | *[!0-9]*) refuse 'SINCE must be a number' ;; esac
case $4 in '' | *[!0-9]* | ????????*) refuse 'LENGTH must be a number of bytes' ;; esac
program=$(head -c "$4"; echo .)
program=\${program%.}
sum=$(printf %s "$program" | sha256sum)
case \${sum%% *} in
  ${pinned.scan} | \\
  ${pinned.doctor}) ;;
  *) refuse 'this program is not one of those it is pinned to' ;;
esac
eval "$program"
`;
}

/**
 * The least-privilege setup as a POSIX sh script that explains itself: to be read, and run as root where the image is
 * baked. @throws UserError for a user name that could mean something else in sudoers.
 */
export function sudoersSetup(user: string): string {
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) {
    throw new UserError(
      `"${user}" is no user name`,
      'a to z, 0 to 9, _ and -, at most 32 characters, as useradd takes it',
    );
  }
  const helper = helperScript();
  const digest = createHash('sha256').update(helper).digest('hex');
  return `#!/bin/sh
# Least privilege for snowfence ${version()}, account "${user}". Read it, then run it as root while the IMAGE is baked (run on a
# live server it is a change like any other, and a scan will say so). Then scan with
#   snowfence scan ssh://${user}@HOST --sudo-command ${helperPath}
# and prove it with
#   snowfence doctor ssh://${user}@HOST --sudo-command ${helperPath}
#
# What it allows: "${user}" may run one root-owned helper as root. sudo compares the helper with the digest in its rule, and
# the helper compares the program that snowfence sends with the two digests inside it (snowfence probe sha256,
# snowfence probe sha256 --doctor; "probe show" prints the programs themselves).
# Against "NOPASSWD: /bin/sh", which would be shorter: that is root for whoever has the key of "${user}". With this, such a
# person can run the two programs, that is, read what they print: names, digests and metadata of all files, and the
# contents of some configuration files; and no other program, and change nothing.
# What it costs: a new version of snowfence sends other programs, so this is made again and baked with each. Until then
# the helper refuses, and the scan says so.
# Needs: sudo 1.9 or later (digests), sha256sum, head -c; ${user} needs a login shell.
set -eu
umask 022

mkdir -p ${helperPath.replace(/\/[^/]*$/, '')}
cat >${helperPath} <<'SNOWFENCE_END'
${helper}SNOWFENCE_END
chown 0:0 ${helperPath}
chmod 0755 ${helperPath}

cat >${sudoersPath}.new <<'SNOWFENCE_END'
# Made by "snowfence doctor --sudoers": one helper, pinned by its digest.
Defaults:${user} !requiretty
${user} ALL=(root) NOPASSWD: sha256:${digest} ${helperPath}
SNOWFENCE_END
chown 0:0 ${sudoersPath}.new
chmod 0440 ${sudoersPath}.new
# A mistake in sudoers locks everybody out: proved before it counts. (sudo reads no file with a dot in its name.)
visudo -c -q -f ${sudoersPath}.new
mv ${sudoersPath}.new ${sudoersPath}
`;
}
