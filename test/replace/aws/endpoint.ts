import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { autoScalingActions } from './autoscaling.ts';
import { type Cloud, Refusal } from './cloud.ts';
import { ec2Actions } from './ec2.ts';

/** Parameters of a request, as the Query protocol flattens them: `Filter.1.Value.2`. */
export type Query = Readonly<Record<string, string>>;
/** What an answer holds; arrays become what the service calls its lists. */
export type Xml = string | number | boolean | undefined | Xml[] | { [name: string]: Xml };
/** Operations of a service; those that begin with another word than Describe or Get change something. */
export type Actions = Readonly<Record<string, (query: Query, cloud: Cloud) => { [name: string]: Xml }>>;

/** A running endpoint. */
export interface AwsEndpoint {
  url: string;
  /** Actions that were asked for, in order. */
  calls: { action: string; query: Query }[];
  /** Calls that were accepted and change something. */
  changes(): number;
  /** So many calls are refused as too many. */
  throttle(calls: number): void;
  /** Breaks the connection after the next call of this action was done. */
  dieAfter(action: string): void;
  close(): Promise<void>;
}

/** Credentials that come here and nowhere else; to be put into the environment. */
export const credentials = {
  AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00',
  AWS_SECRET_ACCESS_KEY: 'an-example-of-a-secret-access-key-000000',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};

/** EC2 and Auto Scaling on one address, told apart by what the signature is for. */
export async function startAws(cloud: Cloud): Promise<AwsEndpoint> {
  const calls: AwsEndpoint['calls'] = [];
  let changes = 0;
  let throttled = 0;
  let deadly = '';
  const answer = async (request: IncomingMessage) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const query = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
    const { Action: action = '', Version: version } = query;
    const service = serviceOf(request);
    const wrap = service === 'ec2' ? ec2Answer : autoScalingAnswer;
    try {
      if (service === undefined) throw new Refusal('AuthFailure', 'the request is not signed', 403);
      if (version !== (service === 'ec2' ? '2016-11-15' : '2011-01-01'))
        throw new Refusal('InvalidAction', 'which version?');
      const actions = service === 'ec2' ? ec2Actions : autoScalingActions;
      const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (!act) throw new Refusal('InvalidAction', `The action ${action} is not valid for this endpoint.`);
      if (throttled > 0) {
        throttled--;
        throw service === 'ec2'
          ? new Refusal('RequestLimitExceeded', 'Request limit exceeded.', 503)
          : new Refusal('Throttling', 'Rate exceeded');
      }
      cloud.tick();
      calls.push({ action, query });
      const body = act(query, cloud);
      if (!/^(Describe|Get)/.test(action)) changes++;
      return { status: 200, body: wrap.good(action, body), action };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { status: error.status, body: wrap.bad(error), action };
    }
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body, action }) => {
        if (deadly !== '' && action === deadly) {
          deadly = '';
          request.socket.destroy();
          return;
        }
        response.writeHead(status, { 'content-type': 'text/xml' });
        response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
      },
      (error: unknown) => {
        response.writeHead(500);
        response.end(String(error));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    changes: () => changes,
    throttle: (count) => {
      throttled = count;
    },
    dieAfter: (action) => {
      deadly = action;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Signature Version 4 must be there; whether it is right only the service's own secret could tell. */
function serviceOf({ headers, method }: IncomingMessage): 'ec2' | 'autoscaling' | undefined {
  const signed =
    /^AWS4-HMAC-SHA256 Credential=AKIA\w+\/\d{8}\/eu-west-1\/(ec2|autoscaling)\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/;
  const found = signed.exec(headers.authorization ?? '')?.[1];
  const form = headers['content-type'] === 'application/x-www-form-urlencoded';
  return method === 'POST' && form && headers['x-amz-date'] ? (found as 'ec2' | 'autoscaling') : undefined;
}

/** EC2 calls the members of lists `item`, Auto Scaling `member`. */
function xml(value: Xml, member: string): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((one) => `<${member}>${xml(one, member)}</${member}>`).join('');
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([name, one]) => (one === undefined ? '' : `<${name}>${xml(one, member)}</${name}>`))
      .join('');
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const ec2Answer = {
  good: (action: string, body: Xml) =>
    `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${randomUUID()}</requestId>${xml(body, 'item')}</${action}Response>`,
  bad: ({ code, message }: Refusal) =>
    `<Response><Errors><Error><Code>${code}</Code><Message>${xml(message, '')}</Message></Error></Errors><RequestID>${randomUUID()}</RequestID></Response>`,
};

const autoScalingAnswer = {
  good: (action: string, body: Xml) =>
    `<${action}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><${action}Result>${xml(body, 'member')}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
  bad: ({ code, message }: Refusal) =>
    `<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${xml(message, '')}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
};

/** Values of a list: `InstanceId.1`, `InstanceId.2`... */
export function listOf(query: Query, prefix: string): string[] {
  const values: string[] = [];
  for (let number = 1; query[`${prefix}.${number}`] !== undefined; number++)
    values.push(query[`${prefix}.${number}`] ?? '');
  return values;
}
