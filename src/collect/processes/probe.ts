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
A= B= C= D= E= F=; n=0
for p in $P; do A="$A $p/stat" B="$B $p/cmdline" C="$C $p/status" D="$D $p/exe" E="$E $p/root" F="$F $p/ns/mnt" n=$((n + 1)); done
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
    for p in $P; do u=$(sed -n '/^Uid:/p' $p/status 2>/dev/null) && printf '%s:%s\0' $p/status "$u"; done
  fi
  if [ $FIND = printf ]; then
    rec exe; find $D -maxdepth 0 -printf '%p:%l\0' 2>/dev/null
    rec id; find -L $D -maxdepth 0 -printf '%p:%D:%i\0' 2>/dev/null
    rec root; find -L $E -maxdepth 0 -printf '%p:%D:%i\0' 2>/dev/null
    rec mnt; find $F -maxdepth 0 -printf '%p:%l\0' 2>/dev/null
    U=$(find -L $D -maxdepth 0 -printf '%D:%i %p\n' 2>/dev/null | sort -u -k 1,1 | sed 's/^[^ ]* //')
  else
    rec exe; for p in $P; do l=$(readlink $p/exe 2>/dev/null) && printf '%s:%s\0' $p/exe "$l"; done
    rec id; for p in $P; do i=$(stat -L -c %d:%i $p/exe 2>/dev/null) && printf '%s:%s\0' $p/exe "$i"; done
    rec root; for p in $P; do i=$(stat -L -c %d:%i $p/root 2>/dev/null) && printf '%s:%s\0' $p/root "$i"; done
    rec mnt; for p in $P; do l=$(readlink $p/ns/mnt 2>/dev/null) && printf '%s:%s\0' $p/ns/mnt "$l"; done
    U=$(for p in $P; do i=$(stat -L -c %d:%i $p/exe 2>/dev/null) && echo "$i $p/exe"; done | sort -u -k 1,1 | sed 's/^[^ ]* //')
  fi
  # who is still there without a program: one that ended, or is about to, hides nothing
  rec alive
  for p in $P; do [ -e $p/exe ] || { read -r a <$p/stat && a=\${a##*\) } && printf '%s/alive:%s\0' $p "$a"; }; done 2>/dev/null
  rec hash
  if [ "$U" ]; then
    case $SF_HASH in openssl) openssl dgst -sha256 -r $U ;; sha256sum) sha256sum $U ;; esac 2>/dev/null
  fi
  printf '\0'
  # who began another program meanwhile: what was read of it is of two programs
  rec again
  if [ $FIND = printf ]; then find $D -maxdepth 0 -printf '%p:%l\0' 2>/dev/null
  else for p in $P; do l=$(readlink $p/exe 2>/dev/null) && printf '%s:%s\0' $p/exe "$l"; done; fi
  # and who began another and then the first again, as 'setsid sh' of a shell does: every program has its stack elsewhere (field 28)
  rec stack
  grep -aHoE '\) [A-Za-z]( -?[0-9]+){25}' $A 2>/dev/null | sed 's/:.* / /'
  printf '\0'
fi
`,
  parse: (frame, draft) => parseProcesses(frame.records(), draft),
};
