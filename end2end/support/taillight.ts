//! The server as a process: start it on a free port, kill it, start it again on the same port with the same data.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = resolve(__dirname, '../..');

/** The binary under test: the one that is named, else the newest one that was built. */
function binary(): string {
  if (process.env.TAILLIGHT_BIN) return process.env.TAILLIGHT_BIN;
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
  const built = [join(ROOT, 'target/dist/taillight'), join(target, 'debug/taillight')].filter((file) => existsSync(file));
  built.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  if (built.length === 0) throw new Error('no binary: run `cargo xtask dist`, or name one in TAILLIGHT_BIN');
  return built[0];
}

export interface Options {
  /** What to serve: `NAME=PATH` or `PATH`. */
  roots: string[];
  /** How to log in; nobody has to by default. */
  auth?: 'none' | 'token';
  /** More options of `taillight serve`. */
  options?: string[];
  /** More variables of its environment. */
  environment?: Record<string, string>;
  /** Run as this user and group: to be refused what root is not. */
  uid?: number;
  /** The folder that data survives in. One that is removed at the end by default. */
  dataDir?: string;
}

export class Taillight {
  /** What the server printed: the address that a person opens, with the token where there is one. */
  printed = '';
  private child?: ChildProcess;
  private stderr = '';
  private readonly scratch: string;

  private constructor(private readonly options: Options) {
    this.scratch = mkdtempSync(join(tmpdir(), 'taillight-data-'));
  }

  static async start(options: Options): Promise<Taillight> {
    const server = new Taillight(options);
    await server.run('127.0.0.1:0');
    return server;
  }

  /** Scheme, host and port. */
  get origin(): string {
    return new URL(this.printed).origin;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Starts again, on the same port, with the same data. */
  async restart(): Promise<void> {
    await this.run(new URL(this.printed).host);
  }

  /** Ends it as the system would when out of memory. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Asks it to end, and returns its exit code. */
  async stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  /** Removes what it kept, after its end. */
  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
    child.kill(signal);
    return ended;
  }

  private async run(listen: string): Promise<void> {
    const { roots, auth = 'none', options = [], environment: given = {}, uid, dataDir = join(this.scratch, 'data') } = this.options;
    const folders = ['--data-dir', dataDir, '--cache-dir', `${dataDir}-cache`];
    const args = ['serve', '--listen', listen, '--auth', auth, ...folders, ...options, ...roots];
    // The browser's zone, too, is UTC.
    const environment = { ...process.env, TZ: 'UTC', ...given, LEPTOS_SITE_ROOT: process.env.LEPTOS_SITE_ROOT ?? join(ROOT, 'target/site') };
    const child = spawn(binary(), args, {
      env: environment,
      cwd: dirname(this.scratch),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.child = child;
    child.stderr.on('data', (text) => (this.stderr += text));
    this.printed = await new Promise((done, fail) => {
      child.once('error', fail);
      child.once('exit', (code) => fail(new Error(`the server ended with ${code}:\n${this.stderr}`)));
      createInterface(child.stdout).on('line', (line) => {
        const address = line.match(/^listening on (\S+)/)?.[1];
        if (address) done(address);
      });
    });
  }
}
