import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A command as an agent runs it. */
export interface Running {
  done: Promise<{ code: number; stdout: string; stderr: string }>;
  /** Ends it, and what it started in its process group. */
  kill(): void;
}

/** A managed node: who runs what it is sent. */
export interface ManagedNode {
  run(script: string): Running;
  /** `ConnectionLost`: its commands are never delivered. */
  ping?: 'Online' | 'ConnectionLost' | 'Inactive';
  platform?: 'Linux' | 'Windows';
}

/** What is special about an endpoint; by default it is as the service is. */
export interface EndpointOptions {
  nodes: Readonly<Record<string, ManagedNode>>;
  /** Every so many requests one is throttled. */
  throttleEvery?: number;
  /** How often a fresh invocation is not there yet. */
  lateLooks?: number;
  /** Milliseconds that stand for a second of a timeout. */
  secondMs?: number;
  /** Operations that the caller has no right to. */
  denied?: readonly string[];
  /** Changes what GetCommandInvocation says. */
  tamper?: (output: string, script: string) => string;
}

type Status = 'Pending' | 'InProgress' | 'Success' | 'Failed' | 'Cancelled' | 'TimedOut';

interface Invocation {
  status: Status;
  details: string;
  script: string;
  looks: number;
  code: number;
  stdout: string;
  stderr: string;
  running?: Running;
}

/** One request that came in. */
export interface Call {
  target: string;
  body: Record<string, unknown>;
}

/** A running endpoint. */
export interface SsmEndpoint extends AsyncDisposable {
  /** What a client's environment needs to come here and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: readonly Call[];
}

/** Limits of the service: API reference of SendCommand and GetCommandInvocation, and the quotas of documents. */
const limits = {
  ids: 50,
  stdout: 24_000,
  stderr: 8000,
  comment: 100,
  document: 65_536,
  timeout: [30, 2_592_000],
} as const;
const CUT = '--output truncated--';
const NODE = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;

class Refusal extends Error {
  readonly type: string;
  constructor(type: string, message = type) {
    super(message);
    this.type = type;
  }
}

/**
 * A local endpoint of AWS Systems Manager: JSON 1.1 with X-Amz-Target, signed requests, true state and limits. What it
 * is sent truly runs on the nodes.
 */
export async function startSsmEndpoint(options: EndpointOptions): Promise<SsmEndpoint> {
  const service = new Service(options);
  const server = createServer((request, response) => {
    service.answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    calls: service.calls,
    env: {
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLEEXAMPLE00',
      AWS_SECRET_ACCESS_KEY: 'an-example-of-a-secret-access-key-000000',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    },
    async [Symbol.asyncDispose]() {
      service.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Service {
  readonly calls: Call[] = [];
  readonly #options: EndpointOptions;
  readonly #commands = new Map<string, Map<string, Invocation>>();
  #requests = 0;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  stop(): void {
    for (const invocations of this.#commands.values()) for (const one of invocations.values()) one.running?.kill();
  }

  async answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const target = String(request.headers['x-amz-target']).replace(/^AmazonSSM\./, '');
    try {
      checkSignature(request);
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      const { throttleEvery, denied } = this.#options;
      if (throttleEvery && ++this.#requests % throttleEvery === 0)
        throw new Refusal('ThrottlingException', 'Rate exceeded');
      if (denied?.includes(target))
        throw new Refusal('AccessDeniedException', `not authorized to perform: ssm:${target}`);
      this.calls.push({ target, body });
      return { status: 200, body: this.#perform(target, body) };
    } catch (error) {
      const type = error instanceof Refusal ? error.type : 'InternalServerError';
      return {
        status: type === 'InternalServerError' ? 500 : 400,
        body: { __type: type, message: String((error as Error).message) },
      };
    }
  }

  #perform(target: string, body: Record<string, unknown>): unknown {
    switch (target) {
      case 'DescribeInstanceInformation':
        return this.#describe(body as { Filters?: { Key: string; Values: string[] }[]; MaxResults?: number });
      case 'SendCommand':
        return this.#send(body as unknown as Sent);
      case 'GetCommandInvocation':
        return this.#look(String(body['CommandId']), String(body['InstanceId']));
      case 'CancelCommand':
        return this.#cancel(String(body['CommandId']), body['InstanceIds'] as string[]);
      default:
        throw new Refusal('UnknownOperationException');
    }
  }

  #describe({
    Filters: filters = [],
    MaxResults: most = 10,
  }: {
    Filters?: { Key: string; Values: string[] }[];
    MaxResults?: number;
  }) {
    if (most < 5 || most > 50) throw new Refusal('ValidationException', 'MaxResults is between 5 and 50');
    const asked = filters.find(({ Key: key }) => key === 'InstanceIds')?.Values ?? Object.keys(this.#options.nodes);
    const list = asked.flatMap((id) => {
      const node = this.#options.nodes[id];
      if (!node) return [];
      return [
        {
          InstanceId: id,
          PingStatus: node.ping ?? 'Online',
          PlatformType: node.platform ?? 'Linux',
          LastPingDateTime: 1_700_000_000,
        },
      ];
    });
    return { InstanceInformationList: list.slice(0, most) };
  }

  #send(sent: Sent): unknown {
    const ids = sent.InstanceIds ?? [];
    checkSent(sent, ids);
    const unknown = ids.find((id) => !this.#options.nodes[id]);
    if (unknown) throw new Refusal('InvalidInstanceId', `Instances [[${unknown}]] not in a valid state for account`);
    const id = randomUUID();
    const script = sent.Parameters.commands.join('\n');
    const second = this.#options.secondMs ?? 1000;
    const invocations = new Map<string, Invocation>();
    for (const node of ids) {
      const one: Invocation = {
        status: 'Pending',
        details: 'Pending',
        script,
        looks: 0,
        code: -1,
        stdout: '',
        stderr: '',
      };
      invocations.set(node, one);
      if (this.#options.nodes[node]?.ping === 'ConnectionLost') {
        setTimeout(() => settle(one, 'TimedOut', 'DeliveryTimedOut'), (sent.TimeoutSeconds ?? 3600) * second).unref();
      } else setTimeout(() => this.#run(one, node, Number(sent.Parameters.executionTimeout?.[0] ?? 3600) * second), 5);
    }
    this.#commands.set(id, invocations);
    return { Command: { CommandId: id, Status: 'Pending', InstanceIds: ids, DocumentName: sent.DocumentName } };
  }

  async #run(one: Invocation, node: string, limitMs: number): Promise<void> {
    if (one.status !== 'Pending') return;
    const running = this.#options.nodes[node]?.run(one.script);
    if (!running) return;
    Object.assign(one, { status: 'InProgress', details: 'InProgress', running });
    const timer = setTimeout(() => {
      settle(one, 'TimedOut', 'ExecutionTimedOut');
      running.kill();
    }, limitMs);
    const { code, stdout, stderr } = await running.done;
    clearTimeout(timer);
    if (one.details !== 'InProgress') return;
    Object.assign(one, { code, stdout, stderr });
    settle(one, code === 0 ? 'Success' : 'Failed', code === 0 ? 'Success' : 'Failed');
  }

  #look(command: string, node: string): unknown {
    const one = this.#commands.get(command)?.get(node);
    if (!one || one.looks++ < (this.#options.lateLooks ?? 1)) throw new Refusal('InvocationDoesNotExist');
    const ended = one.status === 'Success' || one.status === 'Failed';
    const stdout = cut(ended ? one.stdout : '', limits.stdout);
    return {
      ...{
        CommandId: command,
        InstanceId: node,
        Status: one.status,
        StatusDetails: one.details,
        ResponseCode: one.code,
      },
      StandardOutputContent: this.#options.tamper?.(stdout, one.script) ?? stdout,
      StandardErrorContent: cut(ended ? one.stderr : '', limits.stderr),
    };
  }

  #cancel(command: string, ids: string[] | undefined): unknown {
    const invocations = this.#commands.get(command);
    if (!invocations) throw new Refusal('InvalidCommandId');
    if ((ids ?? []).length > limits.ids) throw new Refusal('ValidationException');
    for (const [id, one] of invocations) {
      if (ids && !ids.includes(id)) continue;
      if (one.status !== 'Pending' && one.status !== 'InProgress') continue;
      settle(one, 'Cancelled', 'Cancelled');
      one.running?.kill();
    }
    return {};
  }
}

interface Sent {
  InstanceIds?: string[];
  DocumentName: string;
  Comment?: string;
  TimeoutSeconds?: number;
  Parameters: { commands: string[]; executionTimeout?: string[] };
}

function checkSent(sent: Sent, ids: string[]): void {
  const wrong = (why: string): never => {
    throw new Refusal('ValidationException', why);
  };
  if (ids.length < 1 || ids.length > limits.ids) wrong(`1 to ${limits.ids} instance ids`);
  if (new Set(ids).size !== ids.length) throw new Refusal('DuplicateInstanceId');
  if (!ids.every((id) => NODE.test(id))) wrong('an instance id is malformed');
  if (!/^(AWS-RunShellScript|Own-Document)$/.test(sent.DocumentName)) throw new Refusal('InvalidDocument');
  if ((sent.Comment ?? '').length > limits.comment) wrong('the comment is too long');
  const timeout = sent.TimeoutSeconds ?? 3600;
  if (timeout < limits.timeout[0] || timeout > limits.timeout[1]) wrong('TimeoutSeconds is out of range');
  const parameters = JSON.stringify(sent.Parameters);
  if (parameters.length > limits.document) throw new Refusal('MaxDocumentSizeExceeded');
  // The service puts values of the Parameter Store there.
  if (parameters.includes('{{')) throw new Refusal('InvalidParameters', 'an unknown reference in a parameter');
  const run = Number(sent.Parameters.executionTimeout?.[0] ?? 3600);
  if (!(Number.isInteger(run) && run >= 1 && run <= 172_800)) throw new Refusal('InvalidParameters');
}

/** Signature Version 4 must be there, for this service; whether it is right only the service's own secret could tell. */
function checkSignature(request: IncomingMessage): void {
  const { authorization = '', 'x-amz-date': date, 'content-type': type } = request.headers;
  const signed =
    /^AWS4-HMAC-SHA256 Credential=AKIA\w+\/\d{8}\/[a-z0-9-]+\/ssm\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/;
  if (!signed.test(authorization) || !date)
    throw new Refusal('UnrecognizedClientException', 'The security token is invalid');
  if (type !== 'application/x-amz-json-1.1') throw new Refusal('SerializationException');
}

function settle(one: Invocation, status: Status, details: string): void {
  if (one.status === 'Pending' || one.status === 'InProgress') Object.assign(one, { status, details });
}

function cut(text: string, limit: number): string {
  const characters = text.length > limit ? Array.from(text) : [];
  return characters.length > limit ? characters.slice(0, limit - CUT.length).join('') + CUT : text;
}
