import { printable } from '../../core/bytes.ts';
import { ReplaceError } from '../../core/replacement.ts';

/** Errors that pass by themselves: common errors of the AWS APIs, and what Auto Scaling says while it is at something. */
const passing =
  /^(Throttl\w*|RequestLimitExceeded|RequestThrottled\w*|TooManyRequestsException|EC2ThrottledException|PriorRequestNotComplete|ServiceUnavailable\w*|Unavailable|Internal(Error|Failure|ServerError)|InsufficientInstanceCapacity|ScalingActivityInProgress(Fault)?|ResourceContention(Fault)?|TimeoutError|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

/** What a person does about the others. */
const steps: readonly (readonly [RegExp, string])[] = [
  [/^CredentialsProviderError$/, 'set AWS_PROFILE, or run "aws sso login", or give this machine a role'],
  [/^(ExpiredToken\w*|RequestExpired)$/, 'the credentials have expired: log in again ("aws sso login")'],
  [
    /^(UnrecognizedClient\w*|InvalidClientTokenId|AuthFailure|Signature\w*|InvalidSignature\w*)$/,
    'AWS does not accept the credentials: see "aws sts get-caller-identity"',
  ],
  [
    /^(AccessDenied\w*|UnauthorizedOperation)$/,
    'docs/replace.md lists the actions that the driver needs to be allowed',
  ],
  [/^OperationNotPermitted$/, 'is it protected from termination? take that off (DisableApiTermination) if it may go'],
  [/^IdempotentParameterMismatch$/, 'it was begun with other settings: plan again'],
  [/^ENOTFOUND$/, 'is the region right, is there a way to the endpoint?'],
  [/^InstanceRefreshInProgress(Fault)?$/, 'wait for the instance refresh that is under way'],
];

/** Code of an error of the SDK, of the service or of the connection. */
export function codeOf(error: unknown): string {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (typeof name === 'string' && name !== 'Error') return name;
  return typeof code === 'string' ? code : 'Error';
}

/** Anything that the SDK throws, as what a driver may throw. */
export function inWords(action: string, error: unknown, signal: AbortSignal): ReplaceError {
  if (error instanceof ReplaceError) return error;
  if (signal.aborted) return new ReplaceError(`${action} was interrupted`, { cause: error });
  const code = codeOf(error);
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata?.httpStatusCode;
  const said = error instanceof Error ? error.message : 'an odd answer';
  const transient = passing.test(code) || (typeof status === 'number' && (status === 429 || status >= 500));
  return new ReplaceError(`${action}: ${printable(code.slice(0, 100))}: ${printable(said.slice(0, 300))}`, {
    transient,
    hint: steps.find(([pattern]) => pattern.test(code))?.[1] ?? '',
    cause: error,
  });
}
