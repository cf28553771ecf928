import { escapeName } from '../../core/bytes.ts';
import type { KernelFacts } from '../../core/running.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';

/** /proc/modules (proc(5)): `name size users dependants state address (taint)`. */
export function parseModules(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name = '', taint = ''] = /^([A-Za-z0-9_-]{1,64}) \d+ -?\d+ .*?(?:\(([A-Z+-]+)\))?$/.exec(line) ?? [];
    if (name !== '') found.set(name.replaceAll('-', '_'), taint.replace(/[+-]/g, ''));
  }
  return found;
}

export const kernel: Probe = {
  name: 'kernel',
  about: 'loaded modules, taint, command line and security settings of the running kernel',
  source: '`/proc/modules`, `/proc/cmdline`, `/proc/sys`',
  needs: 'anybody; a few settings: root',
  cost: '0.2 s, 2 KB',
  asks: 'live',
  question: sh`
if [ -z "$R" ]; then
  [ -r /proc/modules ] && { printf 'modules '; head -c 200000 /proc/modules 2>/dev/null | tr -d '\000'; printf '\0'; }
  text taint /proc/sys/kernel/tainted
  text command /proc/cmdline
  for k in kernel/randomize_va_space kernel/kptr_restrict kernel/dmesg_restrict kernel/perf_event_paranoid kernel/yama/ptrace_scope kernel/sysrq kernel/modules_disabled kernel/kexec_load_disabled kernel/unprivileged_bpf_disabled kernel/unprivileged_userns_clone kernel/core_pattern kernel/modprobe kernel/hotplug \
    fs/suid_dumpable fs/protected_hardlinks fs/protected_symlinks fs/protected_fifos fs/protected_regular vm/mmap_min_addr vm/unprivileged_userfaultfd user/max_user_namespaces \
    net/ipv4/ip_forward net/ipv4/tcp_syncookies net/ipv6/conf/all/forwarding; do
    [ -r /proc/sys/$k ] && printf 'set %s %s\0' $k "$(head -c 500 /proc/sys/$k 2>/dev/null | tr -d '\000')"
  done
  for k in rp_filter accept_redirects send_redirects accept_source_route log_martians; do
    for c in all default; do [ -r /proc/sys/net/ipv4/conf/$c/$k ] && printf 'set net/ipv4/conf/%s/%s %s\0' $c $k "$(cat /proc/sys/net/ipv4/conf/$c/$k 2>/dev/null)"; done
  done
fi
`,
  parse(frame, draft) {
    const facts: KernelFacts = { modules: new Map(), taint: 0, commandLine: '', settings: new Map() };
    const records = frame.records();
    for (const record of records) {
      const [word = '', key = ''] = record.split(' ', 2);
      const rest = record.slice(word.length + 1);
      if (word === 'modules') facts.modules = parseModules(rest);
      else if (word === 'taint') facts.taint = /^\d{1,15}$/.test(rest.trim()) ? Number(rest) : 0;
      else if (word === 'command') facts.commandLine = escapeName(rest.trim().slice(0, 4096));
      else if (word === 'set' && /^[a-z0-9_/]+$/.test(key)) {
        const value = rest
          .slice(key.length + 1)
          .trim()
          .replace(/\s+/g, ' ');
        facts.settings.set(key.replaceAll('/', '.'), escapeName(value));
      }
    }
    if (records.length > 0) draft.running.kernel = facts;
  },
};
