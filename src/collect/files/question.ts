import { sh } from '../sh.ts';
import { attributesQuestion } from './attributes-question.ts';
import { bucketsQuestion } from './buckets-question.ts';

/**
 * The walk. Scope is decided from mountinfo before anything is stat'ed: what is not a local disk file system is pruned
 * by its path, so a dead NFS mount is never touched. Metadata and digest of a batch come from the same argument list,
 * in the same order, so a file that appears or vanishes between two walks cannot shift digests to other names.
 *
 * Records: `M path fstype` a pruned mount; `u path` a directory that may not be read; `m y mode uid gid size mtime path`
 * then `>target`; a batch is `F n`, n metadata records, `H n b|t`, digests (32 raw bytes each, or hex lines), `h status`.
 * A batch whose status is not 0 is void and followed by the same files in smaller batches.
 * `n names inode ctime path` is a regular file that has more than one name; it comes before the batches.
 * `w` and `W` end the two parts of the walk, with 0 where all of it was come by: files that no batch tells are gone then.
 * `c attributes path` comes behind the entries it is about, `~ ~` when what reads attributes came to its end; `a` = nothing reads them.
 * mtime is 0 for what is not newer than `since`: it is evidence, not compared, and would be a fifth of the bytes.
 */
const scope = sh`
[ "$SF_SALT" ] && rec "s $SF_SALT"
[ $SF_CAPS = none ] && rec a
# scope: arguments for find that prune what is out of scope, first what we were told to leave out
if [ $# -gt 3 ]; then shift 3; else set --; fi
n=$#
while [ $n -gt 0 ]; do
  g=$(glob "$1"); shift
  set -- "$@" -path "$RG\${g%.}" -prune -o
  n=$((n - 1))
done
for d in proc sys dev run tmp var/tmp var/cache var/log lost+found mnt media swapfile swap.img; do
  set -- "$@" -path "$RG/$d" -prune -o
done
while read -r _ _ _ _ mp _ rest; do
  case $rest in '- '*) fs=\${rest#- } ;; *) fs=\${rest#* - } ;; esac
  fs=\${fs%% *}
  case $mp in *\\*) mp=$(printf '%b.' "$(printf %s "$mp" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')"); mp=\${mp%.} ;; esac
  case $mp in "$R"/?*) ;; *) continue ;; esac
  case $fs in
    ext[234] | xfs | btrfs | f2fs | zfs | squashfs | erofs | overlay | aufs | jfs | reiserfs | bcachefs | ubifs | vfat | iso9660)
      case $mp in "$R"/var/lib/docker/* | "$R"/var/lib/containers/* | "$R"/var/lib/containerd/* | "$R"/var/lib/kubelet/*) ;; *) continue ;; esac ;;
  esac
  rec "M $fs $mp"
  # what is below a place that is left out needs no test of its own
  case $mp in "$R"/proc/* | "$R"/sys/* | "$R"/dev/* | "$R"/run/*) continue ;; esac
  case $mp in *[][*?\\]*) g=$(glob "$mp"); g=\${g%.} ;; *) g=$mp ;; esac
  set -- "$@" -path "$g" -prune -o
done </proc/self/mountinfo 2>/dev/null

`;

const walk = sh`
SF_NEW= ; [ "$SINCE" -gt 0 ] 2>/dev/null && SF_NEW=@$SINCE
SF_BATCH='
# xargs without -r, which is not in POSIX, calls once for nothing
[ $# -gt 0 ] || exit 0
# metadata
printf "F %s\0" $#
case $SF_FIND in
  printf)
    if [ "$SF_NEW" ]; then find "$@" -maxdepth 0 \( -newermt "$SF_NEW" -printf "m %y %m %U %G %s %T@ %p\0>%l\0" -o -printf "m %y %m %U %G %s 0 %p\0>%l\0" \)
    else find "$@" -maxdepth 0 -printf "m %y %m %U %G %s %T@ %p\0>%l\0"; fi
    m=$? ;;
  *) printf "S\0"; printf "%s\0" "$@"; stat -c "%f %u %g %s %Y" "$@"; m=$?; printf "\0" ;;
esac 2>/dev/null
# digests
case $SF_HASH in
  openssl) printf "H %s b\0" $#; openssl dgst -sha256 -binary "$@" 2>/dev/null; s=$? ;;
  sha256sum)
    printf "H %s t\0" $#
    if [ $# = 1 ]; then sha256sum <"$1" 2>/dev/null; else sha256sum "$@" 2>/dev/null; fi; s=$?; printf "\0" ;;
  *) printf "H 0 t\0\0"; s=0 ;;
esac
if [ $s = 0 ]; then printf "h 0\0"; else printf "h 1 snowfence: not every file of this batch could be hashed\0"; fi
# what else a file has
printf "f%s\0" "$@" | eval "$SF_ATTRS"
# a void batch again, in smaller ones
e=0
if [ $s$m != 00 ] && [ $# -gt 1 ]; then
  n=1; [ $# -gt 64 ] && n=64
  printf "%s\0" "$@" | xargs -0 -n $n sh -c "$SF_BATCH" sh || e=1
fi
# gone is gone, but what nobody could look at is unknown
[ $m -lt 126 ] || e=1
exit $e'
SF_OTHER='[ $# -gt 0 ] || exit 0
printf "N %s\0" $#; printf "%s\0" "$@"; stat -c "%f %u %g %s %Y" "$@" 2>/dev/null; s=$?; printf "\0"
[ $s -lt 126 ] || exit 1
[ $s = 0 ] || [ $# = 1 ] || printf "%s\0" "$@" | xargs -0 -n 1 sh -c "$SF_OTHER" sh'
SF_LINKS='e=0
for l; do
  if t=$(readlink -n "$l" && echo .); then printf "l %s\0>%s\0" "$l" "\${t%.}"
  elif [ $? -gt 125 ]; then e=1; fi
done
exit $e'
SF_HARD='e=0
for f; do
  if t=$(stat -c "%h %i %Z" "$f"); then printf "n %s %s\0" "$t" "$f"
  elif [ $? -gt 125 ]; then e=1; fi
done 2>/dev/null
exit $e'
SF_FIND=$FIND
export SF_BATCH SF_OTHER SF_LINKS SF_HARD SF_NEW SF_FIND
# sound FIND-ARGUMENTS: find, and DIED where it was ended, or came on what it could not read for another reason than that it is closed or gone
DIED=
sound() {
  { x=$({ find "$@" 2>&1 >&6; echo "find ended $?"; } | awk -v ill="$SF_ILL" '/^find ended /{if($3>125)print;next}$0~ill{print;exit}'); } 6>&1
  [ "$x" ] && DIED=1
  :
}
# told LIST COMMAND SCOPE...: what LIST prints, to COMMAND, in the walk's scope; both must come to their end
told() {
  l=$1 r=$2; shift 2
  { x=$({ { eval "$l"; [ "$DIED" ] && echo x >&4; } | eval "$r" >&5 || echo x; } 4>&1); } 5>&1
  [ "$x" ] && DIED=1
  :
}

# what may not be read is said, so that it is unknown and not "removed"
if [ "$UIDN" != 0 ]; then
  if [ $FIND = printf ]; then sound "$R/" "$@" -type d \( ! -readable -o ! -executable \) -printf 'u %p\0'
  else sound "$R/" "$@" -type d ! \( -exec test -r {} \; -exec test -x {} \; \) -exec printf 'u %s\0' {} \;; fi
fi
# where the walk by buckets can be done, only odd names are left for this one
BUCKETS=
if scratch; then
  export SF_ODD SF_ROOT SF_SALT SF_SUMS SF_TRY SF_ONCE SF_SUM_FILES SF_DIR SF_CPU SF_DEPTH SF_LARGEST SF_MOST SF_WORKERS
  # by a redirection of what is in braces, here and below: ksh and mksh keep what exec opened from other programs
  { BUCKETS=$({ mkdir -m 700 "$SF_DIR" && echo made && walk_buckets "$@" >&5 && { [ -s "$SF_DIR/odd" ] && echo odd || echo done; }; } 2>/dev/null |
    $SF_SETSID sh -c "$SF_REAP" 2>/dev/null 3<&- 5>&-); } 5>&1
fi
case $BUCKETS in odd) set -- "$@" \( -path "$SF_ODD" -o -lname "$SF_ODD" \) ;; esac
if [ "$BUCKETS" = done ]; then rec "w \${DIED:-0}"; rec 'W 0'
else
# files with more than one name
if [ $FIND = printf ]; then sound "$R/" "$@" -type f -links +1 -printf 'n %n %i %C@ %p\0'
else told 'sound "$R/" "$@" -type f -links +1 -print0' 'xargs -0 -n 200 sh -c "$SF_HARD" sh' "$@"; fi
# everything but regular files; unprivileged, files that may not be read go there too: they have no digest
OTHER='! -type f' READ=
if [ "$UIDN" != 0 ] && [ $FIND = printf ]; then OTHER='( ! -type f -o ! -readable )' READ=-readable; fi
if [ $FIND = printf ]; then
  if [ "$SF_NEW" ]; then sound "$R/" "$@" $OTHER \( -newermt "$SF_NEW" -printf 'm %y %m %U %G %s %T@ %p\0>%l\0' -o -printf 'm %y %m %U %G %s 0 %p\0>%l\0' \)
  else sound "$R/" "$@" $OTHER -printf 'm %y %m %U %G %s %T@ %p\0>%l\0'; fi
else
  told 'sound "$R/" "$@" ! -type f -print0' 'xargs -0 -n 200 sh -c "$SF_OTHER" sh' "$@"
  told 'sound "$R/" "$@" -type l -print0' 'xargs -0 -n 200 sh -c "$SF_LINKS" sh' "$@"
fi
rec "w \${DIED:-0}"
if [ $SF_CAPS = none ]; then :
elif [ $FIND = printf ]; then find "$R/" "$@" \( -type d -o -type b -o -type c \) -printf '%y%p\0' 2>/dev/null | eval "$SF_ATTRS"
else find "$R/" "$@" \( -type d -o -type b -o -type c \) -print0 2>/dev/null | xargs -0 -n 500 sh -c 'for p; do printf "d%s\0" "$p"; done' sh | eval "$SF_ATTRS"; fi
# regular files; names with a newline one by one where the hasher prints names
if [ $SF_HASH = sha256sum ] && [ $FIND != printf ]; then
  told 'sound "$R/" "$@" -type f ! -path "*$NL*" -print0' 'xargs -0 -n 500 sh -c "$SF_BATCH" sh' "$@"
  told 'sound "$R/" "$@" -type f -path "*$NL*" -print0' 'xargs -0 -n 1 sh -c "$SF_BATCH" sh' "$@"
else
  told 'sound "$R/" "$@" -type f $READ -print0' 'xargs -0 -n 4000 -s 500000 sh -c "$SF_BATCH" sh' "$@"
fi
rec "W \${DIED:-0}"
fi
`;

export const question = scope + attributesQuestion + bucketsQuestion + walk;
