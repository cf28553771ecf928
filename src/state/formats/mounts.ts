import { maskWords } from '../../core/mask.ts';
import type { Format } from '../format.ts';
import { beforeComment, Facts, hash, lines, squeeze } from '../text.ts';

/** fstab(5). */
export const mounts: Format = {
  name: 'mounts',
  about: 'file systems that are mounted at start, with their options; passwords among them are not shown',
  paths: ['/etc/fstab'],
  comment: hash,
  facts(file) {
    const found = new Facts('all');
    for (const line of lines(file.text)) {
      const [device = '', point = '', type = '', options = ''] = squeeze(beforeComment(line)).split(' ');
      if (type === '') continue;
      const where = point === 'none' || type === 'swap' ? `${device} (swap)` : point;
      found.put({
        kind: 'mount',
        subject: `mount ${where}`,
        value: [maskWords(`${device} ${type} ${options}`.trim())],
        reason: 'it is mounted when the server starts',
      });
    }
    return found.list();
  },
};
