import type { NotificationItem, Sink } from '../../core/notify.ts';
import { post } from '../http.ts';
import { insecure, reference, settingsOf } from '../settings.ts';
import { headline, itemLine, moreLine } from '../text.ts';

/** Limits of Block Kit: characters of a header, of a text in a section, blocks in a message. */
const limits = { header: 150, text: 3000, blocks: 50 };

/** Slack and those that speak its incoming webhooks (Mattermost, Rocket.Chat...). The url is a secret: who has it may post. */
export const slack: Sink = {
  name: 'slack',
  about: 'posts to an incoming webhook of Slack, or of what is compatible with it',
  settings: settingsOf(['url'], {
    url: reference('address of the incoming webhook'),
    channel: { type: 'string', minLength: 1, description: 'only where the webhook lets one choose' },
    insecure,
  }),
  shape: { items: 20, instances: 10 },
  async send(message, settings, { signal, secret }) {
    const { url, channel, insecure: open } = settings as { url: string; channel?: string; insecure?: boolean };
    const head = safe(headline(message), limits.header);
    const more = moreLine(message);
    const lines = [...message.items.map(textOf), ...(more ? [more] : [])].slice(0, limits.blocks - 2);
    const body = {
      ...(channel === undefined ? {} : { channel }),
      // For notifications, and for servers that know no blocks: no markup, no names to link.
      text: [escaped(head), ...(lines.length > 0 ? [fenced(lines)] : [])].join('\n'),
      mrkdwn: false,
      link_names: false,
      blocks: [
        { type: 'header', text: block(head) },
        ...lines.map((line) => ({ type: 'section', text: block(safe(line, limits.text)) })),
        { type: 'context', elements: [block(safe(`scan ${message.scan.id}, ${message.at}`, limits.text))] },
      ],
    };
    await post({ url: await secret(url), body: JSON.stringify(body), signal, insecure: open ?? false });
    return undefined;
  },
};

/** Plain text has no markup; without `emoji` it has no `:names:` either. */
const block = (text: string) => ({ type: 'plain_text', text, emoji: false });

const marks: Record<NotificationItem['kind'], string> = { new: '●', worse: '▲', resolved: '✓' };

function textOf(item: NotificationItem): string {
  const reason = item.reason === '' ? '' : `\n${item.reason.slice(0, 300)}`;
  return `${marks[item.kind]} ${itemLine(item)}${reason}`;
}

/** Compatible servers look for mentions in any text: a zero-width space behind the sign makes it none. */
function safe(text: string, most: number): string {
  const quiet = text.replaceAll('@', '@\u200b');
  return quiet.length > most ? `${quiet.slice(0, most - 1)}…` : quiet;
}

/** In a block of code nothing is markup, and nobody is called; no line may end it. */
function fenced(lines: string[]): string {
  const text = safe(lines.join('\n'), limits.text).replaceAll('`', "'");
  return `\`\`\`\n${escaped(text)}\n\`\`\``;
}

/** What Slack asks to have escaped; `<!channel>` and links begin with `<`. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
