import { sh } from '../sh.ts';

/**
 * Two small processes that see to it that nothing of ours stays on an instance, however the program ends. Both leave the
 * program's session where there is a `setsid`, so that what kills all of that does not kill them too.
 *
 * `SF_WATCH` ends the program when its time is up, when it is killed without its children, and when whoever runs it (sshd;
 * what runs sudo) is gone: a program that hashes a large file would not notice for hours that nobody listens. It looks
 * every two seconds, at nothing but /proc/PID/stat (proc(5)) of the shell and of the sudo above it. A program that does not
 * lead its process group shares it with others: then only what descends from it is ended.
 *
 * It also ends a hasher of the walk by buckets that came no further for five looks: a name that was a file when it was listed may
 * be a pipe that nobody writes to, a device without end or a file beyond the limit by the time it is opened. One that sleeps (proc(5), S)
 * without using time waits for such a thing: for a disk it would wait in D. What it was hashing is hashed again without what was changed.
 *
 * `SF_REAP` stands at the end of a pipe and takes the scratch directory away when everybody at the other end is gone; it
 * comes again while somebody still writes there.
 */
export const watchQuestion = sh`
SF_SETSID=; have setsid && SF_SETSID=setsid
SF_REAP='trap "" HUP INT TERM PIPE QUIT
read -r made || exit 0
cat
n=0
while rm -rf "$SF_DIR"; [ -e "$SF_DIR" ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1 || sleep 1; done 2>/dev/null'
SF_WATCH='
# kin PID: its parent PP and process group PG
kin() { PP= PG=; read -r l <"/proc/$1/stat" || return 1; set -- \${l##*\) }; PP=$2 PG=$3; [ "$PG" ]; } 2>/dev/null
s=
trap "kill -9 \$s 2>/dev/null; wait \$s; exit 0" USR1
trap "" HUP INT QUIT PIPE TERM
main=$1 left=$2 own=$3 largest=$4
kin "$main" || exit 0
stay=$main:$PP pg=$PG group= p=$PP
[ "$PG" = "$main" ] && group=$main
while { read -r c <"/proc/$p/comm"; } 2>/dev/null; do
  case $c in sudo | doas | su | runuser) kin "$p" || break ;; *) break ;; esac
  stay="$stay $p:$PP"
  [ "$pg" = "$p" ] && group=$p
  p=$PP
done
# odd FILE: W, what is odd about the hasher that it names; nothing while that comes on
odd() {
  W=
  read -r k <"$1" && kin "$k" && [ "$PG" = "$pg" ] && [ "$PP" = "\${1##*/p}" ] && read -r l <"/proc/$k/stat" || return 1
  set -- \${l##*\) }
  case $1 in S | T | t) W=$k:\${12}:\${13}; return 0 ;; esac
  file= device=
  for d in /proc/$k/fd/*; do
    case \${d##*/} in 0 | 1 | 2 | 8) continue ;; esac
    if [ -f "$d" ]; then file=1; read -r _ at <"/proc/$k/fdinfo/\${d##*/}"; [ "$largest" -gt 0 ] && [ "$at" -gt "$largest" ] && W=$k:beyond
    elif [ -c "$d" ] || [ -b "$d" ] || [ -p "$d" ]; then device=$k:device; fi
  done
  [ "$file" ] || W=$device
} 2>/dev/null
over= still=
until [ "$over" ]; do
  sleep 2 & s=$!
  wait $s
  s= left=$((left - 2))
  [ $left -gt 0 ] || over=1
  for k in $stay; do kin "\${k%:*}" && [ "$PP" = "\${k#*:}" ] || over=1; done
  now=
  for f in /dev/shm/.snowfence-$main-*/p[0-9]*; do
    odd "$f" && [ "$W" ] || continue
    n=1
    case $still in *" $W="*) n=\${still##*" $W="} n=$((\${n%% *} + 1)) ;; esac
    now="$now $W=$n "
    [ $n -lt 5 ] || kill -9 $k
  done
  still=$now
done
below() {
  all=" $main " more=1
  while [ "$more" ]; do
    more=
    for f in /proc/[0-9]*; do
      q=\${f#/proc/}
      case $all in *" $q "*) continue ;; esac
      kin "$q" && [ "$PG" = "$pg" ] && [ "$q" != $$ ] || continue
      case $all in *" $PP "*) all="$all$q " more=1 ;; esac
    done
  done
}
if [ "$group" ]; then all=-$group; else below; fi
kill -TERM $all
if [ "$own" ]; then sleep 1; kill -KILL $all; fi
exit 0'
# watch SECONDS
watch() {
  [ -r /proc/$$/stat ] || return 0
  case $1 in '' | *[!0-9]*) set -- 86400 ;; esac
  $SF_SETSID sh -c "$SF_WATCH" sh $$ "$1" "$SF_SETSID" "$SF_LARGEST" </dev/null >/dev/null 2>&1 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- &
  WATCH=$!
}
`;
