import type { AnyAuthMethod, AuthHandlerMiddleware, Prompt } from 'ssh2';
import { ReachError } from '../../core/errors.ts';
import { saying } from '../text.ts';
import type { Identities } from './identity.ts';

/** One login: what to offer in turn, and the story of what became of it. */
export interface Login {
  handler: AuthHandlerMiddleware;
  /** What was offered last: after a login, what opened the door. */
  method(): string;
  /** The error for a login that failed; `said` is what the server gave as its reason, if anything. */
  failure(address: string, said?: string): ReachError;
}

interface Offer {
  label: string;
  /** The SSH names of the methods it can serve, best first. */
  methods: string[];
  make(method: string): AnyAuthMethod;
}

/**
 * Offers each key once and then the password once, on one connection, passing over what the server does not take: a
 * server counts each offer (MaxAuthTries, usually 6) and an account may be locked for a wrong password offered twice.
 */
export function login(user: string, { keys, unusable }: Identities, password: string | undefined): Login {
  const tried: string[] = [];
  const questions: string[] = [];
  let takes: string[] = [];
  let current: string | undefined;
  const offers: Offer[] = keys.map(({ label, offer }) => ({ label, methods: ['publickey'], make: () => offer(user) }));
  if (password !== undefined) {
    offers.push({
      label: 'password',
      methods: ['password', 'keyboard-interactive'],
      make: (method) =>
        method === 'password'
          ? { type: 'password', username: user, password }
          : { type: 'keyboard-interactive', username: user, prompt: answerer(password, questions) },
    });
  }

  const handler: AuthHandlerMiddleware = (left: string[] | null, partial, next) => {
    if (current) tried.push(`${current}: ${partial ? `accepted, but ${left?.join(' or ')} is wanted too` : 'refused'}`);
    current = undefined;
    if (left) takes = left;
    for (let offer = offers.shift(); offer; offer = offers.shift()) {
      const method = offer.methods.find((name) => left?.includes(name) ?? name === 'publickey');
      if (method) {
        current = offer.label;
        return next(offer.make(method));
      }
      if (!left) {
        // "none" is free of charge and makes the server name what it takes.
        offers.unshift(offer);
        return next({ type: 'none', username: user });
      }
      tried.push(`${offer.label}: not offered`);
    }
    // The types of ssh2 forget `false`, its word for "nothing more".
    return next((left ? false : 'none') as 'none');
  };
  return {
    handler,
    method: () => current ?? '',
    failure(address, said) {
      const story = [...tried, ...(current ? [`${current}: refused`] : []), ...unusable];
      const parts = [
        `${address} does not let ${user} in`,
        ...(said ? [`it says "${saying(said)}"`] : []),
        story.length > 0 ? `tried ${story.join('; ')}` : 'there is no key and no password to try',
        ...(takes.length > 0 ? [`it takes ${saying(takes.join(', '))}`] : []),
        ...(questions.length > 0 ? [`it asked "${questions.map((text) => saying(text, 60)).join('", "')}"`] : []),
      ];
      return new ReachError('auth', parts.join('; '), advice(said ?? '', story, takes));
    },
  };
}

function advice(said: string, story: readonly string[], takes: readonly string[]): string {
  if (/too many/i.test(said))
    return 'name the right key with reach.identityFiles, and set IdentitiesOnly yes for this host';
  if (story.some((line) => line.includes(beyond)))
    return "the system's own client can: reach.sshClient: openssh (--ssh-client openssh)";
  if (takes.includes('gssapi-with-mic') && !takes.includes('publickey'))
    return 'for Kerberos (GSSAPI) use reach.sshClient: openssh (--ssh-client openssh)';
  return story.length === 0
    ? 'name a key with reach.identityFiles, start an ssh-agent, or give reach.password by reference'
    : 'try the same with: ssh -v, and look at the log of sshd on the instance';
}

/** What the story of a login says of something that ssh2 has no word for. */
export const beyond = 'which the built-in client cannot use';

/** Answers the first question for a password, and no other question: a one-time code is nothing we have. */
function answerer(password: string, questions: string[]) {
  let given = false;
  return (
    _name: string,
    _text: string,
    _language: string,
    prompts: Prompt[],
    finish: (answers: string[]) => void,
  ): void => {
    finish(
      prompts.map(({ prompt, echo }) => {
        if (!echo && !given && /password/i.test(prompt)) {
          given = true;
          return password;
        }
        if (questions.length < 4) questions.push(prompt);
        return '';
      }),
    );
  };
}
