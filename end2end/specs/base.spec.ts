//! Everything below a base path, as behind a proxy that serves other things beside it.
import { type Page } from '@playwright/test';
import { expect, numbered, test } from '../support/fixtures';
import { type Taillight } from '../support/taillight';
import { ViewerPage } from '../support/viewer';

const BASE = '/logs';

/** Requests of the page, sockets too, that do not go below the base path: a proxy would send them elsewhere. */
function strayRequests(page: Page, server: Taillight): string[] {
  const stray: string[] = [];
  const look = (address: string) => {
    const { host, pathname } = new URL(address);
    if (host !== new URL(server.origin).host || !(pathname === BASE || pathname.startsWith(`${BASE}/`))) stray.push(address);
  };
  page.on('request', (request) => look(request.url()));
  page.on('websocket', (socket) => look(socket.url()));
  return stray;
}

test('below a base path a file is chosen, followed, shared and downloaded @own-server', async ({ page, logs, startServer, newBrowser }) => {
  const log = logs.numbered('web/app.log', 400);
  const other = logs.file('web/other.log', 'this is the other\n');
  const server = await startServer({ roots: [`all=${logs.folder}`], options: ['--base-path', BASE] });
  const stray = strayRequests(page, server);
  const viewer = new ViewerPage(page, `${server.origin}${BASE}`);
  expect(new URL(server.printed).pathname.replace(/\/$/, ''), 'what is printed').toBe(BASE);

  // Choose and open.
  await page.goto(server.printed);
  await page.getByRole('link', { name: /^all/ }).first().click();
  await page.getByRole('link', { name: /^web/ }).first().click();
  await page.getByRole('link', { name: /^app\.log/ }).first().click();
  await viewer.runs();
  await expect(page).toHaveURL(`${viewer.origin}/v/all/web/app.log`);

  // Follow.
  await viewer.endsWith('line 400');
  log.appendLines(3);
  await viewer.endsWith('line 403');
  await expect(viewer.lineCount).toHaveText('403 lines');

  // Another file without another document, and back.
  await viewer.markDocument();
  if (!(await viewer.files.isVisible())) await viewer.press('Control+b');
  await viewer.files.getByRole('link', { name: /^other\.log/ }).click();
  await viewer.sees('this is the other');
  await expect(page).toHaveURL(`${viewer.origin}/v/all/web/other.log`);
  other.append('and it is live\n');
  await viewer.endsWith('and it is live');
  await page.goBack();
  await viewer.sees('line 403');
  await viewer.expectSameDocument();

  // Share.
  await viewer.goTo('120');
  await viewer.select(120);
  const link = await viewer.copiedLink();
  expect(link).toContain(`${viewer.origin}/v/all/web/app.log?`);
  const friend = await newBrowser();
  await friend.page.goto(link);
  await friend.runs();
  await friend.sees('line 120');
  await expect(friend.row(120)).toHaveAttribute('aria-selected', 'true');

  // Download.
  const [download] = await Promise.all([page.waitForEvent('download'), viewer.download.click()]);
  expect(new URL(download.url()).pathname).toBe(`${BASE}/raw/all/web/app.log`);
  let text = '';
  for await (const part of await download.createReadStream()) text += part;
  expect(text).toBe(numbered(1, 403));
  expect(stray, 'requests that leave the base path').toEqual([]);
});

test('below a base path a person logs in and stays logged in @own-server', async ({ page, context, logs, startServer, complaints }) => {
  complaints.expect(/status of 401/);
  const log = logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`all=${logs.folder}`], auth: 'token', options: ['--base-path', BASE] });
  const token = new URL(server.printed).hash.replace('#token=', '');
  const stray = strayRequests(page, server);
  const viewer = new ViewerPage(page, `${server.origin}${BASE}`);

  // A link, before anybody is logged in: to the form and back to the link.
  await page.goto(`${viewer.origin}/v/all/app.log?at=line:5`);
  await expect(page).toHaveURL(new RegExp(`${BASE}/login`));
  await page.getByLabel(/token/i).fill(token);
  await page.getByRole('button', { name: /log in/i }).click();
  await expect(page).toHaveURL(`${viewer.origin}/v/all/app.log?at=line:5`);
  await viewer.runs();
  await viewer.sees('line 5');
  log.append('live behind the login\n');
  await viewer.press('Shift+F');
  await viewer.endsWith('live behind the login');

  expect(stray, 'requests that leave the base path').toEqual([]);

  const cookies = await context.cookies();
  expect(cookies.length, 'a cookie').toBeGreaterThan(0);
  for (const cookie of cookies) expect(cookie, cookie.name).toMatchObject({ httpOnly: true, sameSite: 'Lax' });

  // The stream of the original stands on absolute file paths, beside the base path, and takes the same login.
  const streamed = await page.evaluate(
    (address) =>
      new Promise<string>((done) => {
        let text = '';
        const socket = new WebSocket(address);
        socket.onmessage = ({ data }) => (text += data);
        socket.onclose = () => done(text);
      }),
    `${server.origin.replace('http', 'ws')}${encodeURI(log.path)}?lines=2&format=text`,
  );
  expect(streamed).toBe('line 10\nlive behind the login\n');
});

test('below a base path the printed address logs in @own-server', async ({ page, logs, startServer }) => {
  logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`all=${logs.folder}`], auth: 'token', options: ['--base-path', BASE] });
  await page.goto(server.printed);
  await expect.poll(() => new URL(page.url()).hash, { message: 'the token is taken out of the address' }).toBe('');
  expect(new URL(page.url()).pathname.replace(/\/$/, '')).toBe(BASE);
  await expect(page.getByRole('link', { name: /^all/ }).first()).toBeVisible();
});

test('beside the base path there is nothing @own-server', async ({ page, logs, startServer, complaints }) => {
  complaints.expect(/status of 404/);
  logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`all=${logs.folder}`], options: ['--base-path', BASE] });
  for (const path of ['/v/all/app.log', '/raw/all/app.log', '/api/v1/files', '/logsx/', '/logs/v/logs/v/all/app.log']) {
    const response = await page.request.get(`${server.origin}${path}`, { maxRedirects: 0 });
    expect(response.status(), path).toBe(404);
  }
  const good = await page.request.get(`${server.origin}${BASE}/raw/all/app.log`);
  expect(await good.text()).toBe(numbered(1, 10));
  await page.goto(`${server.origin}${BASE}/v/all/app.log`);
  await expect(page.getByText('line 10', { exact: true }).first()).toBeVisible();
});
