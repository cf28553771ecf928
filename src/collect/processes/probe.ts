import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { parseProcesses } from './parse.ts';

export const processes: Probe = {
  name: 'processes',
  about:
    'running processes: executable, its sha256 through /proc, deleted or in memory only, arguments, user, start, memory',
  source: '`/proc/PID/{exe,stat,status,cmdline}`',
  needs: 'processes of others: root or CAP_SYS_PTRACE',
  cost: '4 ms and 0.5 KB a process; each program is hashed once',
  asks: 'live',
  question: sh`
rec "page $(getconf PAGESIZE 2>/dev/null)"
booted; rec "boot $BTIME"
# below a root that is not /: only what runs from there
if [ "$R" ]; then
  if [ $FIND = printf ]; then P=$(find /proc/[0-9]*/exe -maxdepth 0 -lname "$RG/*" -printf '%h\n' 2>/dev/null)
  else P=$(for p in /proc/[0-9]*; do case $(readlink "$p/exe" 2>/dev/null) in "$R"/*) echo "$p" ;; esac; done); fi
else P=$(echo /proc/[0-9]*); fi
# process ids hold no blanks: these lists are split on purpose
count $P
# no more than can be arguments of one program
[ $n -gt 50000 ] && { rec 'more 1'; n=50000; P=$(printf '%s\n' $P | head -n $n); }
IDS= NS=
ending A /stat $P; ending B /cmdline $P; ending C /status $P; ending D /exe $P; ending E /root $P; ending F /ns/mnt $P; ending G /ns/net $P
rec "asked $n"
rec "own-mnt $MOUNTS"
if [ $n -gt 0 ]; then
  rec stat
  if [ "$GREPZ" ]; then
    grep -aHz '' $A 2>/dev/null
    rec cmdline; grep -aHz '' $B 2>/dev/null
    rec status; grep -aHzoE 'Uid:[[:blank:]0-9]+' $C 2>/dev/null
  else
    for p in $P; do [ -r $p/stat ] && { printf '%s:' $p/stat; cat $p/stat 2>/dev/null; printf '\0'; }; done
    rec cmdline
    for p in $P; do [ -r $p/cmdline ] && tr '\000' '\n' <$p/cmdline 2>/dev/null | { a=; while IFS= read -r a || [ "$a" ]; do printf '%s:%s\0' $p/cmdline "$a"; done; }; done
    rec status
    for p in $P; do [ -r $p/status ] && u=$(sed -n '/^Uid:/p' $p/status 2>/dev/null) && printf '%s:%s\0' $p/status "$u"; done
  fi
  if [ $FIND = printf ]; then
    rec exe; find $D -maxdepth 0 -printf '%p:%l\0' 2>/dev/null
    ids() { find -L "$@" -maxdepth 0 -printf '%p:%D:%i\n' 2>/dev/null; }
    spaces() { find "$@" -maxdepth 0 -printf '%p:%l\n' 2>/dev/null; }
  else
    rec exe; for p in $P; do [ -L $p/exe ] && l=$(readlink $p/exe 2>/dev/null) && printf '%s:%s\0' $p/exe "$l"; done
    ids() { stat -L -c '%n:%d:%i' "$@" 2>/dev/null; }
    spaces() { for f; do [ -L $f ] && l=$(readlink $f 2>/dev/null) && echo "$f:$l"; done; }
  fi
  if [ $n -lt 10000 ]; then IDS=$(ids $D $E) NS=$(spaces $F $G)
  else IDS=$(ids $D; ids $E) NS=$(spaces $F; spaces $G); fi
  # numbers and names of the kernel's: no line of these is somebody else's
  printf 'id\n%s\0' "$IDS"; printf 'mnt\n%s\0' "$NS"
  # of each program one process, the oldest of twenty: a young one may be about to begin another program, or to end
  U=$(printf '%s\n' "$IDS" | awk -F: '
function start(f,l,w){sub(/exe$/,"stat",f);getline l<f;close(f);if(!sub(/^.*[)] /,"",l))return 1e18;split(l,w," ");return w[20]+0}
$1!~/exe$/{next}
{i=$2 ":" $3;c[i]++}
c[i]==1{o[++k]=i;p[i]=$1;next}
c[i]<=20{if(c[i]==2)s[i]=start(p[i]);a=start($1);if(a<s[i]){s[i]=a;p[i]=$1}}
END{for(j=1;j<=k;j++)print p[o[j]]}')
  # who is still there without a program: one that ended, or is about to, hides nothing
  rec alive
  for p in $P; do [ -e $p/exe ] || { read -r a <$p/stat && a=\${a##*\) } && printf '%s/alive:%s\0' $p "$a"; }; done 2>/dev/null
  rec hash
  programs() { case $SF_HASH in openssl) openssl dgst -sha256 -r "$@" ;; sha256sum) sha256sum "$@" ;; esac 2>/dev/null; }
  if [ "$U" ] && [ $SF_HASH != none ]; then
    X=$(programs $U)
    printf '%s\n' "$X"
    set -f; count $U; u=$n; count $X; set +f
    # where that one had ended, by others that run the same
    if [ $n -lt $((u * 2)) ]; then
      X=$({ printf '%s\n' "$X"; echo -; printf '%s\n' "$IDS"; } | awk '
$0=="-"{on=1;next}
!on{sub(/^[*]/,"",$2);d[$2]=1;next}
$1~/exe:/{split($1,w,":");i=w[2] ":" w[3];if(w[1] in d)known[i]=1;if(++c[i]<=6)l[i]=l[i] " " w[1]}
END{for(i in l)if(c[i]>1&&!(i in known))print l[i]}')
      [ "$X" ] && programs $X
    fi
  fi
  printf '\0'
  # who began another program meanwhile: what was read of it is of two programs
  rec again
  if [ $FIND = printf ]; then find $D -maxdepth 0 -printf '%p:%l\0' 2>/dev/null
  else for p in $P; do [ -L $p/exe ] && l=$(readlink $p/exe 2>/dev/null) && printf '%s:%s\0' $p/exe "$l"; done; fi
  # and who began another and then the first again, as 'setsid sh' of a shell does: every program has its stack elsewhere (field 28)
  rec stack
  grep -aHoE '\) [A-Za-z]( -?[0-9]+){25}' $A 2>/dev/null | sed 's/:.* / /'
  printf '\0'
fi
# the next questions go by the same lists: where these may be halves, they know no more
HALF=$SF_HURT
`,
  parse: (frame, draft) => parseProcesses(frame.records(), draft),
};
