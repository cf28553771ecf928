import { sh } from './sh.ts';

/**
 * What every question may use. Positional parameters: root (`/` or a directory), mode (live|offline), since (epoch
 * seconds). POSIX sh: dash, bash, mksh, ksh93 and busybox ash run it. Only system directories are searched for tools:
 * neither a `find` that somebody planted in PATH is run, nor a function that bash takes from its environment. `R` is the
 * root without trailing slash, `RG` the same as a glob literal.
 *
 * Tools are chosen by what they do, not by their version: a `find` that prints formats, a `grep` that knows NUL
 * records, a hasher that gives the right digest of "abc" (openssl first: it uses the CPU's SHA instructions, coreutils
 * on Debian does not).
 */
export const prelude = sh`
unset -f [ 2>/dev/null
unset -f apk awk cat cd command cut date df dpkg du echo false find getconf grep gzip hash head id ionice join kill ls md5sum mkdir mktemp mv nproc openssl perl printf pwd python3 read readlink renice rm rpm rpmdb sed setsid sh sha1sum sha256sum sleep sort stat tail test timeout tr true type uname uniq wait wc xargs 2>/dev/null
unset ENV BASH_ENV CDPATH IFS LD_PRELOAD LD_LIBRARY_PATH GREP_OPTIONS GZIP POSIXLY_CORRECT
# lists of ours whose name the environment has would be given to every tool, and are too long for that
unset A B C D E F G I L M O P Q S U V X d l HALF IDS NS LIBRARIES LIMITS ODD LINE
LC_ALL=C; PATH=/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH
exec 3<&0 </dev/null
case $1 in /) R= ;; *) R=$1 ;; esac
MODE=$2 SINCE=$3 WATCH=
NL='
'
have() { command -v "$1" >/dev/null 2>&1; }
# mksh calls a program to print, which takes no long word: packages would be missing
case $(command -v printf) in
  printf) ;;
  *) case $(command -v print) in print)
    printf() {
      case "$# $1" in
        *%*%*) command printf "$@" ;;
        '2 '*%s*) command printf "\${1%%\%s*}"; print -rn -- "$2"; command printf "\${1#*\%s}" ;;
        *) command printf "$@" ;;
      esac
    } ;;
  esac ;;
esac
begin() { printf 'B %s\0' "$1"; }
end() { [ "$SF_HURT" ] && printf '\0H %s\0' "$1"; SF_HURT=; printf 'E %s\0' "$1"; }
# guard: from here on, a tool that a signal ends (there is no memory left...), or that cannot be started (126: its arguments are too long
# for it...), makes the answer of its question void: no shell of
# POSIX says how the other parts of a pipe ended. Not SIGPIPE, of which ksh93 says 269: who reads has enough. For the shell that asks.
# What such a tool is to have in its environment is exported before: ksh93 gives it no variable that stands before its name
SF_HURT=
guard() {
  { read -r SF_SELF _ </proc/self/stat; } 2>/dev/null || return 0
  trap 'SF_HURT=1' USR2
  for t in awk cat cut find grep head join md5sum openssl readlink sed sha1sum sha256sum sort stat tail tr uniq wc xargs; do
    eval "$t() { command $t \"\$@\"; hurt \$?; }"
  done
}
hurt() {
  case $1 in 141 | 269) ;; 126 | 129 | 1[3-9][0-9] | 2[0-9][0-9]) kill -USR2 $SF_SELF ;; esac
  return $1
}
rec() { printf '%s\0' "$*"; }
# count WORDS: how many, to n
count() { n=$#; }
# upto LINES BYTES: so much of what is read, and a line "more" where that is not all of it
upto() { awk -v n=$1 -v m=$2 '{b+=length($0)+1}NR>n||b>m{print "more";exit}1'; }
# whole FILE of the kernel, a short one: its text to LINE, in which a name may have put line feeds
whole() { LINE=; [ ! -r "$1" ] || while IFS= read -r l || [ "$l" ]; do LINE="$LINE\${LINE:+$NL}$l"; done 2>/dev/null <"$1"; }
# ending NAME SUFFIX WORDS: a variable with all of them, the suffix behind each; many at once, because appending takes the square of their time
ending() {
  v=$1 s=$2 l=; shift 2
  if [ $# -gt 500 ]; then l=$(printf "%s$s " "$@") || SF_HURT=1; else for w; do l="$l $w$s"; done; fi
  eval "$v=\$l"
}
# booted: seconds since the epoch, to BTIME, once; where: device and inode of /, to ROOTID
BTIME= ROOTID=
booted() { [ "$BTIME" ] || BTIME=$(sed -n 's/^btime //p' /proc/stat 2>/dev/null); }
where() { [ "$ROOTID" ] || ROOTID=$(stat -L -c '%d:%i' / 2>/dev/null); }
glob() { printf '%s.' "$1" | sed 's/[][*?\\]/\\&/g'; }
# closed FILE: may it not be read? Some shells ask access(2), which does not count a capability of who is not root: then opening it tells
closed() { [ ! -r "$1" ] && ! { { true; } <"$1"; } 2>/dev/null; }
# text NAME FILE: a record "NAME content" without NUL, or "unread NAME"; refuses to follow links out of a root that is not /. What is there,
# may be read and yet cannot be (a disk that fails, no more files that can be opened) is not taken for empty
text() {
  plain "$2" || return 0
  ! closed "$2" || { rec "unread $1"; return 0; }
  printf '%s ' "$1"
  { tr -d '\000' <"$2" || [ ! -e "$2" ] || SF_HURT=1; } 2>/dev/null
  printf '\0'
}
# plain FILE: is it a regular file, and (offline) is no part of its path below the root a link?
plain() {
  [ -f "$1" ] || return 1
  [ "$R" ] || return 0
  p=$1
  while [ "$p" != "$R" ] && [ "$p" ]; do [ -L "$p" ] && return 1; p=\${p%/*}; done
  return 0
}
# unlinked DIR: is it a directory, and (offline) is no part of its path below the root a link?
unlinked() {
  [ -d "$1" ] || return 1
  p=$1
  while [ "$p" != "$R" ] && [ "$p" ]; do [ "$R" ] && [ -L "$p" ] && return 1; p=\${p%/*}; done
  return 0
}
# far PATH: is it on what may hang when it is asked: a network or automatic mount?
FAR=
while read -r _ _ _ _ mp _ rest; do
  case $rest in '- '*) fs=\${rest#- } ;; *) fs=\${rest#* - } ;; esac
  case $fs in nfs* | cifs* | smb* | ceph* | glusterfs* | fuse* | autofs* | 9p* | afs* | lustre* | beegfs* | gpfs* | ocfs2* | gfs2* | davfs* | sshfs*) FAR="$FAR$NL$mp" ;; esac
done </proc/self/mountinfo 2>/dev/null
far() {
  IFS=$NL; set -f
  for mp in $FAR; do case $1/ in "$mp"/*) set +f; unset IFS; return 0 ;; esac; done
  set +f; unset IFS
  return 1
}
have renice && renice -n 10 -p $$ >/dev/null 2>&1
have ionice && ionice -c 3 -p $$ >/dev/null 2>&1
case $R in *[][*?\\]*) RG=$(glob "$R"); RG=\${RG%.} ;; *) RG=$R ;; esac
UIDN=
while read -r k _ v _; do case $k in Uid:) UIDN=$v ;; esac; done 2>/dev/null </proc/self/status
[ "$UIDN" ] || UIDN=$(id -u 2>/dev/null)
# what nothing goes without: where one of these does not work, what is not mentioned is unknown, not removed
LACKS=
# works TOOL SAID DUE
works() { [ "$2" = "$3" ] || LACKS="$LACKS $1"; }
FIND=plain
[ "$(find / -maxdepth 0 -printf '%y' 2>/dev/null)" = d ] && FIND=printf
[ $FIND = printf ] || works find "$(find / -maxdepth 0 -print 2>/dev/null)" /
# most of them at once, each for itself where that does not go well
GREPZ=
case $(printf 'x b\nx b\nx a\n' | { sort -u | awk '{print $2}' | sed 's/a/c/' | cut -c1 | tr 'b\n' 'd\000' | grep -aHZz '' - | tr '\000' '|' | head -c 99 | cat; } 2>/dev/null) in
  '(standard input)|c|(standard input)|d|') GREPZ=1 ;;
  *)
    works sort "$(printf 'b\na\nb\n' | sort -u 2>/dev/null)" "a\${NL}b"
    works awk "$(echo a b | awk '{print $2}' 2>/dev/null)" b
    works sed "$(echo abc | sed 's/b/x/' 2>/dev/null)" axc
    works tr "$(echo abc | tr b x 2>/dev/null)" axc
    works cut "$(echo abc | cut -c2 2>/dev/null)" b
    works grep "$(printf 'a\nb\n' | grep -a b 2>/dev/null)" b
    works head "$(echo abc | head -c 2 2>/dev/null)" ab
    works cat "$(echo abc | cat 2>/dev/null)" abc
    [ "$(printf 'a\0' | grep -aHZz '' - 2>/dev/null | tr '\000' '|')" = '(standard input)|a|' ] && GREPZ=1 ;;
esac
MOUNTS=$(readlink /proc/self/ns/mnt 2>/dev/null)
[ ! -L /proc/self/exe ] || [ "$MOUNTS" ] || [ "$(readlink /proc/self/exe 2>/dev/null)" ] || LACKS="$LACKS readlink"
case $(printf 'a\351b\0c\0' | xargs -0 -n 2 sh -c 'printf "%s-" "$@"' sh 2>/dev/null | tr '\351' x 2>/dev/null) in
  axb-c-) ;;
  *)
    works xargs "$(printf 'a\0b\0' | xargs -0 -n 1 printf '%s-' 2>/dev/null)" a-b-
    works sh "$(printf 'a\351b\0' | xargs -0 sh -c 'printf %s "$1"' sh 2>/dev/null | tr '\351' x 2>/dev/null)" axb ;;
esac
# a short answer is made with awk: one that does not work must not make a server without packages
AWK=1; case "$LACKS " in *" awk "*) AWK= ;; esac
ABC=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
SF_HASH=none
case $(printf abc | openssl dgst -sha256 -r 2>/dev/null) in
  "$ABC"*) SF_HASH=openssl ;;
  *) case $(printf abc | sha256sum 2>/dev/null) in "$ABC"*) SF_HASH=sha256sum ;; esac ;;
esac
MACHINE=$(uname -m 2>/dev/null)
SF_CAPS=none SF_CAPSNR=0
case $MACHINE in
  x86_64) SF_CAPSNR=192 ;; aarch64 | riscv64 | loongarch64) SF_CAPSNR=9 ;; i?86 | arm*) SF_CAPSNR=230 ;; ppc64*) SF_CAPSNR=213 ;; s390*) SF_CAPSNR=228 ;;
esac
if [ $SF_CAPSNR != 0 ] && [ "$(perl -e 'print 1' 2>/dev/null)" = 1 ]; then SF_CAPS=perl
elif [ "$(python3 -c 'import os;print(1 if os.getxattr else 0)' 2>/dev/null)" = 1 ]; then SF_CAPS=python3
elif [ "$(/usr/libexec/platform-python -c 'import os;print(1 if os.getxattr else 0)' 2>/dev/null)" = 1 ]; then SF_CAPS=/usr/libexec/platform-python
fi
# hash1: sha256 of standard input, hex
hash1() { case $SF_HASH in openssl) openssl dgst -sha256 -r ;; sha256sum) sha256sum ;; *) printf '?' ;; esac | cut -c1-64; }
export SF_HASH SF_CAPS SF_CAPSNR
`;
