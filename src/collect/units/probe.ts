import { escapeName } from '../../core/bytes.ts';
import { maskWords } from '../../core/mask.ts';
import type { UnitFact } from '../../core/running.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { parseStates, statesQuestion } from './states.ts';

const shape = /^unit (\/run\/systemd\/(?:transient|system)\/([^/\n]+\.(?:service|timer|socket|path)))\n/;

/** One record `unit PATH LF text`; secrets in commands are not kept. */
export function parseUnit(record: string): UnitFact | undefined {
  const match = shape.exec(record);
  if (!match) return undefined;
  const lines = record.slice(match[0].length).split('\n');
  const commands = lines.flatMap((line) => /^Exec(?:Start|StartPre|StartPost)=(.+)$/.exec(line)?.[1] ?? []);
  return {
    path: escapeName(match[1] ?? ''),
    name: escapeName(match[2] ?? ''),
    commands: commands.slice(0, 5).map((command) => escapeName(maskWords(command.slice(0, 500)))),
  };
}

export const units: Probe = {
  name: 'units',
  about:
    'systemd units that were made at run time (systemd-run, systemctl edit --runtime), that run, that failed, and that ran and were stopped',
  source: '`/run/systemd/{transient,system,generator*}`, `systemctl show`, `/proc/PID/cgroup`',
  needs: 'anybody',
  cost: '50 ms and 2 KB under systemd',
  asks: 'live',
  question:
    sh`
if [ -z "$R" ]; then
  n=0
  for f in /run/systemd/transient/*.service /run/systemd/transient/*.timer /run/systemd/transient/*.socket /run/systemd/transient/*.path \
    /run/systemd/system/*.service /run/systemd/system/*.timer /run/systemd/system/*.socket /run/systemd/system/*.path; do
    [ -f "$f" ] && [ ! -L "$f" ] || continue
    n=$((n + 1)); [ $n -gt 300 ] && { rec 'more units'; break; }
    printf 'unit %s\n' "$f"; head -c 4096 "$f" 2>/dev/null | tr -d '\000'; printf '\0'
  done
fi
` + statesQuestion,
  parse(frame, draft) {
    const records = frame.records();
    draft.running.units = records.flatMap((record) => parseUnit(record) ?? []);
    parseStates(records, draft);
    if (records.includes('more units'))
      draft.cut('units', 'limit', 'of more than 300 units in /run, the later ones were not read');
  },
};
