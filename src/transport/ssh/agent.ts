import ssh2, { type ParsedKey, type SignCallback, type SigningRequestOptions } from 'ssh2';

// ssh2 is CommonJS; of its names Node sees only the default export for certain.
const { BaseAgent, OpenSSHAgent } = ssh2;

/** An ssh-agent that is given up when it says nothing for `patienceMs`: ssh2's own would wait for ever. */
class PatientAgent extends OpenSSHAgent {
  readonly #patienceMs: number;
  constructor(path: string, patienceMs: number) {
    super(path);
    this.#patienceMs = patienceMs;
  }
  override getStream(callback: Parameters<InstanceType<typeof OpenSSHAgent>['getStream']>[0]): void {
    super.getStream((error, stream) => {
      if (stream && 'setTimeout' in stream && typeof stream.setTimeout === 'function') {
        stream.setTimeout(this.#patienceMs, () => stream.destroy());
      }
      callback(error, stream);
    });
  }
}

/** One key of an agent as an agent of its own, so that keys can be offered one by one in an order of our choice. */
class OneKeyAgent extends BaseAgent<ParsedKey> {
  readonly #agent: PatientAgent;
  readonly #key: ParsedKey;
  constructor(agent: PatientAgent, key: ParsedKey) {
    super();
    this.#agent = agent;
    this.#key = key;
  }
  override getIdentities(callback: (error?: Error | null, keys?: ParsedKey[]) => void): void {
    callback(null, [this.#key]);
  }
  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    then?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, then);
  }
}

/** A key that an agent holds. */
export interface AgentKey {
  key: ParsedKey;
  agent: InstanceType<typeof BaseAgent>;
}

/** Keys of the agent at a socket, those that ssh2 can use. Rejects when there is no agent, or none that answers. */
export function agentKeys(path: string, patienceMs: number): Promise<AgentKey[]> {
  const agent = new PatientAgent(path, patienceMs);
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys) => {
      if (error) reject(error);
      else {
        const parsed = (keys ?? []).filter((key): key is ParsedKey => 'getPublicSSH' in key);
        resolve(parsed.map((key) => ({ key, agent: new OneKeyAgent(agent, key) })));
      }
    });
  });
}
