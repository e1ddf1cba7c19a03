//! Logging in with the address that the server prints, and staying logged in.
import { expect, test } from '../support/fixtures';

test('opening the printed address logs in and takes the token out of the address @own-server', async ({ page, viewer, logs, startServer }) => {
  const log = logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`logs=${logs.folder}`], auth: 'token' });
  const token = new URL(server.printed).hash.replace('#token=', '');
  await page.goto(server.printed);
  await expect(page).toHaveURL(`${server.origin}/`);
  expect(await page.evaluate(() => history.state === null || !JSON.stringify(history.state).includes('token='))).toBe(true);
  await page.getByRole('link', { name: /^logs/ }).first().click();
  await page.getByRole('link', { name: /^app\.log/ }).first().click();
  await viewer.runs();
  log.append('live behind a login\n');
  await viewer.endsWith('live behind a login');
  expect(page.url()).not.toContain(token);
  expect(await page.content()).not.toContain(token);
});

test('a session survives a restart of the server @own-server', async ({ page, viewer, logs, startServer, complaints }) => {
  complaints.expect(/WebSocket|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource/);
  const log = logs.numbered('app.log', 10);
  const server = await startServer({ roots: [`logs=${logs.folder}`], auth: 'token' });
  const { origin, printed } = server;
  await page.goto(printed);
  await expect(page).toHaveURL(`${origin}/`);
  await server.stop();
  await server.restart();
  expect(server.printed, 'another token').not.toBe(printed);
  await page.goto(`${origin}/v/logs/app.log`);
  await viewer.runs();
  log.append('still logged in\n');
  await viewer.endsWith('still logged in');
});

test('without a token nothing of a file is shown @own-server', async ({ page, logs, startServer, complaints }) => {
  complaints.expect(/401|404/);
  logs.file('app.log', 'secret line\n');
  const server = await startServer({ roots: [`logs=${logs.folder}`], auth: 'token' });
  for (const path of ['/v/logs/app.log', '/v/logs/missing.log', '/raw/logs/app.log', '/api/v1/files', '/api/v1/lines/logs/app.log', '/']) {
    const response = await page.request.get(`${server.origin}${path}`, { maxRedirects: 0 });
    expect([302, 303, 307, 401], `${path}: ${response.status()}`).toContain(response.status());
    expect(await response.text()).not.toContain('secret line');
  }
  await page.goto(`${server.origin}/v/logs/app.log`);
  await expect(page.getByLabel(/token/i)).toBeVisible();
});

test('another site cannot read a file through the visitor\'s browser', async ({ page, logs, shared, complaints }) => {
  complaints.expect(/WebSocket|CORS|ERR_FAILED|403|connect-src/);
  const log = logs.numbered('app.log', 10);
  // Another origin on this machine: the same server under its other name.
  const other = shared.origin.replace('127.0.0.1', 'localhost');
  await page.goto(`${other}/`);
  const outcome = await page.evaluate(
    (address) =>
      new Promise<string>((done) => {
        const socket = new WebSocket(address);
        socket.onmessage = (event) => done(`heard ${String(event.data).slice(0, 40)}`);
        socket.onerror = () => done('refused');
        socket.onclose = () => done('closed');
      }),
    `${shared.origin.replace('http', 'ws')}/api/v1/viewer?${log.link}`,
  );
  expect(['refused', 'closed']).toContain(outcome);
});
