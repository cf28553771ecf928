import type { Probe } from '../probe.ts';
import { sh } from '../sh.ts';
import { parseAccounts, parseShadow } from './parse.ts';

export const accounts: Probe = {
  name: 'accounts',
  about: 'accounts and groups, with the state of each password (never the password)',
  source: '`/etc/{passwd,group,shadow}`',
  needs: 'state of passwords: root',
  cost: 'a few ms, 60 bytes an account',
  asks: 'always',
  question: sh`
text passwd "$R/etc/passwd"
text group "$R/etc/group"
if plain "$R/etc/shadow" && ! closed "$R/etc/shadow"; then
  while IFS=: read -r n p x || [ "$n" ]; do
    case $p in
      '') s=none d=- ;;
      '!'* | '*'*) s=locked d=- ;;
      *) s=set d=$(printf %s "$p" | hash1) ;;
    esac
    rec "shadow $n:$s:$d"
  done 2>/dev/null <"$R/etc/shadow" || rec "unreadable /etc/shadow"
elif [ -e "$R/etc/shadow" ]; then rec "unreadable /etc/shadow"
fi
`,
  parse(frame, draft) {
    let passwd = '';
    let group = '';
    const shadow = new Map<string, string>();
    for (const record of frame.records()) {
      const space = record.indexOf(' ');
      const name = record.slice(0, space);
      const value = record.slice(space + 1);
      if (name === 'passwd') passwd = value;
      else if (name === 'group') group = value;
      else if (name === 'unread')
        draft.cut(
          'accounts',
          'permission',
          `/etc/${value === 'group' ? 'group' : 'passwd'} may not be read by this account: what it holds is unknown`,
        );
      else if (name === 'shadow') parseShadow(value, shadow);
      else if (name === 'unreadable') {
        draft.gap('accounts', 'permission', '/etc/shadow may not be read by this account: password states are unknown');
        draft.shadowUnknown = true;
      }
    }
    // The passwords come last: in an answer that is cut, those not mentioned are unknown, not missing.
    if (!frame.whole) draft.shadowUnknown = true;
    draft.accounts = parseAccounts(passwd, group, draft.shadowUnknown ? undefined : shadow);
  },
};
