import { display } from '../core/bytes.ts';
import type { Finding } from '../core/finding.ts';
import { readStream } from '../fingerprint/stream.ts';
import type { AllowRule } from '../schema/rules.ts';
import type { Case } from './case.ts';
import { type Compiled, compileRule, type Subject } from './compile.ts';
import { makeFinding } from './make.ts';

/** `tcp 0.0.0.0 22 /usr/sbin/sshd` taken apart. */
function parseSocket(key: string): Required<Pick<Subject, 'protocol' | 'address' | 'port' | 'executable'>> {
  const [protocol = '', address = '', port = '', ...executable] = key.split(' ');
  return { protocol, address, port: Number(port), executable: executable.join(' ') };
}

/**
 * Listening sockets are judged where there is something to judge them by: the sockets of the golden instance that the
 * manifest was captured from, or `allow` rules of the policy (then what none of them allows breaks the whitelist).
 */
export function judgeSockets(the: Case): Finding[] {
  if (!the.live.sockets) return [];
  const rules = the.policy.allow.filter((r) => r.rule.fact === 'socket');
  const golden = the.image.sockets
    ? new Set(Array.from(readStream(the.image.sockets), ([key]) => withoutExecutable(key)))
    : undefined;
  // The sniffers that our own rules allow are no whitelist of ports.
  const listed = rules.some(({ rule }) => !rule.protocols?.every((protocol) => sniffing.has(protocol)));
  // Whose socket it is may be what this account, or this time, does not tell: that is a gap, and no other program.
  const blind = the.live.gaps.some(({ probe }) => probe === 'sockets' || probe === 'processes');
  const allows = (rule: Compiled<AllowRule>, socket: Subject) =>
    rule.matches(socket) || (blind && socket.executable === '?' && matchesButForProgram(rule.rule, socket));
  const findings: Finding[] = [];
  for (const [key] of readStream(the.live.sockets)) {
    const socket = parseSocket(key);
    const denied = the.policy.deny.find((r) => r.rule.fact === 'socket' && r.matches(socket));
    if (denied) {
      findings.push(make(the, key, denied.rule.severity, denied.rule.id, denied.rule.reason));
      continue;
    }
    if (sniffing.has(socket.protocol)) {
      if (!golden?.has(withoutExecutable(key)) && !rules.some((r) => allows(r, socket)))
        findings.push(sniffer(the, key));
      continue;
    }
    if ((!golden && !listed) || golden?.has(withoutExecutable(key)) || rules.some((r) => allows(r, socket))) continue;
    const open = socket.address !== '127.0.0.1' && socket.address !== '::1';
    const reason = golden
      ? 'a port is open that the golden instance does not have open'
      : 'a port is open that no allow rule of the policy lists';
    findings.push(make(the, key, open ? 'high' : 'medium', 'socket/not-allowed', reason));
  }
  return findings;
}

function matchesButForProgram({ executables: _, ...rule }: AllowRule, socket: Subject): boolean {
  return compileRule<AllowRule>(rule).matches(socket);
}

/** Sockets that see, or make, whatever goes over the network: no server listens with them. */
const sniffing = new Set(['raw', 'raw6', 'packet']);

function sniffer(the: Case, key: string): Finding {
  const { executable } = parseSocket(key);
  const who = executable === '?' ? 'a program' : display(executable).text;
  return make(the, key, 'high', 'socket/sniffing', `${who} reads or makes packets of the network below TCP and UDP`);
}

function withoutExecutable(key: string): string {
  return key.split(' ', 3).join(' ');
}

function make(the: Case, key: string, severity: Finding['severity'], rule: string, reason: string): Finding {
  const { protocol, address, port, executable } = parseSocket(key);
  return makeFinding(the.instance.id, 'socket', 'violates', `${protocol} ${address}:${port}`, {
    severity,
    disposition: 'violation',
    rule,
    reason,
    controls: ['NIST 800-53 CM-7'],
    after: { protocol, address, port, executable: executable === '?' ? 'unknown' : executable },
  });
}
