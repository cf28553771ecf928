import { printable } from '../../core/bytes.ts';
import { messageOf, ReachError } from '../../core/errors.ts';
import type { GapReason } from '../../core/facts.ts';

/** What errors of the SDK and of the service mean to a person: name -> reason, words, next step. */
const known: readonly (readonly [RegExp, GapReason, string, string])[] = [
  [
    /^CredentialsProviderError$/,
    'auth',
    'no AWS credentials were found',
    'set AWS_PROFILE, or run "aws sso login", or give this machine a role',
  ],
  [
    /^(ExpiredToken|ExpiredTokenException|RequestExpired)$/,
    'auth',
    'the AWS credentials have expired',
    'log in again ("aws sso login")',
  ],
  [
    /^(UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature)$/,
    'auth',
    'AWS does not accept the credentials',
    'see "aws sts get-caller-identity"',
  ],
  [
    /^AccessDenied(Exception)?$/,
    'auth',
    'AWS does not allow it',
    'allow ssm:SendCommand, ssm:GetCommandInvocation, ssm:CancelCommand and ssm:DescribeInstanceInformation',
  ],
  [
    /^InvalidInstanceId$/,
    'unreachable',
    'Systems Manager does not manage that instance here, or it is not ready for commands',
    'is the region right, does the agent run, has the instance the role for it?',
  ],
  [/^InvalidDocument$/, 'unsupported', 'there is no such document', 'see reach.ssm.document'],
  [
    /^(InvalidParameters|InvalidDocumentVersion|UnsupportedPlatformType)$/,
    'unsupported',
    'the document does not take a shell script',
    'see reach.ssm.document',
  ],
  [
    /^(ThrottlingException|Throttling|TooManyRequestsException|RequestLimitExceeded)$/,
    'limit',
    'AWS refuses so many requests at once, again and again',
    'scan fewer instances at once (--concurrency)',
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|TimeoutError)$/,
    'unreachable',
    'the AWS endpoint cannot be reached',
    'is the region right, is there a way to it (proxy, VPC endpoint)?',
  ],
];

/** Anything that the SDK throws, as an error that a person can act on. */
export function inWords(error: unknown, node: string, region: string): ReachError {
  if (error instanceof ReachError) return error;
  const { name = '', code = '' } = error as { name?: unknown; code?: unknown };
  const said = printable(messageOf(error)).slice(0, 300);
  const where = `${node}${region ? ` in ${region}` : ''}`;
  if (/region is missing/i.test(said))
    return new ReachError(
      'unsupported',
      `no region is known for ${node}`,
      'write ssm://ID?region=NAME, or set AWS_REGION',
      { cause: error },
    );
  const found = known.find(([pattern]) => pattern.test(String(name)) || pattern.test(String(code)));
  if (!found)
    return new ReachError('unreachable', `Systems Manager, asked about ${where}: ${said}`, '', { cause: error });
  const [, reason, words, hint] = found;
  return new ReachError(reason, `${where}: ${words} (${said})`, hint, { cause: error });
}
