const bars = '▁▂▃▄▅▆▇█';

/** The last numbers of a series as bars, the highest of them full; a zero is the lowest bar. */
export function spark(series: readonly number[], cells: number): string {
  const shown = series.slice(-cells);
  const top = Math.max(1, ...shown);
  return shown.map((n) => bars[n <= 0 ? 0 : Math.max(1, Math.ceil((n / top) * (bars.length - 1)))] ?? '').join('');
}
