/**
 * One child process and the ports into it: the only thing that differs between Electron (`utilityProcess`, `MessagePortMain`)
 * and Node (`child_process.fork`, ports relayed over its channel). Everything else in this folder stands on these types.
 */

/** One end of a channel, as a process that holds it sees it. The other end lies in another process, or in this one. */
export interface ServicePort {
  /** Small plain data only (strings, numbers, Uint8Array below about 1 MiB): large bytes go through the vault. */
  postMessage(message: unknown): void;
  /** Messages wait until the first `message` listener is there, so none is lost between hand-over and listening. */
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  /** The other end was closed, or its process is gone. Called once, also if that was so before the listener came. */
  addEventListener(type: 'close', listener: () => void): void;
  /** Closes both ends. The own `close` listeners are called too. Idempotent. */
  close(): void;
}

export interface LaunchOptions {
  /** Unique among the running processes of this program; shows in the task manager and in the log. */
  readonly name: string;
  /** Absolute path of the entry file. */
  readonly entry: string;
}

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** For the log: 'exit 1', 'SIGKILL', 'crashed'. */
  readonly reason: string;
}

/**
 * One run of one child process. It is over after `exited`; a restart makes a new one.
 * `Port` is what the host can move into a process: `MessagePortMain` in Electron, {@link ServicePort} in Node.
 */
export interface ServiceProcess<Port> {
  readonly name: string;
  /** Undefined until it has been spawned. */
  readonly pid: number | undefined;
  /** Resolves once, always, also when the process could not be started at all. Never rejects. */
  readonly exited: Promise<ServiceExit>;
  /** To the child's private channel; structured clone. Moves `ports` there. Does nothing after the exit. */
  postMessage(message: unknown, ports?: readonly Port[]): void;
  /** What the child sends over its private channel. Set before the first message can come (same tick as `launch`). */
  onMessage(listener: (message: unknown) => void): void;
  /** Each line of stdout and stderr, cut at 4000 characters. */
  onOutput(listener: (line: string, stream: 'stdout' | 'stderr') => void): void;
  /** Ends it at once (SIGKILL). */
  kill(): void;
}

/** What a host must be able to do to run services. */
export interface ServiceLauncher<Port> {
  /** Environment: an allow-list (`childEnvironment`), output piped. Never throws: a failure to start is an `exited`. */
  launch(options: LaunchOptions): ServiceProcess<Port>;
  /** The two ends of a new channel. Each is moved into a process, handed to a window, or used here through `open`. */
  makeChannel(): readonly [Port, Port];
  /** Uses an end here, in the host. */
  open(port: Port): ServicePort;
}

/** Variables a child may see: the system's, none of the program's, so that no secret reaches it by inheritance. */
const ALLOWED = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'SYSTEMROOT',
  'windir',
  // graphics drivers for the inference providers
  'LD_LIBRARY_PATH',
  'CUDA_PATH',
  'VK_ICD_FILENAMES',
  // the way to the cloud: a proxy and an authority of the clinic's own, as Node reads them, and plain HTTP for development
  'NODE_USE_ENV_PROXY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'VANTAGE_CLOUD_HTTP',
  // where the cloud's workflows are; of certificates and keys only the paths
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_MTLS',
  'TEMPORAL_CLIENT_CERT',
  'TEMPORAL_CLIENT_KEY',
  'TEMPORAL_SERVER_CA',
  'TEMPORAL_API_KEY_FILE',
  'TEMPORAL_PAYLOAD_KEYS_FILE',
] as const;

/** The environment that services get, on either host. */
export function childEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of ALLOWED) {
    const value = environment[name];
    if (value !== undefined) result[name] = value;
  }
  return result;
}
