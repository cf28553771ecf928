import type { Draft } from '../../core/draft.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { type ListedSocket, parseAbstract, parseProcNet } from './parse.ts';

export const sockets: Probe = {
  name: 'sockets',
  about:
    'listening TCP and SCTP and bound UDP sockets, raw and packet sockets, listening abstract sockets, with the executable that holds each',
  source: '`/proc/net/{tcp,tcp6,udp,udp6,raw,raw6,packet,unix,sctp}`, `/proc/PID/fd`',
  needs: "holders of others' sockets: root or CAP_SYS_PTRACE",
  cost: '60 ms, 0.1 KB a socket',
  asks: 'live',
  question: sh`
# a table of which there is only the head needs no process
table() { [ ! -r "$2" ] || { { IFS= read -r h && IFS= read -r l; } <"$2" && text $1 "$2"; } 2>/dev/null || rec $1 "$h"; }
nets() { for n in tcp tcp6 udp udp6 raw raw6 packet; do table $n $1/$n; done; table sctp $1/sctp/eps; }
[ "$HALF" ] && SF_HURT=1
nets /proc/net
printf 'unix\n'; grep -aE '^[^ ]+ [^ ]+ [^ ]+ 00010000 .* @' /proc/net/unix 2>/dev/null | upto 2000 500000; printf '\0'
# services with a network of their own; not those of containers
if [ -z "$R" ] && [ "$O" ]; then
  for p in $({ for p in $O; do echo $p; done; printf '%s\n' "$NS"; } | awk -F: -v own="/proc/\${SF_SELF:-$$}/ns/net" '
NF==1{mine[$1];next}
$1==own{seen[$3]}
$1~/net$/{split($1,w,"/");p="/proc/" w[3];if(p in mine&&!(p in net)){net[p]=$3;o[++n]=p}}
END{for(i=1;i<=n;i++){p=o[i];if(!(net[p] in seen)){seen[net[p]];if(k++<64)print p;else{print "more";exit}}}}'); do
    [ $p = more ] && { rec 'more networks'; break; }
    nets $p/net
  done
fi
[ "$R" ] || P=$(echo /proc/[0-9]*)
count $P
# as many as are looked at as processes
[ $n -le 50000 ] || { rec 'more holders'; P=$(printf '%s\n' $P | head -n 50000); }
rec holders
ending D /fd $P
if [ $FIND = printf ]; then [ "$D" ] && find $D -maxdepth 1 -lname 'socket:*' -printf '%p:%l\0' 2>/dev/null
else for p in $P; do for f in $p/fd/*; do l=$(readlink $f 2>/dev/null) && case $l in socket:*) printf '%s:%s\0' $f "$l" ;; esac; done; done; fi
`,
  parse(frame, draft) {
    const listening: ListedSocket[] = [];
    const holder = new Map<string, number>();
    const held = new Map<number, number>();
    let unlisted = false;
    for (const record of frame.records()) {
      const table = /^(tcp6?|udp6?|raw6?|packet|sctp) /.exec(record);
      if (table?.[1])
        for (const socket of parseProcNet(table[1], record.slice(table[0].length))) listening.push(socket);
      else if (record === 'more networks')
        draft.cut('sockets', 'limit', 'of more than 64 name spaces of networks, the later ones were not looked at');
      else if (record === 'more holders') {
        unlisted = true;
        draft.cut('sockets', 'limit', 'sockets of more than 50000 processes: those of the later ones are unknown');
      } else if (record.startsWith('unix\n')) draft.running.abstractSockets = parseAbstract(record);
      const [, process, inode] = /^\/proc\/(\d+)\/fd\/\d+:socket:\[(\d+)\]$/.exec(record) ?? [];
      if (inode) {
        const pid = Number(process);
        held.set(pid, (held.get(pid) ?? 0) + 1);
        const known = holder.get(inode);
        // A forked child shares its parent's socket: the oldest holder (lowest pid) stands for it.
        if (known === undefined || pid < known) holder.set(inode, pid);
      }
    }
    for (const process of draft.processes ?? []) {
      const count = held.get(process.pid);
      if (count !== undefined) process.openSockets = count;
    }
    draft.sockets = settle(unlisted ? listening.filter(({ inode }) => holder.has(inode)) : listening, holder, draft);
  },
};

/** `proto address port executable`; a socket whose holder may not be seen is a gap, and has the executable `?`. */
function settle(listening: ListedSocket[], holder: Map<string, number>, draft: Draft) {
  const exeOf = new Map((draft.processes ?? []).map((p) => [p.pid, p.exe]));
  const found = new Map<string, string>();
  let unseen = 0;
  for (const socket of listening) {
    const pid = holder.get(socket.inode);
    if (pid === undefined && draft.strip > 0) continue;
    const exe = pid === undefined ? undefined : exeOf.get(pid);
    if (exe === undefined) unseen++;
    found.set(`${socket.proto} ${socket.address} ${socket.port} ${exe ?? '?'}`, '');
  }
  if (unseen > 0 && draft.os.uid !== 0) {
    draft.gap(
      'sockets',
      'permission',
      `the processes behind ${unseen} listening sockets may not be seen by this account (root may)`,
    );
  }
  return found;
}
