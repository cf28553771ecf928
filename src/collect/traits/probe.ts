import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { parseTraits } from './parse.ts';

/**
 * Asked after the processes, whose lists it uses (`P` all, `IDS` their roots, `NS` their namespaces). `O` are the processes of
 * this system: those with our root directory or our mounts; a container's are left to its own image.
 *
 * Only one value for many processes goes over the wire where they share it: libraries are counted here, and process ids are told
 * for what a server would not have: deleted files and files outside of /usr and /lib.
 */
export const traits: Probe = {
  name: 'traits',
  about:
    'what processes have beside their program: libraries that are mapped, LD_PRELOAD and its like (no other variable), scripts that interpreters run, tracers, capabilities, seccomp, memory limits',
  source: '`/proc/PID/{maps,environ,status}`',
  needs: 'processes of others: root or CAP_SYS_PTRACE',
  cost: 'one pass over the maps; bytes only for what is odd',
  asks: 'live',
  question: sh`
[ "$HALF" ] && SF_HURT=1
O=$P
if [ -z "$R" ]; then
  where
  O=$({ printf '%s\n' "$NS"; printf '%s\n' "$IDS"; } | awk -F: -v mounts="$MOUNTS" -v root="$ROOTID" '
$1~/\/(root|ns\/mnt)$/{if($2 ":" $3==($1~/root$/?root:mounts)){split($1,w,"/");p="/proc/" w[3];if(!(p in s)){s[p];print p}}}')
fi
HALF=$SF_HURT
rec "self $$"
ending S /status $O; ending G /cgroup $O; ending M /maps $O; ending V /environ $O; ending X /exe $O
if [ "$S" ]; then
  # what is not as in most processes
  printf 'status\n'
  grep -aHE '^(TracerPid|NoNewPrivs|Seccomp):[[:blank:]]+[1-9]|^CapEff:[[:blank:]]+[0-9a-f]*[1-9a-e][0-9a-f]*' $S 2>/dev/null | grep -avE ':[[:blank:]]+0*[137]?f{8,}$'
  printf '\0'
  # memory limits of control groups; most have none
  LIMITS=$(find /sys/fs/cgroup -maxdepth 5 \( -name memory.max -o -name memory.limit_in_bytes \) -exec grep -aHE '^[0-9]{1,15}$' {} + 2>/dev/null | upto 5000 1000000)
  if [ "$LIMITS" ]; then
    printf '%s\n' "$LIMITS" | sed 's/^/limit /' | tr '\n' '\000'
    printf 'cgroup\n'; grep -aHE '^(0::|[0-9]+:memory:)/.' $G 2>/dev/null | upto 50000 4000000; printf '\0'
  fi
  # units of systemd with their processes, by control group
  printf 'units\n'
  grep -aHE '^(0:|[0-9]+:name=systemd):/.*[.](service|scope)$' $G 2>/dev/null | awk -F/ '
$NF!~/ /{l=($NF==u?"":"\n" $NF) " " $3;if(b+length(l)<1000000){b+=length(l);u=$NF;printf "%s",l}else more=1}
END{if(more)print "\nmore"}'
  printf '\0'
  # mappings of files as code: a count for each file, and whole lines of what a server would not have. Shared ones of memory, or of a
  # file that libffi, asmjit or .NET made and deleted, are where programs generate code: it is written by another mapping of the same
  L='^[^ ]+ ..x[ps] [^ ]+ [^ ]+ [1-9][0-9]* +/'
  LIBRARIES=$(grep -aHE "$L" $M 2>/dev/null | awk '
{l=substr($0,index($0,":")+1);i=index(l," /");n=substr(l,i+1)
if($2~/s$/&&n~/^\/memfd:|\/(ffi[A-Za-z0-9]+|shm-id-[0-9A-F]+|doublemapper_[A-Za-z0-9]+) \(deleted\)$/)next
if(n in c)c[n]++;else if(k<20000){c[n]=1;k++}else more=1
if(n!~/^\/(usr\/|lib)[^ ]*$/&&odd<2000){odd++;print "odd " $0}}
END{for(n in c)print "all " c[n] " " n;if(more)print "all more"}')
  printf 'libraries\n'; printf '%s\n' "$LIBRARIES" | sed -n 's/^all //p'; printf '\0'
  ODD=
  case $LIBRARIES in *'odd '*) ODD=$(printf '%s\n' "$LIBRARIES" | sed -n 's/^odd //p') ;; esac
  printf 'odd\n%s\0' "$ODD"
  # their content, each once: through the kernel, because they may have no name
  printf 'sums\n'
  [ "$ODD" ] && printf '%s\n' "$ODD" | sed 's|^/proc/\([0-9]*\)/maps:0*\([0-9a-f]*\)-0*\([0-9a-f]*\) [^ ]* [^ ]* \([^ ]*\) \([0-9]*\) *|\4:\5 /proc/\1/map_files/\2-\3 |' | sort -u -k 1,1 | head -n 100 |
    while IFS=' ' read -r _ f n; do
      far "$n" || [ ! -r "$f" ] || case $SF_HASH in openssl) openssl dgst -sha256 -r "$f" ;; sha256sum) sha256sum "$f" ;; esac 2>/dev/null
    done
  printf '\0'
  # of all variables only those of the loader, and not more of them than this
  rec environ
  if [ "$GREPZ" ]; then grep -aHzoE '^LD_(PRELOAD|AUDIT|LIBRARY_PATH)=.{1,500}' $V 2>/dev/null
  else for p in $O; do tr '\000' '\n' <$p/environ 2>/dev/null | grep -E '^LD_(PRELOAD|AUDIT|LIBRARY_PATH)=.' | cut -c 1-520 | while IFS= read -r v; do printf '%s:%s\0' $p/environ "$v"; done; done 2>/dev/null; fi
  # files among the first arguments of interpreters; not of our own, which come and go
  ours() {
    q=$1
    while [ "$q" -gt 1 ] 2>/dev/null; do
      [ $q = $$ ] && return 0
      read -r a </proc/$q/stat || return 1
      set -- \${a##*\) }; q=$2
    done 2>/dev/null
    return 1
  }
  rec scripts
  if [ $FIND = printf ]; then I=$(find $X -maxdepth 0 \( -lname '*/*sh' -o -lname '*/busybox*' -o -lname '*/python*' -o -lname '*/perl*' -o -lname '*/ruby*' -o -lname '*/node*' -o -lname '*/php*' -o -lname '*/java' -o -lname '*/lua*' -o -lname '*/tclsh*' \) -printf '%h\n' 2>/dev/null)
  else I=$(for p in $O; do case $(readlink $p/exe 2>/dev/null) in */*sh | */busybox* | */python* | */perl* | */ruby* | */node* | */php* | */java | */lua* | */tclsh*) echo $p ;; esac; done); fi
  n=0
  for p in $I; do
    ours \${p#/proc/} && continue
    n=$((n + 1)); [ $n -gt 500 ] && { rec 'more scripts'; break; }
    c=$(readlink $p/cwd 2>/dev/null)
    head -c 32768 $p/cmdline 2>/dev/null | tr '\000' '\n' | sed -n '2,13p' | {
      k=0
      while IFS= read -r a; do
        case $a in '' | -*) continue ;; /*) f=$a ;; *) f=$c/$a ;; esac
        far "$f" && continue
        [ "$(find -L "$f" -maxdepth 0 -type f -size -40960 2>/dev/null)" ] || continue
        printf 'script %s %s\n%s\n%s\0' \${p#/proc/} "$(hash1 <"$f" 2>/dev/null)" "$a" "$(readlink -f "$f" 2>/dev/null)"
        k=$((k + 1)); [ $k -ge 3 ] && break
      done
    }
  done
fi
`,
  parse: (frame, draft) => parseTraits(frame.records(), draft),
};
