//! The terms of the filter as chips, and what was entered in a box before.
import { expect, fileOf, test } from '../support/fixtures';

const LINES = ['red apple', 'red brick', 'green apple', 'green leaf', 'apple of no colour'].map((text, n) => ({ line: n + 1, text }));
const texts = (part: (text: string) => boolean) => LINES.map(({ text }) => text).filter(part);

test('each term of a filter can be turned off, on again, into its opposite, and away', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link, '?q=apple+red');
  const chips = page.getByRole('group', { name: 'Terms of the filter' });
  const button = (name: string) => chips.getByRole('button', { name, exact: true });
  await expect.poll(() => viewer.texts()).toEqual(['red apple']);
  await expect(button('Term apple')).toHaveAttribute('aria-pressed', 'true');

  await button('Term red').click();
  await expect.poll(() => viewer.texts()).toEqual(texts((text) => text.includes('apple')));
  await expect(button('Term red')).toHaveAttribute('aria-pressed', 'false');
  await expect(viewer.filterBox).toHaveValue('apple');
  await button('Term red').click();
  await expect.poll(() => viewer.texts()).toEqual(['red apple']);

  await button('Invert red').click();
  await expect(viewer.filterBox).toHaveValue('apple -red');
  await expect.poll(() => viewer.texts()).toEqual(['green apple', 'apple of no colour']);
  await expect(page).toHaveURL(/q=apple(\+|%20)-red/);
  await button('Remove -red').click();
  await expect.poll(() => viewer.texts()).toEqual(texts((text) => text.includes('apple')));
  await expect(chips, 'one term needs no chip').toBeHidden();

  // The text is the truth: what is typed is what the chips say.
  await viewer.filter('(red or green) -apple');
  await expect(button('Term red or green')).toBeVisible();
  await expect(button('Term -apple')).toBeVisible();
  await expect.poll(() => viewer.texts()).toEqual(['red brick', 'green leaf']);
  await page.goBack();
  await expect(viewer.filterBox).toHaveValue('apple');
});

test('the up arrow brings back what was entered before, over visits too', async ({ page, viewer, logs }) => {
  const log = logs.file('app.log', fileOf(LINES));
  await viewer.open(log.link);
  for (const query of ['red', 'green', 'apple']) await viewer.filter(query);
  await viewer.find('leaf');
  await page.reload();
  await viewer.runs();
  await viewer.filterBox.fill('dra');
  for (const expected of ['apple', 'green', 'red', 'red']) {
    await viewer.filterBox.press('ArrowUp');
    await expect(viewer.filterBox).toHaveValue(expected);
  }
  await expect.poll(() => viewer.texts(), 'it is applied as typing is').toEqual(['red apple', 'red brick']);
  for (const expected of ['green', 'apple', 'dra', 'dra']) {
    await viewer.filterBox.press('ArrowDown');
    await expect(viewer.filterBox).toHaveValue(expected);
  }
  await viewer.filterBox.fill('');
  await viewer.findBox.fill('');
  await viewer.findBox.press('ArrowUp');
  await expect(viewer.findBox).toHaveValue('leaf');
});
