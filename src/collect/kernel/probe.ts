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

/** `PATH:VALUE` lines of /proc/sys; what is not of that form, such as the second line of a value, is left out. */
function parseSettings(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^([a-z0-9_/]+):(.{0,500})/.exec(line) ?? [];
    const name = key.replaceAll('/', '.');
    if (name !== '' && !found.has(name)) found.set(name, escapeName(value.trim().replace(/\s+/g, ' ')));
  }
  return found;
}

export const kernel: Probe = {
  name: 'kernel',
  about: 'loaded modules, taint, command line and security settings of the running kernel',
  source: '`/proc/modules`, `/proc/cmdline`, `/proc/sys`',
  needs: 'anybody; a few settings: root',
  cost: '20 ms, 2 KB',
  asks: 'live',
  question: sh`
if [ -z "$R" ]; then
  [ -r /proc/modules ] && { printf 'modules '; upto 4000 500000 </proc/modules 2>/dev/null; printf '\0'; }
  for f in taint:/proc/sys/kernel/tainted command:/proc/cmdline; do whole \${f#*:}; [ "$LINE" ] && rec \${f%%:*} "$LINE"; done
  printf 'settings\n'
  cd /proc/sys && grep -aH '' kernel/randomize_va_space kernel/kptr_restrict kernel/dmesg_restrict kernel/perf_event_paranoid kernel/yama/ptrace_scope kernel/sysrq kernel/modules_disabled kernel/kexec_load_disabled kernel/unprivileged_bpf_disabled kernel/unprivileged_userns_clone kernel/core_pattern kernel/modprobe kernel/hotplug \
    fs/suid_dumpable fs/protected_hardlinks fs/protected_symlinks fs/protected_fifos fs/protected_regular vm/mmap_min_addr vm/unprivileged_userfaultfd user/max_user_namespaces \
    net/ipv4/ip_forward net/ipv4/tcp_syncookies net/ipv6/conf/all/forwarding \
    net/ipv4/conf/all/rp_filter net/ipv4/conf/all/accept_redirects net/ipv4/conf/all/send_redirects net/ipv4/conf/all/accept_source_route net/ipv4/conf/all/log_martians \
    net/ipv4/conf/default/rp_filter net/ipv4/conf/default/accept_redirects net/ipv4/conf/default/send_redirects net/ipv4/conf/default/accept_source_route net/ipv4/conf/default/log_martians 2>/dev/null
  cd / && printf '\0'
fi
`,
  parse(frame, draft) {
    const facts: KernelFacts = { modules: new Map(), taint: 0, commandLine: '', settings: new Map() };
    const records = frame.records();
    for (const record of records) {
      const [word = ''] = record.split(' ', 1);
      const rest = record.slice(word.length + 1);
      if (word === 'modules') {
        facts.modules = parseModules(rest);
        if (/^more$/m.test(rest))
          draft.gap('kernel', 'limit', 'of more than 4000 modules, the later ones were not looked at');
      } else if (word === 'taint') facts.taint = /^\d{1,15}$/.test(rest.trim()) ? Number(rest) : 0;
      else if (word === 'command') facts.commandLine = escapeName(rest.trim().slice(0, 4096));
      else if (record.startsWith('settings\n')) facts.settings = parseSettings(record);
    }
    if (records.length > 0) draft.running.kernel = facts;
  },
};
