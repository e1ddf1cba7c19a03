//! A lost connection: when it is tried again, what wakes it, and that nothing is missing or there twice afterwards.
import { type Browser } from '@playwright/test';
import { truncateSync } from 'node:fs';
import { expect, test } from '../support/fixtures';
import type { Taillight } from '../support/taillight';

/** What the browser itself says of a connection that is lost. */
const LOST = /WebSocket|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INTERNET|Failed to load resource/;

/** For how long a tab is frozen at least, in seconds; it is always frozen until the server has dropped it. */
const FREEZE_SECS = Number(process.env.FREEZE_SECS ?? 0);

test('a lost connection says when it is tried again, and is tried at once when it is asked for @own-server', async ({ page, viewer, logs, startServer, complaints }) => {
  complaints.expect(LOST);
  const log = logs.numbered('app.log', 60);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 60');
  const tryNow = page.getByRole('button', { name: 'Try now' });
  const countdown = page.getByText(/^again in (\d+) s$/);
  for (const ask of [() => tryNow.click(), () => viewer.press('r')]) {
    await server.kill();
    await expect(viewer.state).toHaveText(/^reconnecting/);
    // Far enough into the doubling of delays that it would not come back by itself soon.
    await expect.poll(async () => Number((await countdown.textContent({ timeout: 1_000 }).catch(() => '0'))?.match(/\d+/)?.[0] ?? 0), { timeout: 30_000 }).toBeGreaterThan(3);
    await expect(tryNow).toBeVisible();
    await expect(page.getByRole('alert')).toHaveText(/connection is lost/);
    log.appendLines(3);
    await server.restart();
    await expect(viewer.state).toHaveText(/^reconnecting/);
    await ask();
    await viewer.endsWith(`line ${log.written}`);
    await expect(viewer.state).toHaveText(/^live/);
    await expect(tryNow).toBeHidden();
    await expect(page.getByRole('alert')).toBeHidden();
    await viewer.isWhole();
  }
});

test('a network that comes back wakes the connection at once, and so does a tab that is looked at @own-server', async ({ page, viewer, logs, startBehindProxy, complaints }) => {
  complaints.expect(LOST);
  const log = logs.numbered('app.log', 60);
  const proxy = await startBehindProxy({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${proxy.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 60');
  const countdown = page.getByText(/^again in (\d+) s$/);
  for (const wake of ['online', 'visibilitychange']) {
    proxy.cut();
    await expect(viewer.state).toHaveText(/^reconnecting/);
    await expect.poll(async () => Number((await countdown.textContent({ timeout: 1_000 }).catch(() => '0'))?.match(/\d+/)?.[0] ?? 0), { timeout: 30_000 }).toBeGreaterThan(3);
    log.appendLines(3);
    proxy.mend();
    const before = Date.now();
    // What the browser tells a page: no headless one ever loses its network or its window.
    await page.evaluate((name) => (name === 'online' ? window : document).dispatchEvent(new Event(name)), wake);
    await viewer.endsWith(`line ${log.written}`);
    expect(Date.now() - before, 'milliseconds: not when the delay was over').toBeLessThan(3_000);
    await viewer.isWhole();
  }
});

test('a proxy that cuts what is idle does not cut a quiet log @own-server', async ({ page, viewer, logs, startBehindProxy, complaints }) => {
  complaints.expect(LOST);
  const LIMIT_MS = 2_500;
  const log = logs.numbered('app.log', 60);
  const proxy = await startBehindProxy({ roots: [`logs=${logs.folder}`], options: ['--heartbeat', '1'] });
  proxy.cutIdle(LIMIT_MS);
  await page.goto(`${proxy.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 60');
  // The connections that the page was loaded over are idle now: that they are cut shows that it would be.
  await expect.poll(() => proxy.idled, { timeout: 15_000 }).toBeGreaterThan(0);
  await expect.poll(() => proxy.connections, { timeout: 15_000, message: 'the one that is left is that of the log' }).toBe(1);
  const taken = proxy.taken;
  const quiet = Date.now();
  await expect.poll(() => Date.now() - quiet, { timeout: 4 * LIMIT_MS }).toBeGreaterThan(3 * LIMIT_MS);
  expect([proxy.connections, proxy.taken], 'connections now, and all there were').toEqual([1, taken]);
  await expect(viewer.state).toHaveText(/^live/);
  log.appendLines(1);
  await viewer.endsWith('line 61');
});

test('a file that was cut while the connection was lost goes on from its start, and the page says so @own-server', async ({ page, viewer, logs, startServer, complaints }) => {
  complaints.expect(LOST);
  const log = logs.numbered('app.log', 60);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 60');
  await server.kill();
  await expect(viewer.state).toHaveText(/^reconnecting/);
  truncateSync(log.path, 0);
  log.append('after the cut\n');
  await server.restart();
  await viewer.press('r');
  await viewer.endsWith('after the cut');
  await viewer.divides(/^truncated while the connection was away/);
  await expect(viewer.state).toHaveText(/^live · truncated/);
  await viewer.isWhole();
});

test('a file that was replaced while the connection was lost says what is not known to be there @own-server', async ({ page, viewer, logs, startServer, complaints }) => {
  complaints.expect(LOST);
  const log = logs.numbered('app.log', 60);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 60');
  await server.kill();
  await expect(viewer.state).toHaveText(/^reconnecting/);
  log.append('nobody has seen this\n');
  log.delete();
  logs.file('app.log', 'another file\n');
  await server.restart();
  await viewer.press('r');
  await viewer.endsWith('another file');
  await viewer.divides(/^gap of (\d+ bytes|unknown size)/);
  await expect(viewer.state).toHaveText(/^live · gap of/);
});

test('a tab that was frozen until the server dropped it goes on without a missing or a double line @own-server', async ({ page, viewer, logs, startServer, browser, complaints }) => {
  test.setTimeout(90_000 + 2_000 * FREEZE_SECS);
  complaints.expect(LOST);
  const log = logs.numbered('app.log', 60);
  const server = await startServer({ roots: [`logs=${logs.folder}`], options: ['--heartbeat', '1'] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 60');
  await viewer.markDocument();
  for (const [round, burst] of [5, 2_000].entries()) {
    const renderers = await renderersOf(browser);
    const began = Date.now();
    for (const pid of renderers) process.kill(pid, 'SIGSTOP');
    try {
      log.appendLines(burst);
      await expect.poll(() => connections(server), { timeout: 60_000, message: 'viewers that the server still has' }).toBe(0);
      await expect.poll(() => (Date.now() - began) / 1000, { timeout: 1_500 * FREEZE_SECS + 1_000 }).toBeGreaterThan(FREEZE_SECS);
      log.appendLines(burst);
    } finally {
      for (const pid of renderers) process.kill(pid, 'SIGCONT');
    }
    await expect.poll(() => connections(server), { timeout: 20_000 }).toBe(1);
    log.appendLines(1);
    await viewer.endsWith(`line ${log.written}`);
    await expect(viewer.state).toHaveText(/^live/);
    await viewer.isWhole();
    // Upwards too, over what came while nobody looked.
    await viewer.goTo(String(60 + round));
    await viewer.sees(`line ${60 + round}`);
    await viewer.isWhole();
    await viewer.press('Shift+F');
    await viewer.endsWith(`line ${log.written}`);
  }
  await viewer.expectSameDocument();
});

/** How many viewers the server has. */
async function connections(server: Taillight): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  return Number(text.match(/^taillight_viewers (\d+)/m)?.[1]);
}

/** The processes that run pages. */
async function renderersOf(browser: Browser): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  expect(renderers.length, 'renderer processes').toBeGreaterThan(0);
  return renderers;
}
