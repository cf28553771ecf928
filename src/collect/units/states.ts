import { escapeName } from '../../core/bytes.ts';
import type { Draft } from '../../core/draft.ts';
import type { UnitStateFact } from '../../core/running.ts';
import { sh } from '../sh.ts';

/**
 * Which units run, where systemd does (sd_booted(3)): as systemd says by `systemctl show`, whose properties are those of
 * org.freedesktop.systemd1(5), and by the control groups of processes, which need no tool. Of what runs, only names leave the
 * instance; in full, what failed, or ran since the start and does so no longer. Names that generators made at the start stand in no file of the image.
 * Records: `unit states LF lines`, `unit groups LF names`, `unit made NAME`, `more made`; a line `more` where there are too many.
 */
export const statesQuestion = sh`
if [ -z "$R" ] && [ -d /run/systemd/system ]; then
  if have systemctl && have awk; then
    T=; have timeout && T='timeout 20'
    printf 'unit states\n'
    $T systemctl show --no-pager -p Id -p Type -p Restart -p LoadState -p ActiveState -p SubState -p ConditionResult -p ActiveEnterTimestampMonotonic -p TriggeredBy '*.service' '*.timer' '*.socket' 2>/dev/null |
      awk 'function told() {
if (p["Id"] != "") {
if (p["ActiveState"] == "active" && p["SubState"] ~ /^(running|waiting|listening)$/) print "alive " p["Id"]
else if (p["ActiveState"] == "failed" || (p["ActiveState"] == "inactive" && p["ActiveEnterTimestampMonotonic"] > 0 && p["Type"] != "oneshot")) print "ended " all }
split("", p); all = "" }
/^$/ { told(); next }
{ i = index($0, "="); p[substr($0, 1, i - 1)] = substr($0, i + 1); all = all (all == "" ? "" : " ") $0 }
END { told() }' | upto 3000 300000
    printf '\0'
  fi
  printf 'unit groups\n'
  cat /proc/[0-9]*/cgroup 2>/dev/null | sed -n 's,^\(0:\|[0-9]*:name=systemd\):/system[.]slice/\(.*\)$,\2,p' | sed -e ':a' -e 's,^[^/]*[.]slice/,,' -e 'ta' -e 's,/.*,,' | grep -a '[.]service$' | sort -u | upto 3000 300000
  printf '\0'
  n=0
  for f in /run/systemd/generator/* /run/systemd/generator.early/* /run/systemd/generator.late/*; do
    case $f in *.service | *.timer | *.socket) ;; *) continue ;; esac
    n=$((n + 1)); [ $n -gt 500 ] && { rec 'more made'; break; }
    rec "unit made \${f##*/}"
  done
fi
`;

const name = /^[\w:.@\\-]{1,255}\.(?:service|timer|socket)$/;

/** The answer to {@link statesQuestion}; lines that do not follow it are left out: they prove nothing. */
export function parseStates(records: readonly string[], draft: Draft): void {
  const states = new Map<string, UnitStateFact>();
  let asked = false;
  for (const record of records) {
    const lf = record.indexOf('\n');
    const head = lf < 0 ? record : record.slice(0, lf);
    const lines = lf < 0 ? [] : record.slice(lf + 1).split('\n');
    if (head === 'unit groups' || head === 'unit states') asked = true;
    if (head === 'unit states' && lines.every((line) => line === ''))
      draft.gap('units', 'unreadable', 'systemctl did not say which units run (as root it would)');
    // Where names are missing, a unit may seem to have no file; where states are, the others hold all the same.
    if (head === 'more made')
      draft.cut('units', 'limit', 'of more than 500 units that generators made, the later ones were not looked at');
    if ((head === 'unit states' || head === 'unit groups') && lines.includes('more'))
      draft.gap('units', 'limit', 'of very many units, the states of some were not looked at');
    for (const line of lines) {
      const state = head === 'unit groups' ? alive(line) : head === 'unit states' ? stateOf(line) : undefined;
      if (state && !states.has(state.name)) states.set(state.name, state);
    }
    const made = head.startsWith('unit made ') ? head.slice('unit made '.length) : '';
    if (name.test(made)) draft.running.madeUnits = [...(draft.running.madeUnits ?? []), escapeName(made)];
  }
  if (asked) draft.running.unitStates = [...states.values()];
}

function alive(id: string): UnitStateFact | undefined {
  return name.test(id) ? { name: escapeName(id), state: 'alive' } : undefined;
}

function stateOf(line: string): UnitStateFact | undefined {
  if (line.startsWith('alive ')) return alive(line.slice('alive '.length));
  if (!line.startsWith('ended ')) return undefined;
  const said = new Map(
    line
      .slice('ended '.length)
      .split(' ')
      .map((word) => [word.replace(/=.*/s, ''), word.slice(word.indexOf('=') + 1)]),
  );
  const id = said.get('Id') ?? '';
  const state = said.get('ActiveState');
  if (!name.test(id) || (state !== 'failed' && state !== 'inactive')) return undefined;
  return {
    name: escapeName(id),
    state: state === 'failed' ? 'failed' : 'stopped',
    type: escapeName(said.get('Type') ?? ''),
    restarts: said.get('Restart') === 'always',
    ran: Number(said.get('ActiveEnterTimestampMonotonic')) > 0,
    conditions: said.get('ConditionResult') !== 'no',
    triggered: (said.get('TriggeredBy') ?? '') !== '',
  };
}
