/**
 * When an instance was launched: the oldest time of what its first start made, if that is newer than the image. 0 when
 * nothing tells. `times` are epoch seconds as text, `since` is when the image's newest package was installed.
 */
export function launchedAt(times: readonly string[], since: number): number {
  const seconds = times.map(Number).filter((at) => Number.isSafeInteger(at) && at > since);
  return seconds.length === 0 ? 0 : Math.min(...seconds);
}

/**
 * When its first process was started: `btime` of /proc/stat and the line of /proc/1/stat, whose 22nd field counts clock
 * ticks since then (proc(5); 100 a second on every Linux). In a container that is the container's start. 0 = unknown.
 */
export function bootedAt(text: string): number {
  const [, btime = '', stat = ''] = /^(\d+) (.*)$/s.exec(text) ?? [];
  // The second field is a name in parentheses and may hold anything; what follows it begins with field 3.
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  return Number.isFinite(ticks) && btime !== '' ? Number(btime) + Math.floor(ticks / 100) : 0;
}
