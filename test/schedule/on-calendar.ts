/** Does a minute (UTC) match a line for OnCalendar=? Written from systemd.time(7), for the forms that we print, in UTC. */
export function matches(line: string, time: number): boolean {
  const found =
    /^(?:(?<days>[A-Z][A-Za-z,]+) )?\*-(?<months>[^-~]+)(?<from>[-~])(?<day>\S+) (?<hours>[^:]+):(?<minutes>[^:]+):00 UTC$/.exec(
      line,
    )?.groups;
  if (!found) throw new Error(`not a line that this test knows: ${line}`);
  const at = new Date(time);
  const name = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][at.getUTCDay()] ?? '';
  const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  // ~01 is the last day of the month; ~07/1 is from the seventh last on.
  const day = found['from'] === '~' ? last - at.getUTCDate() + 1 : at.getUTCDate();
  const { days, months = '', hours = '', minutes = '' } = found;
  const dayFits = found['from'] === '~' && found['day']?.endsWith('/1') ? day <= 7 : among(found['day'] ?? '', day);
  return (
    (days === undefined || days.split(',').includes(name)) &&
    dayFits &&
    among(months, at.getUTCMonth() + 1) &&
    among(hours, at.getUTCHours()) &&
    among(minutes, at.getUTCMinutes())
  );
}

function among(list: string, value: number): boolean {
  return list.split(',').some((part) => {
    const [from = '', to = from] = part.split('..');
    return part === '*' || (value >= Number(from) && value <= Number(to));
  });
}
