import type { Format } from '../format.ts';
import { baseName, beforeComment, Facts, hash, lines, squeeze } from '../text.ts';

/** login.defs(5), securetty(5), shells(5), nsswitch.conf(5). */
export const login: Format = {
  name: 'login',
  about: 'name services, login defaults, login shells, terminals of root',
  paths: ['/etc/{nsswitch.conf,login.defs,shells,securetty}'],
  comment: hash,
  facts(file) {
    const name = baseName(file.path);
    const found = new Facts();
    for (const line of lines(file.text)) {
      const text = squeeze(beforeComment(line));
      const [, key = '', value = ''] =
        (name === 'nsswitch.conf' ? /^([a-z_]+) ?: ?(.*)$/ : /^(\S+) ?(.*)$/).exec(text) ?? [];
      if (key === '') continue;
      if (name === 'nsswitch.conf')
        found.put({
          kind: 'setting',
          subject: `name service ${key}`,
          value,
          reason: 'it decides where names of accounts and hosts come from',
        });
      else if (name === 'login.defs')
        found.put({
          kind: 'setting',
          subject: `login default ${key}`,
          value,
          reason: 'it decides how accounts are made and how people log in',
        });
      else if (name === 'shells')
        found.put({
          kind: 'setting',
          subject: `login shell ${text}`,
          value: '',
          reason: 'accounts with this shell may log in',
        });
      else found.put({ kind: 'setting', subject: `root terminal ${text}`, value: '', reason: 'root may log in there' });
    }
    return found.list();
  },
};
