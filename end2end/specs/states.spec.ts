//! Every state of a followed file is made with real files, and is said: in the state line, and between the lines.
//! `rotated`, `truncated` and the life of the server itself are in rotation.spec, `paused` is in follow.spec.
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, numbered, test } from '../support/fixtures';

const isRoot = process.getuid?.() === 0;

test('a file whose name is gone is waited for, and the lines after it stand below a divider', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 20);
  await viewer.open(log.link);
  await viewer.endsWith('line 20');
  log.moveAway();
  await expect(viewer.state).toHaveText(/^waiting for file/);
  await expect(viewer.page.getByRole('alert')).toHaveText(/No file has this name/);
  await viewer.sees('line 20');
  appendFileSync(`${log.path}.1`, 'line 21\n');
  await viewer.endsWith('line 21');
  logs.file('app.log', 'a new life\n');
  await viewer.sees('a new life');
  await expect(viewer.state).toHaveText(/^live · (appeared|rotated) at \d\d:\d\d:\d\d$/);
  await expect(viewer.page.getByRole('alert')).toBeHidden();
  await viewer.divides(/^(appeared|rotated) at \d\d:\d\d:\d\d/);
  await viewer.isWhole();
});

test('a deleted file is said to be deleted, and where', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 20);
  await viewer.open(log.link);
  await viewer.endsWith('line 20');
  log.delete();
  await expect(viewer.state).toHaveText(/^deleted at \d\d:\d\d:\d\d$/);
  await viewer.divides(/^deleted at \d\d:\d\d:\d\d$/);
  await expect(viewer.page.getByRole('alert')).toHaveText(/deleted/);
  logs.file('app.log', 'born again\n');
  await viewer.sees('born again');
  await expect(viewer.state).toHaveText(/^live · appeared at \d\d:\d\d:\d\d$/);
  await viewer.divides(/^appeared at \d\d:\d\d:\d\d/);
});

test('a folder that is removed and made again is followed on', async ({ viewer, logs }) => {
  const log = logs.numbered('days/today/app.log', 20);
  await viewer.open(log.link);
  await viewer.endsWith('line 20');
  rmSync(join(logs.folder, 'days'), { recursive: true });
  await expect(viewer.state).toHaveText(/^(deleted|waiting for file)/);
  await viewer.sees('line 20');
  expect(existsSync(log.path)).toBe(false);
  logs.file('days/today/app.log', 'made again\n');
  await viewer.sees('made again');
  await expect(viewer.state).toHaveText(/^live · appeared/);
});

test('what is written to a file after it was left is a gap, in bytes', async ({ viewer, logs }) => {
  const log = logs.numbered('app.log', 20);
  await viewer.open(log.link);
  await viewer.endsWith('line 20');
  log.rotate();
  log.append('the new file\n');
  await viewer.sees('the new file');
  await viewer.divides(/^rotated/);
  appendFileSync(`${log.path}.1`, 'far too late\n');
  await viewer.divides(/^gap of 13 bytes/);
  await expect(viewer.state).toHaveText(/^live · gap of 13 bytes at \d\d:\d\d:\d\d$/);
});

test('a file that the server may not read any more is denied, until it may @own-server', async ({ page, viewer, startServer, complaints }) => {
  complaints.expect(/WebSocket|ERR_|Failed to load resource/);
  // The server is not root, whom nothing refuses; as somebody else it is we who take the right away.
  const folder = mkdtempSync(join(tmpdir(), 'taillight-denied-'));
  chmodSync(folder, 0o755);
  const [logs, data] = [join(folder, 'logs'), join(folder, 'data')];
  for (const made of [logs, data]) mkdirSync(made);
  chmodSync(data, 0o777);
  const path = join(logs, 'app.log');
  writeFileSync(path, numbered(1, 20));
  const server = await startServer({ roots: [`logs=${logs}`], dataDir: join(data, 'mine'), uid: isRoot ? 65534 : undefined });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 20');

  // Rotated, and the new file is not for the server: seen at once, over the connection that is there.
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'not for you\n', { mode: 0o600 });
  if (!isRoot) chmodSync(path, 0o000);
  await expect(viewer.state).toHaveText(/^denied/);
  await expect(page.getByRole('alert')).toHaveText(/may not read/);
  await viewer.sees('line 20');
  expect(await viewer.texts()).not.toContain('not for you');
  chmodSync(path, 0o644);
  await viewer.sees('not for you');
  await expect(viewer.state).toHaveText(/^live · rotated/);

  // The same, seen when a lost connection comes back.
  await server.kill();
  await expect(viewer.state).toHaveText(/^reconnecting · rotated/);
  chmodSync(path, isRoot ? 0o600 : 0o000);
  await server.restart();
  await expect(viewer.state).toHaveText(/^denied/, { timeout: 20_000 });
  await expect(page.getByText(/^again in \d+ s$/)).toBeVisible();
  chmodSync(path, 0o644);
  appendFileSync(path, 'for you again\n');
  await viewer.press('r');
  await viewer.endsWith('for you again');
  await expect(viewer.state).toHaveText(/^live/);
  await expect(page.getByRole('alert')).toBeHidden();
  rmSync(folder, { recursive: true });
});

test('a file that cannot be opened for want of handles is a read error, until there are some @own-server', async ({ page, viewer, logs, startServer }) => {
  const log = logs.numbered('app.log', 20);
  const server = await startServer({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 20');
  // As many as it has open, and not one more.
  const limit = execFileSync('prlimit', ['--pid', String(server.pid), '--nofile', '--output', 'SOFT', '--noheadings']).toString().trim();
  const open = readdirSync(`/proc/${server.pid}/fd`).length;
  execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${open - 4}:`]);
  await expect(viewer.state).toHaveText(/^read error/);
  await expect(page.getByRole('alert')).toHaveText(/tried again/);
  log.appendLines(2);
  execFileSync('prlimit', ['--pid', String(server.pid), `--nofile=${limit}:`]);
  await expect(viewer.state).toHaveText(/^live/);
  await viewer.endsWith('line 22');
  await viewer.isWhole();
  await expect(page.getByRole('alert')).toBeHidden();
});

test('who is behind on a slow link is told by how much, and may jump to live @own-server', async ({ page, viewer, logs, startBehindProxy, complaints }) => {
  complaints.expect(/WebSocket|ERR_|Failed to load resource/);
  const log = logs.numbered('app.log', 200);
  const proxy = await startBehindProxy({ roots: [`logs=${logs.folder}`] });
  await page.goto(`${proxy.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.endsWith('line 200');
  await viewer.press('p');
  await expect(viewer.state).toHaveText(/^paused/);
  // More than a slow link carries in a minute; who wants every line of it can have that.
  proxy.limit(200_000);
  const fill = 'x'.repeat(90);
  log.append(Array.from({ length: 120_000 }, (_, n) => `burst ${n} ${fill}\n`).join(''));
  await expect(viewer.pause.and(page.locator('[aria-pressed=true]'))).toBeVisible();
  await page.getByRole('button', { name: 'Catch up' }).click();
  await expect(viewer.state).toHaveText(/^behind by \d+\.\d MB/);
  await expect.poll(async () => (await viewer.texts()).at(-1)).toMatch(/^burst \d+ x/);
  const jump = page.getByRole('button', { name: 'Jump to live' });
  await expect(jump).toBeVisible();
  await jump.click();
  await viewer.endsWith(`burst 119999 ${fill}`);
  await expect(viewer.state).toHaveText(/^live/);
  await expect(jump).toBeHidden();
  log.append('and on\n');
  await viewer.endsWith('and on');
});
