//! A TCP proxy on loopback between the browser and a server: a network that can be slow, silent or gone.
import { type AddressInfo, type Server, type Socket, createConnection, createServer } from 'node:net';

/** How often the budget of a slow proxy is refilled, in milliseconds. */
const REFILL_MS = 50;

export class Proxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private budget = Infinity;
  private rate = Infinity;
  private refusing = false;
  private idleMs = 0;
  /** How many connections were made through it. */
  taken = 0;
  /** How many of them it has cut because nothing went through. */
  idled = 0;
  private readonly refill: NodeJS.Timeout;
  private readonly waiting = new Set<() => void>();

  private port = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (client) => this.take(client));
    this.refill = setInterval(() => {
      this.budget = this.rate === Infinity ? Infinity : (this.rate * REFILL_MS) / 1000;
      for (const go of [...this.waiting]) go();
    }, REFILL_MS);
  }

  /** A proxy that leads nowhere yet. */
  static async start(): Promise<Proxy> {
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Proxy(server);
  }

  /** Leads to the server with that origin. */
  to(origin: string): void {
    this.port = Number(new URL(origin).port);
  }

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** How many connections go through it now. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Lets so many bytes a second through from the server, all connections together. */
  limit(bytesPerSecond: number): void {
    this.rate = bytesPerSecond;
    this.budget = 0;
  }

  /** Resets all connections, and every new one. */
  cut(): void {
    this.refusing = true;
    for (const pair of this.pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  /** Cuts new connections through which nothing goes for so long, as proxies do. */
  cutIdle(ms: number): void {
    this.idleMs = ms;
  }

  /** Lets connections through again. */
  mend(): void {
    this.refusing = false;
  }

  async dispose(): Promise<void> {
    clearInterval(this.refill);
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private take(client: Socket): void {
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = createConnection(this.port, '127.0.0.1');
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    this.taken += 1;
    client.setTimeout(this.idleMs, () => {
      this.idled += 1;
      over();
    });
    const over = () => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) socket.on('close', over).on('error', over);
    client.pipe(server);
    server.on('readable', () => this.pass(server, client));
    client.resume();
  }

  /** Passes on what there is, as far as the budget goes; the rest stays in the kernel, as on a slow link. */
  private pass(from: Socket, to: Socket): void {
    const go = () => {
      this.waiting.delete(go);
      this.pass(from, to);
    };
    for (;;) {
      if (this.budget <= 0 || to.writableLength > 64 * 1024) {
        this.waiting.add(go);
        return;
      }
      const wanted = Math.min(from.readableLength, this.budget);
      if (wanted === 0) return;
      const part: Buffer | null = from.read(wanted);
      if (!part) return;
      this.budget -= part.length;
      to.write(part);
    }
  }
}
