import { preflightProbes } from '../collect/preflight.ts';
import { composeProgram, programSha256 } from '../collect/program.ts';
import { probes } from '../collect/registry.ts';

/** Hex sha256 of the programs that this version sends, by what they are for. */
export function pinnedPrograms(): { scan: string; doctor: string } {
  return {
    scan: programSha256(composeProgram(Object.values(probes))),
    doctor: programSha256(composeProgram(preflightProbes())),
  };
}
