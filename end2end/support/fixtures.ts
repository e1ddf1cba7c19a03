//! What every spec gets: a server, a folder of logs of its own, the viewer, and at its end an audit that nobody asked
//! for: no serious finding of axe, no error in the console, nothing blocked by the content security policy, no dialog.
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContext, type Page, test as base, expect } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Logs } from './logs';
import { Proxy } from './proxy';
import { type Options, Taillight } from './taillight';
import { ViewerPage } from './viewer';

export { expect };
export { fileOf, having, haystack, numbered, told } from './logs';

/** Listens to what a page complains about. */
export class Complaints {
  readonly all: string[] = [];
  private expected: RegExp[] = [];

  /** Complaints like these belong to the spec: the browser itself reports a refused connection, or a 404. */
  expect(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  async listen(context: BrowserContext): Promise<void> {
    context.on('console', (message) => {
      if (message.type() === 'error') this.add(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.add(`exception: ${error.error().stack ?? error.error().message}`));
    context.on('dialog', (dialog) => {
      this.add(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await context.exposeBinding('reportViolation', (_, text: string) => this.add(`policy: ${text}`));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const text = `${event.violatedDirective} blocked ${event.blockedURI} ${event.sample} at ${event.sourceFile}:${event.lineNumber}`;
        (window as unknown as { reportViolation(text: string): void }).reportViolation(text);
      });
    });
  }

  unexpected(): string[] {
    return this.all.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }

  private add(text: string): void {
    this.all.push(text);
  }
}

/** No serious or critical finding of axe on the page as it is now. */
export async function audit(page: Page): Promise<void> {
  // Legacy mode stays in this page: there are no frames here, and another page would be one more to watch.
  const found = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const grave = found.violations.filter((finding) => finding.impact === 'serious' || finding.impact === 'critical');
  const told = grave.map((finding) => `${finding.id}: ${finding.help}\n  ${finding.nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n  ')}`);
  expect(told, 'accessibility').toEqual([]);
}

interface TestFixtures {
  logs: Logs;
  viewer: ViewerPage;
  complaints: Complaints;
  /** Starts a server of the spec's own; it is gone with the spec. */
  startServer: (options: Options) => Promise<Taillight>;
  /** Starts a server with a network of the spec's own in front of it. */
  startBehindProxy: (options: Options) => Promise<Proxy>;
  /** Another person's browser: a fresh profile, with the same ears for complaints. */
  newBrowser: () => Promise<ViewerPage>;
  /** Whether the page is audited at the end. Without JavaScript it cannot be. */
  audited: boolean;
  endOfSpec: void;
}

interface WorkerFixtures {
  shared: { origin: string; folder: string; root: string };
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  shared: [
    async ({}, use) => {
      const given = process.env.BASE_URL;
      if (given) {
        const folder = process.env.TAILLIGHT_LOGS;
        if (!folder) throw new Error('BASE_URL needs TAILLIGHT_LOGS: the folder that this server serves, for the specs to write in');
        await use({ origin: new URL(given).origin, folder, root: basename(folder) });
        return;
      }
      const folder = mkdtempSync(join(tmpdir(), 'taillight-logs-'));
      const server = await Taillight.start({ roots: [`logs=${folder}`] });
      await use({ origin: server.origin, folder, root: 'logs' });
      await server.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],

  logs: async ({ shared }, use, info) => {
    const name = info.title.toLowerCase().replace(/@\S+/g, '').replace(/[^a-z0-9]+/g, '-').slice(0, 60).replace(/^-|-$/g, '');
    const logs = new Logs(join(shared.folder, name), `${shared.root}/${name}`);
    await use(logs);
    logs.dispose();
  },

  viewer: async ({ page, shared }, use) => {
    await use(new ViewerPage(page, shared.origin));
  },

  startServer: async ({}, use) => {
    const started: Taillight[] = [];
    await use(async (options) => {
      const server = await Taillight.start(options);
      started.push(server);
      return server;
    });
    for (const server of started) await server.dispose();
  },

  startBehindProxy: async ({ startServer }, use) => {
    const proxies: Proxy[] = [];
    await use(async (options) => {
      const proxy = await Proxy.start();
      proxies.push(proxy);
      // The name under which the browser reaches it must be one of the server's.
      proxy.to((await startServer({ ...options, environment: { ...options.environment, TAILLIGHT_HOSTS: proxy.host } })).origin);
      return proxy;
    });
    for (const proxy of proxies) await proxy.dispose();
  },

  newBrowser: async ({ browser, complaints, shared }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext();
      contexts.push(context);
      await complaints.listen(context);
      return new ViewerPage(await context.newPage(), shared.origin);
    });
    for (const context of contexts) await context.close();
  },

  complaints: async ({}, use) => {
    await use(new Complaints());
  },

  audited: [true, { option: true }],

  endOfSpec: [
    // It names the fixtures whose end would disturb the page, so that it ends before them.
    async ({ page, context, complaints, audited, logs: _logs, startServer: _startServer, startBehindProxy: _startBehindProxy, newBrowser: _newBrowser }, use) => {
      await complaints.listen(context);
      await use();
      if (audited && page.url().startsWith('http')) await audit(page);
      expect(complaints.unexpected(), 'complaints of the page').toEqual([]);
    },
    { auto: true },
  ],
});
