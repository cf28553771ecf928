/** What a group's record says of one change. */
export interface ActivityLike {
  ActivityId?: string | undefined;
  Description?: string | undefined;
  Cause?: string | undefined;
  StartTime?: Date | undefined;
  StatusCode?: string | undefined;
  StatusMessage?: string | undefined;
}

/** Age at which a machine that ended and was never followed by another is forgotten: its group was made smaller. Milliseconds. */
const staleMs = 15 * 60 * 1000;

/** An instance that ended, and what was launched in its place. */
export interface Pair {
  old: string;
  at: number;
  /** Undefined while nothing was launched, or while it has no id yet. */
  next?: string;
  /** A launch is under way or done. */
  launched: boolean;
}

interface Event {
  at: number;
  id: string;
}

/**
 * Ends of a record that are to be followed by a launch, and launches, each in the order of time; of one time as the record has them, newest
 * first. Of a record that grows while its pages are read, a change may come twice: each counts once, and so does each instance.
 */
function eventsOf(activities: readonly ActivityLike[]): { ends: Event[]; launches: Event[] } {
  const ends: Event[] = [];
  const launches: Event[] = [];
  const seen = new Set<string>();
  for (const {
    ActivityId,
    Description: text = '',
    Cause: cause = '',
    StartTime,
    StatusCode,
  } of activities.toReversed()) {
    if (ActivityId !== undefined && seen.size === seen.add(ActivityId).size) continue;
    const at = StartTime?.getTime() ?? Number.NaN;
    if (Number.isNaN(at) || StatusCode === 'Failed' || StatusCode === 'Cancelled') continue;
    const [, what, id = ''] = /^(Launching a new|Terminating) EC2 instance(?:: (i-[0-9a-f]{8,17})\b)?/.exec(text) ?? [];
    const again = (events: Event[]) => id !== '' && events.some((one) => one.id === id);
    if (what === 'Launching a new' && !again(launches)) launches.push({ at, id });
    // A group that shrinks launches nothing in the place of what it ends.
    else if (what === 'Terminating' && id !== '' && !cause.includes('shrinking the capacity') && !again(ends))
      ends.push({ at, id });
  }
  const byTime = (a: Event, b: Event) => a.at - b.at;
  return { ends: ends.sort(byTime), launches: launches.sort(byTime) };
}

/**
 * Which instance came in the place of which: in the order of time, each launch serves the end that has waited longest. The record
 * does not say it, and whoever asks must get the same answer, so that two replacements of one group never claim one instance. Pure.
 */
export function pairsOf(activities: readonly ActivityLike[]): Pair[] {
  const { ends, launches } = eventsOf(activities);
  const pairs: Pair[] = ends.map(({ id, at }) => ({ old: id, at, launched: false }));
  for (const { at, id } of launches) {
    const first = pairs.find((pair) => !pair.launched && pair.at <= at && at - pair.at < staleMs);
    if (first) Object.assign(first, { launched: true, ...(id === '' ? {} : { next: id }) });
  }
  return pairs;
}

/**
 * The same for an instance refresh that has ended, which may launch before it ends: the first that ended was followed by the first
 * that was launched. `stands` says whether an instance is still in the group. Pure.
 */
export function rankedOf(
  activities: readonly ActivityLike[],
  from: number,
  to: number,
  stands: (id: string) => boolean,
): Pair[] {
  const { ends, launches } = eventsOf(activities);
  const within = ({ at }: Event) => at >= from && at <= to;
  const came = launches.filter((one) => within(one) && stands(one.id));
  return ends.filter(within).map(({ id, at }, rank) => {
    const next = came[rank]?.id;
    return { old: id, at, launched: next !== undefined, ...(next === undefined ? {} : { next }) };
  });
}

/** Why the last launch failed; undefined when it did not. Pure. */
export function lastFailure(activities: readonly ActivityLike[], since: number): string | undefined {
  const [last] = activities
    .filter(
      ({ StartTime: at, Description: text = '' }) => (at?.getTime() ?? 0) >= since && text.startsWith('Launching'),
    )
    .sort((a, b) => (b.StartTime?.getTime() ?? 0) - (a.StartTime?.getTime() ?? 0));
  return last?.StatusCode === 'Failed' ? (last.StatusMessage ?? 'no reason is given') : undefined;
}
