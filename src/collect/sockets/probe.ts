import type { Draft } from '../../core/draft.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { parseProcNet } from './parse.ts';

export const sockets: Probe = {
  name: 'sockets',
  about: 'listening TCP and bound UDP sockets, with the executable that holds each',
  asks: 'live',
  question: sh`
for n in tcp tcp6 udp udp6; do text $n /proc/net/$n; done
if [ "$R" ]; then :; else P=$(echo /proc/[0-9]*); fi
rec holders
S=fd
if [ $FIND = printf ]; then D=; for p in $P; do D="$D $p/fd"; done; [ "$D" ] && find $D -maxdepth 1 -lname 'socket:*' -printf '%p:%l\0' 2>/dev/null
else for p in $P; do for f in $p/fd/*; do l=$(readlink $f 2>/dev/null) && case $l in socket:*) printf '%s:%s\0' $f "$l" ;; esac; done; done; fi
`,
  parse(frame, draft) {
    const listening: { proto: string; address: string; port: number; inode: string }[] = [];
    const holder = new Map<string, number>();
    for (const record of frame.records()) {
      const table = /^(tcp6?|udp6?) /.exec(record);
      if (table?.[1])
        for (const socket of parseProcNet(table[1], record.slice(table[0].length))) listening.push(socket);
      const held = /^\/proc\/(\d+)\/fd\/\d+:socket:\[(\d+)\]$/.exec(record);
      if (held?.[2]) {
        const pid = Number(held[1]);
        const known = holder.get(held[2]);
        // A forked child shares its parent's socket: the oldest holder (lowest pid) stands for it.
        if (known === undefined || pid < known) holder.set(held[2], pid);
      }
    }
    draft.sockets = settle(listening, holder, draft);
  },
};

/** `proto address port executable`; a socket whose holder may not be seen is a gap, and has the executable `?`. */
function settle(
  listening: { proto: string; address: string; port: number; inode: string }[],
  holder: Map<string, number>,
  draft: Draft,
) {
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
