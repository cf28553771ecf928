import { parseAptHistory, parseDpkgLog } from '../../src/collect/attribution/packages.ts';
import { parseAuthLog } from '../../src/collect/attribution/people.ts';
import { parseMountInfo } from '../../src/collect/mounts/probe.ts';
import { parseApk } from '../../src/collect/packages/apk.ts';
import { parseDpkgStatus, parseExtendedStates, parseList, parseMd5sums } from '../../src/collect/packages/dpkg.ts';
import { parseDiversions } from '../../src/collect/packages/dpkg-settings.ts';
import { parseRpm, parseRpmFiles } from '../../src/collect/packages/rpm.ts';
import { readRpmDatabase } from '../../src/collect/packages/rpm-database.ts';
import { parseUtmp } from '../../src/collect/people/utmp.ts';
import { parseProcNet } from '../../src/collect/sockets/parse.ts';
import { parseStates } from '../../src/collect/units/states.ts';
import { Draft } from '../../src/core/draft.ts';
import { buildFingerprint } from '../../src/fingerprint/build.ts';
import { anonymousVolumes, creationOf } from '../../src/replace/docker/body.ts';
import { object } from '../../src/replace/json.ts';
import { Side } from '../../src/state/side.ts';
import { arrivalOf, explainSsh, offendingLine } from '../../src/transport/ssh/openssh-words.ts';
import { seen } from '../state/make.ts';

/** Whose bytes the fixtures below a path are. */
export interface Owner {
  /** Beginning of the path below fixtures/; the first that fits counts. */
  under: string;
  /** Reads what may be harmed; `path` is the file's on the system that it was taken from. Undefined: see `why`. */
  parse?: (bytes: Buffer, path: string) => unknown;
  /** Why nobody reads it: it is none of a target's bytes. */
  why?: string;
}

const text = (read: (text: string) => unknown) => (bytes: Buffer) => plain(read(bytes.toString('latin1')));
const plain = (value: unknown): unknown =>
  value instanceof Map || value instanceof Set
    ? [...value]
    : value && typeof value === 'object'
      ? Object.values(value).map((one) => (one instanceof Map || one instanceof Set ? [...one] : one))
      : value;
const clock = { offset: 0, readAt: 1_700_000_000 };
const side = new Side(buildFingerprint(new Draft('/')));

/** What the client makes of bytes before anything else sees them. */
function jsonOf(bytes: Buffer): Record<string, unknown> {
  try {
    return object(JSON.parse(bytes.toString('utf8')));
  } catch {
    return {};
  }
}

/** Every directory or file of fixtures/ stands here: a test fails for one that does not. */
export const owners: readonly Owner[] = [
  { under: 'collect/attribution/dpkg.txt', parse: text((t) => parseDpkgLog(t, 'x', clock)) },
  { under: 'collect/attribution/auth.txt', parse: text((t) => parseAuthLog(t, 'x', clock)) },
  { under: 'collect/attribution/apt-history.txt', parse: text((t) => parseAptHistory(t, 'x', clock)) },
  { under: 'collect/packages/dpkg/diversions', parse: text(parseDiversions) },
  { under: 'collect/packages/dpkg/extended_states', parse: text(parseExtendedStates) },
  { under: 'collect/packages/apk/', parse: text(parseApk) },
  { under: 'collect/packages/rpm/files.tsv.gz', parse: text(parseRpmFiles) },
  { under: 'collect/packages/rpm/packages.tsv', parse: text(parseRpm) },
  ...['rpmdb.sqlite.gz', 'Packages'].map((name) => ({
    under: `collect/packages/rpm/${name}`,
    parse: (bytes: Buffer) => {
      const read = readRpmDatabase(bytes);
      return plain('facts' in read ? read.facts : read);
    },
  })),
  {
    under: 'transport/ssh/openssh/',
    parse: text((t) => [String(explainSsh(t, 'web:22')), offendingLine(t), arrivalOf(t, 'web:22')]),
  },
  { under: 'transport/ssh/', why: "the scanner's own configuration of OpenSSH" },
  { under: 'demo/image/var/lib/dpkg/status', parse: text((t) => parseDpkgStatus(t)) },
  { under: 'demo/image/var/lib/dpkg/info/', parse: text((t) => [parseList(t), [...parseMd5sums(t)]]) },
  { under: 'demo/image/', why: 'files of the demonstration, which the program reads on the instance' },
  { under: 'live/mountinfo', parse: text((t) => parseMountInfo(t)) },
  { under: 'live/maps', why: 'read by awk on the instance; test/collect/live.test.ts' },
  { under: 'live/wtmp', parse: (bytes) => parseUtmp(bytes, 'x86_64') },
  { under: 'live/', parse: text((t) => ['raw', 'packet'].map((proto) => parseProcNet(proto, t))) },
  {
    under: 'units/states.txt',
    parse: text((t) => {
      const draft = new Draft('/');
      parseStates(t.split('\n'), draft);
      return Object.values(draft.running);
    }),
  },
  { under: 'units/show.txt', why: 'read by awk on the instance; test/collect/unit-states.test.ts' },
  { under: 'hostile/', why: 'a whole answer: test/collect/cut.test.ts reads it all' },
  {
    under: 'replace/docker/',
    parse: (bytes) => {
      const said = jsonOf(bytes);
      return [creationOf(said, {}, { image: 'x', key: 'k', minor: 47 }), anonymousVolumes(said)];
    },
  },
  { under: 'report/', why: 'reports of our own' },
  { under: 'schemas/', why: 'schemas that owners of report formats publish; for tests' },
  { under: 'state/authority', why: 'read by node:crypto; test/policy/trust-store.test.ts' },
  ...['debian', 'rhel', 'alpine'].map((system) => ({ under: `state/${system}.facts`, why: 'facts of our own' })),
  {
    under: 'state/',
    parse: (bytes, path) => side.formatOf(path)?.format.facts(seen(path, bytes.toString('latin1'))) ?? [],
  },
];
