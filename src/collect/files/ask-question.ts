import { sh } from '../sh.ts';
import { watchQuestion } from './watch-question.ts';

/**
 * Reads the first line of what the scanner asks (collect/run.ts, core/ask.ts), and has the program watched from then on. What is
 * expected stays to be read, a bucket a line: the digest of what stat says (or of what it holds, where all is hashed); behind it the
 * digest of what it held, where all its files are to be hashed again, or `LINE=SHA256` of single files; then ".".
 */
export const askQuestion =
  watchQuestion +
  sh`
# SNOWFENCE-ASK 1 salt depth scratch(memory|none) largest-file remember(yes|no) most-bytes cpu-share seconds
SF_SALT= SF_DEPTH=full SF_SCRATCH=none SF_LARGEST=0 SF_REMEMBER=no SF_MOST=0 SF_CPU=100
seconds=
read -r ask version salt depth scratch largest remember most cpu seconds <&3
if [ "$ask $version" = 'SNOWFENCE-ASK 1' ]; then
  SF_SALT=$salt SF_DEPTH=$depth SF_SCRATCH=$scratch SF_LARGEST=$largest SF_REMEMBER=$remember SF_MOST=$most SF_CPU=$cpu
else seconds=
fi
watch "$seconds"
`;
