/** A sample of Prometheus' text format. Within quotes of the format `\`, `"` and line feeds are escaped. */
export function line(name: string, labels: Record<string, string | number>, value: number): string {
  const pairs = Object.entries(labels).map(
    ([key, text]) => `${key}="${String(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  );
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${Number.isFinite(value) ? value : 'NaN'}\n`;
}
