import type { Ask, Expected } from '../core/ask.ts';
import { printable } from '../core/bytes.ts';
import { Draft } from '../core/draft.ts';
import type { GapReason } from '../core/facts.ts';
import type { Answer, ProgramArguments, Session, SessionInput } from '../core/ports.ts';
import { hello, splitFrames } from './frames.ts';
import type { Probe } from './probe.ts';
import { composeProgram } from './program.ts';

/**
 * Asks all probes in one session, one program, one round trip. Gives what takes the answer apart: that takes many times
 * its size for a moment. Neither throws for what the instance answers.
 */
export async function listen(
  session: Session,
  probes: Probe[],
  args: ProgramArguments,
  onBytes?: (total: number) => void,
  ask?: Ask,
): Promise<() => Draft> {
  const answer = await session.run(composeProgram(probes), args, onBytes, ask && inputOf(ask));
  return () => readAnswer(answer, probes, args, ask);
}

/** The same, taken apart at once. */
export async function collect(...asked: Parameters<typeof listen>): Promise<Draft> {
  return (await listen(...asked))();
}

/** The ask as the program reads it; see files/buckets-question.ts. */
export function inputOf({
  depth,
  scratch,
  largestFile,
  mostBytes,
  cpuShare,
  remember,
  salt,
  expected,
  seconds,
}: Ask): SessionInput {
  const head = `SNOWFENCE-ASK 1 ${salt} ${depth} ${scratch} ${largestFile} ${remember ? 'yes' : 'no'} ${mostBytes} ${cpuShare}${seconds ? ` ${seconds}` : ''}`;
  return { after: `\0${hello}`, bytes: Buffer.from([head, ...linesOf(expected), '.', ''].join('\n')) };
}

function linesOf(expected: Expected | undefined): string[] {
  return (expected?.digests ?? []).map((digest, i) => {
    const content = expected?.again?.get(i);
    if (content !== undefined) return `${digest} ${content}`;
    const checks = expected?.checks?.get(i) ?? [];
    return [digest, ...checks.map(({ line, sha256 }) => `${line}=${sha256}`)].join(' ');
  });
}

/** Most records and lines of one probe but `files`, which counts its own. The files of 5,000 packages are about a million. */
const mostPieces = 2_000_000;

/** Pure: an answer to facts and gaps. */
export function readAnswer(answer: Answer, probes: Probe[], args: ProgramArguments, ask?: Ask): Draft {
  const asked = probes.filter((probe) => probe.asks === 'always' || args.mode === 'live');
  const { readAt, root, frames, broken } = splitFrames(
    answer.stdout,
    asked.map((probe) => probe.name),
  );
  const draft = new Draft(root || Buffer.from(args.root).toString('latin1'));
  draft.readAt = readAt;
  draft.since = args.since;
  draft.ask = ask;
  draft.answerBytes = answer.stdout.length;
  for (const probe of asked) {
    const frame = frames.get(probe.name);
    if (frame && draft.lacks.length > 0 && !probe.flows)
      draft.cut(
        probe.name,
        'tool-missing',
        `does not work on the instance: ${draft.lacks.join(', ')}; what it would list is unknown`,
      );
    // Halves are taken for facts by nobody; but who it is, and the keys that it was launched with, keep others from being told.
    else if (frame?.hurt && probe.name !== 'os') continue;
    else if (frame && probe.name !== 'files' && frame.hasMoreThan(mostPieces))
      draft.cut(probe.name, 'limit', `the answer has more than ${mostPieces} records and lines, and was not read`);
    else if (frame) probe.parse(frame, draft);
  }
  const why = whyBroken(answer);
  if (broken.size === asked.length) {
    for (const probe of asked) draft.partial.add(probe.name);
    const first = [...broken.values()][0];
    draft.gap(
      'connect',
      why?.reason ?? first?.reason ?? 'garbled',
      why?.detail ?? `${first?.detail ?? ''}${said(answer)}`,
    );
  } else {
    for (const [name, { reason, detail }] of broken) {
      // The probe saw the same from inside, but only the transport knows why.
      draft.gaps = draft.gaps.filter((gap) => gap.probe !== name || gap.reason !== 'cut');
      draft.cut(name, why?.reason ?? reason, why ? `${detail}: ${why.detail}` : detail);
    }
  }
  return draft;
}

/** Why an answer is not whole, when the transport knows. */
function whyBroken(answer: Answer): { reason: GapReason; detail: string } | undefined {
  if (answer.refused) return answer.refused;
  switch (answer.ended) {
    case 'cut':
      return { reason: 'cut', detail: 'the connection was lost while the program ran' };
    case 'timeout':
      return { reason: 'timeout', detail: 'the time limit for the whole instance ran out' };
    case 'idle':
      return { reason: 'timeout', detail: 'the instance said nothing for longer than the idle limit' };
    case 'limit':
      return { reason: 'limit', detail: 'the answer is larger than the byte limit' };
    case 'flood':
      return {
        reason: 'limit',
        detail:
          'the server sent messages without end that are no answer, or did not take ours; the connection was ended',
      };
    case 'memory':
      return {
        reason: 'limit',
        detail:
          'the answers of all instances took more memory than they may, and this was the largest (--memory sets the limit, --concurrency how many share it)',
      };
    case 'interrupted':
      return { reason: 'interrupted', detail: 'the scan was interrupted' };
    case 'exit':
      return undefined;
  }
}

/** The last words on standard error, made safe and short. */
function said(answer: Answer): string {
  const last = answer.stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  const status = answer.exitCode === null ? '' : `, exit status ${answer.exitCode}`;
  return last ? `${status}; it said: ${printable(last)}` : status;
}
