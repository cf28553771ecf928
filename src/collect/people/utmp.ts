import { escapeName } from '../../core/bytes.ts';
import type { LoginFact } from '../../core/running.ts';

/** `ut_type` of a login that succeeded: USER_PROCESS, utmp(5). */
const userProcess = 7;

/**
 * Logins among the records of utmp and wtmp (utmp(5)). glibc has records of 384 bytes with 32-bit times where 32-bit
 * programs were once run (x86, powerpc, s390, arm), and of 400 bytes elsewhere (aarch64, riscv64, loongarch64).
 */
export function parseUtmp(bytes: Buffer, arch: string): LoginFact[] {
  const wide = /^(aarch64|arm64|riscv64|loongarch64)$/.test(arch);
  const big = /^(s390x?|ppc|ppc64|powerpc)$/.test(arch);
  const size = wide ? 400 : 384;
  const found: LoginFact[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    const record = bytes.subarray(at, at + size);
    if ((big ? record.readInt16BE(0) : record.readInt16LE(0)) !== userProcess) continue;
    const when = wide ? 344 : 340;
    const user = text(record, 44, 32);
    if (user === '') continue;
    found.push({
      user,
      terminal: text(record, 8, 32),
      from: text(record, 76, 256),
      at: big ? record.readUInt32BE(when) : record.readUInt32LE(when),
    });
  }
  return found;
}

function text(record: Buffer, at: number, length: number): string {
  const field = record.toString('latin1', at, at + length);
  const nul = field.indexOf('\0');
  return escapeName(nul < 0 ? field : field.slice(0, nul));
}
