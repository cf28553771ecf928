import { escapeName } from '../../core/bytes.ts';
import type { LoginFact } from '../../core/running.ts';
import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { unpack } from '../unpack.ts';
import { parseUtmp } from './utmp.ts';

/** A session as systemd-logind keeps it in /run/systemd/sessions: only people who have a terminal. */
export function parseSession(text: string): LoginFact | undefined {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  const terminal = value('TTY');
  if (terminal === '' || value('CLASS') !== 'user' || value('USER') === '') return undefined;
  const at = Number(value('REALTIME')) / 1e6;
  return {
    user: escapeName(value('USER')),
    terminal: escapeName(terminal),
    from: escapeName(value('REMOTE_HOST')),
    at: Number.isFinite(at) ? Math.floor(at) : 0,
  };
}

export const people: Probe = {
  name: 'people',
  about: 'who sat at a terminal since the server started: utmp, wtmp and the sessions of systemd-logind',
  source: '`/run/utmp`, `/var/log/wtmp`, `/run/systemd/sessions`',
  needs: 'anybody',
  cost: '20 ms; 0.4 KB a login',
  asks: 'live',
  question: sh`
if [ -z "$R" ]; then
  rec "boot $(sed -n 's/^btime //p' /proc/stat 2>/dev/null)"
  pack() { if have gzip; then gzip -c; else cat; fi | od -An -v -tx1 | tr -d ' \n'; }
  # whole records, whether these have 384 or 400 bytes
  for f in /run/utmp /var/log/wtmp; do
    if [ -f $f ] && [ ! -r $f ]; then rec "unreadable $f"
    elif [ -s $f ]; then printf 'logins '; tail -c 76800 $f 2>/dev/null | pack 2>/dev/null; printf '\0'; fi
  done
  n=0
  for f in /run/systemd/sessions/*; do
    [ -f "$f" ] || continue
    case $f in *.ref) continue ;; esac
    n=$((n + 1)); [ $n -gt 200 ] && { rec 'more sessions'; break; }
    printf 'session '; grep -aE '^(USER|TTY|CLASS|REMOTE_HOST|REALTIME)=' "$f" 2>/dev/null | head -c 2000 | tr -d '\000'; printf '\0'
  done
fi
`,
  parse(frame, draft) {
    let boot = 0;
    const found: LoginFact[] = [];
    for (const record of frame.records()) {
      const space = record.indexOf(' ');
      const word = record.slice(0, space);
      const rest = record.slice(space + 1);
      if (word === 'boot') boot = Number(rest) || 0;
      else if (word === 'logins') for (const login of parseUtmp(unpack(rest), draft.os.arch)) found.push(login);
      else if (word === 'session') found.push(...[parseSession(rest) ?? []].flat());
      else if (record === 'more sessions')
        draft.gap('people', 'limit', 'of more than 200 sessions, the later ones were not looked at');
      else if (word === 'unreadable')
        draft.gap(
          'people',
          'permission',
          `${escapeName(rest)} may not be read by this account: who logged in is unknown`,
        );
    }
    // What came before this start is the image's, or of another life of this server. Clocks are set while a server starts.
    draft.running.logins = found.filter(({ at }) => at === 0 || at >= boot - 60);
  },
};
