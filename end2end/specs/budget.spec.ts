//! A search of a large file stops where its ration ends and goes on when it is asked to; one that only a link asks for
//! waits for a click.
import { type Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { type Log, type Logs } from '../support/logs';

const MIB = 1 << 20;

/** What the browser itself says of a connection that is lost. */
const LOST = /WebSocket|ERR_CONNECTION|ERR_EMPTY_RESPONSE|Failed to load resource/;

/** What a search may take in these specs. */
const SMALL = { TAILLIGHT_LIMITS_VIEW_BYTES: String(2 * MIB), TAILLIGHT_LIMITS_LINK_SEARCH_BYTES: String(4 * MIB) };

/** 6 MiB of lines of 64 bytes, each 1,024th with a needle. */
function large(logs: Logs): Log {
  const line = (n: number) => `line ${n % 1024 === 1023 ? 'needle' : 'straw'} ${n}`.padEnd(63, '.');
  return logs.file('app.log', Array.from({ length: (6 * MIB) / 64 }, (_, n) => `${line(n)}\n`).join(''));
}

const limitOf = (page: Page) => page.getByRole('status', { name: 'Search limit' });
const goOn = (page: Page) => page.getByRole('button', { name: 'Continue', exact: true });

test('a search stops after its ration, keeps what it found, and goes on when asked @own-server', async ({ page, viewer, logs, startServer }) => {
  const log = large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: SMALL });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await expect(viewer.lineCount).toHaveText('98,304 lines');
  await expect(goOn(page)).toBeHidden();
  await expect(limitOf(page), 'it stands before it says something: otherwise it is not read aloud').toHaveText('');
  await viewer.find('needle');
  await expect(limitOf(page)).toHaveText('stopped after 2.1 MB (33 %)');
  await expect(goOn(page)).toHaveAccessibleDescription('stopped after 2.1 MB (33 %)');
  await expect(viewer.matchCount).toHaveText(/ of 32\+$/);
  // With the keyboard alone.
  await goOn(page).focus();
  await page.keyboard.press('Enter');
  await expect(viewer.grid).toBeFocused();
  await expect(limitOf(page)).toHaveText('stopped after 4.2 MB (66 %)');
  await expect(viewer.matchCount).toHaveText(/ of 64\+$/);
  await goOn(page).click();
  await expect(viewer.matchCount).toHaveText(/ of 96$/);
  await expect(goOn(page)).toBeHidden();

  // The same for a filter, and what is appended meanwhile is shown.
  await viewer.findBox.fill('');
  await viewer.filter('needle');
  await expect(limitOf(page)).toHaveText('stopped after 2.1 MB (33 %)');
  // Rows that are here count too, be they beyond the ration.
  await expect(viewer.lineCount).toHaveText(/^showing ≥ (3[2-9]|[4-9]\d) of 98,304$/);
  await page.keyboard.press('Escape');
  await viewer.follow.click();
  log.append('one more needle\n');
  await viewer.endsWith('one more needle');
  await expect(viewer.lineCount).toHaveText(/^showing ≥ (3[2-9]|[4-9]\d) of 98,305$/);
  await goOn(page).click();
  await expect(limitOf(page)).toHaveText('stopped after 4.2 MB (66 %)');
  await goOn(page).click();
  await expect(limitOf(page), 'the line that was appended is beyond the ration').toHaveText(/^stopped after 6\.3 MB/);
  await goOn(page).click();
  await expect(viewer.lineCount).toHaveText('showing 97 of 98,305');
});

test('what one viewer has go on goes on for another who looks for the same @own-server', async ({ page, viewer, logs, startServer, newBrowser }) => {
  large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: { ...SMALL, TAILLIGHT_LIMITS_VIEW_BYTES: String(4 * MIB) } });
  const other = await newBrowser();
  for (const one of [viewer, other]) {
    await one.page.goto(`${server.origin}/v/logs/app.log`);
    await one.runs();
    await one.find('needle');
    await expect(limitOf(one.page)).toHaveText(/^stopped after 4\.2 MB/);
  }
  await goOn(other.page).focus();
  await goOn(page).click();
  for (const one of [viewer, other]) {
    await expect(one.matchCount).toHaveText(/ of 96$/);
    await expect(goOn(one.page)).toBeHidden();
    await expect(one.grid, 'where the button was is nothing').toBeFocused();
  }
});

test('what was continued is continued after a lost connection, and so is what is asked for without one @own-server', async ({ page, viewer, logs, startBehindProxy, complaints }) => {
  complaints.expect(LOST);
  large(logs);
  const proxy = await startBehindProxy({ roots: [`logs=${logs.folder}`], environment: SMALL });
  await page.goto(`${proxy.origin}/v/logs/app.log`);
  await viewer.runs();
  await viewer.find('needle');
  await expect(limitOf(page)).toHaveText('stopped after 2.1 MB (33 %)');
  await goOn(page).click();
  await expect(limitOf(page)).toHaveText('stopped after 4.2 MB (66 %)');
  proxy.cut();
  await expect(viewer.state).toHaveText(/^reconnecting/);
  await goOn(page).click();
  await expect(goOn(page), 'it was heard').toBeHidden();
  proxy.mend();
  await viewer.press('r');
  // The server begins at 0 again: nobody else has looked for it.
  await expect(viewer.matchCount).toHaveText(/ of 96$/);
  await expect(goOn(page)).toBeHidden();
});

test('a link to a large file shows a first screen, and the rest waits for a click @own-server', async ({ page, viewer, logs, startServer }) => {
  large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: { ...SMALL, TAILLIGHT_LIMITS_VIEW_BYTES: String(99 * MIB) } });
  for (const [params, counted] of [['?q=needle', viewer.lineCount], ['?find=line%20needle', viewer.matchCount]] as const) {
    // Not the same words twice: what is counted for the page that is left needs no click.
    const link = `${server.origin}/v/logs/app.log${params}`;
    expect(await (await page.request.get(link)).text()).toContain('not searched: 6.3 MB');
    await page.goto(link);
    await viewer.runs();
    await expect(limitOf(page)).toHaveText('not searched: 6.3 MB');
    if (params.startsWith('?q')) {
      await viewer.sees('line needle 98303'.padEnd(63, '.'));
      await expect(viewer.lineCount, 'as many as are here').toHaveText(/^showing ≥ [1-9]/);
    }
    if (params.startsWith('?find')) await expect(counted, 'and not that there is none').toHaveText('not counted');
    // Loaded again, it is a link again.
    await page.reload();
    await viewer.runs();
    await expect(limitOf(page)).toHaveText('not searched: 6.3 MB');
    await goOn(page).click();
    await expect(counted).toHaveText(params.startsWith('?q') ? 'showing 96 of 98,304' : / of 96$/);
    await expect(goOn(page)).toBeHidden();
  }
});

test('a screen without a match says what was searched, and leads to what was found and to the rest @own-server', async ({ page, viewer, logs, startServer, newBrowser }) => {
  // More than is looked through for a first screen, and all matches are before that.
  const fill = `${'straw '.repeat(10)}...\n`.repeat(1024);
  logs.file('app.log', `${'a needle\n'.repeat(3)}${fill.repeat(272 * 16)}`);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: SMALL });
  const link = `${server.origin}/v/logs/app.log?q=needle`;
  await page.goto(link);
  await viewer.runs();
  await expect(page.getByText('No line matches here')).toBeVisible();
  await expect(page.getByText('The rest of the file is not searched.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Go to the first match' })).toBeHidden();

  // Another viewer has some of it searched: who opens the link now hears of it.
  await page.getByRole('button', { name: 'Continue the search' }).click();
  await expect(limitOf(page)).toHaveText(/^stopped after/);
  const other = await newBrowser();
  await other.page.goto(link);
  await other.runs();
  await expect(other.page.getByText(/^3 lines match in the first .+ the rest is not searched\.$/)).toBeVisible();
  await other.page.getByRole('button', { name: 'Go to the first match' }).click();
  await other.sees('a needle');
  await expect(other.page.getByText('No line matches here')).toBeHidden();
  await expect(limitOf(other.page), 'the rest still waits').toHaveText(/^stopped after/);
});

test('counts of levels stop and go on, too @own-server', async ({ page, viewer, logs, startServer }) => {
  large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: SMALL });
  await page.goto(`${server.origin}/v/logs/app.log`);
  await viewer.runs();
  await page.getByRole('button', { name: 'Levels', exact: true }).click();
  const unknown = page.getByRole('group', { name: 'Levels' }).getByRole('button', { name: /^Unknown/ });
  for (const [share, count] of [['2.1 MB (33 %)', '32,768+'], ['4.2 MB (66 %)', '65,536+']]) {
    await expect(limitOf(page)).toHaveText(`levels stopped after ${share}`);
    await expect(unknown).toHaveText(`Unknown ${count}`);
    await goOn(page).click();
  }
  await expect(unknown).toHaveText('Unknown 98,304');
  await expect(goOn(page)).toBeHidden();
});

test('what is typed needs no click @own-server', async ({ page, viewer, logs, startServer }) => {
  large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: { ...SMALL, TAILLIGHT_LIMITS_VIEW_BYTES: String(99 * MIB) } });
  await page.goto(`${server.origin}/v/logs/app.log?q=needle`);
  await viewer.runs();
  await expect(goOn(page)).toBeVisible();
  await viewer.filter('needle line');
  await expect(viewer.lineCount).toHaveText('showing 96 of 98,304');
  await expect(goOn(page)).toBeHidden();
});

test('it fits on a phone, in light and dark @own-server', async ({ page, viewer, logs, startServer }, info) => {
  large(logs);
  const server = await startServer({ roots: [`logs=${logs.folder}`], environment: SMALL });
  await page.setViewportSize({ width: 360, height: 740 });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${server.origin}/v/logs/app.log?q=needle`);
    await viewer.runs();
    await expect(goOn(page)).toBeInViewport({ ratio: 1 });
    await page.screenshot({ path: info.outputPath(`waits-${colorScheme}.png`) });
    await goOn(page).click();
    await expect(limitOf(page)).toHaveText(/^stopped after/);
    await expect(goOn(page)).toBeInViewport({ ratio: 1 });
    await page.screenshot({ path: info.outputPath(`stopped-${colorScheme}.png`) });
  }
});
