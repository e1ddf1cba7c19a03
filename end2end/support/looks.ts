//! What a character looks like, read from two kinds of HTML: that of `ansi-to-html`, and the rows of the viewer. They
//! name colours in different ways, so both are brought to numbers of the 256-colour palette and a set of attributes.

/** A stretch of text that looks alike: `fg/bg` numbers of the palette or `-`, then the attributes, sorted. */
export interface Look {
  text: string;
  look: string;
}

/** A piece of a row of the viewer: its text, its classes, and what the style sheet makes of them. */
export interface Piece {
  text: string;
  classes: string;
  computed: { color: string; background: string; weight: number; slant: string; line: string; line_style: string; opacity: number; filter: string };
}

interface Style {
  fg: number | null;
  bg: number | null;
  attrs: Set<string>;
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const TAGS: Record<string, string> = {
  b: 'bold',
  i: 'italic',
  u: 'underline',
  s: 'strike',
  "span style='opacity:0.67'": 'dim',
  "u style='text-decoration-style:double'": 'double',
  "u style='text-decoration:overline'": 'overline',
};

/** The looks of a line in the HTML of `ansi-to-html`, walked tag by tag: what it does not write is an error. */
export function looksOfHtml(html: string): Look[] {
  const looks: Look[] = [];
  const open: Style[] = [{ fg: null, bg: null, attrs: new Set() }];
  for (const [token, tag, entity] of html.matchAll(/<([^>]*)>|&([^;]*);|[^<&]+/g)) {
    if (tag?.startsWith('/')) {
      if (open.length < 2) throw new Error(`closes what is not open: ${html}`);
      open.pop();
    } else if (tag !== undefined) {
      open.push(opened(tag, open[open.length - 1]));
    } else {
      const text = entity === undefined ? token : ENTITIES[entity];
      if (text === undefined) throw new Error(`an unknown entity: ${token}`);
      push(looks, text, printed(open[open.length - 1]));
    }
  }
  if (open.length !== 1) throw new Error(`not balanced: ${html}`);
  return looks;
}

/** The looks of a row, in the terms of `ansi-to-html` with its dark theme: inverse is two colours, hidden is nothing. */
export function looksOfRow(pieces: Piece[]): Look[] {
  const looks: Look[] = [];
  for (const { text, classes } of pieces) {
    let [fg, bg] = [null, null] as (number | null)[];
    const attrs = new Set<string>();
    for (const name of classes.split(' ').filter(Boolean)) {
      const [, side, number, attr] = name.match(/^a-(?:([fb])(\d+)|([a-z]+))$/) ?? [];
      if (side === 'f') fg = Number(number);
      else if (side === 'b') bg = Number(number);
      else if (attr) attrs.add(attr);
      else throw new Error(`an unknown class: ${classes}`);
    }
    if (attrs.delete('inverse')) [fg, bg] = [bg ?? 0, fg ?? 15];
    for (const name of ['hidden', 'near']) attrs.delete(name);
    push(looks, text, printed({ fg, bg, attrs }));
  }
  return looks;
}

/** The text of looks. */
export function textOf(looks: Look[]): string {
  return looks.map((look) => look.text).join('');
}

/** What of a piece's classes the style sheet does not show: a list of complaints. */
export function unshown({ classes, computed }: Piece): string[] {
  const has = (name: string) => classes.split(' ').includes(`a-${name}`);
  const line = (name: string) => computed.line.split(' ').includes(name);
  const shown: [string, boolean, boolean][] = [
    ['bold', has('bold'), computed.weight >= 600],
    ['italic', has('italic'), computed.slant === 'italic'],
    ['dim', has('dim'), computed.opacity < 1 || computed.filter !== 'none'],
    ['underline', has('underline') || has('double'), line('underline')],
    ['double', has('double'), computed.line_style === 'double'],
    ['strike', has('strike'), line('line-through')],
    ['overline', has('overline'), line('overline')],
    ['background', /\ba-b\d/.test(classes) || has('inverse'), computed.background !== 'rgba(0, 0, 0, 0)'],
  ];
  return shown.filter(([, told, seen]) => told !== seen).map(([name, told]) => `${name} ${told ? 'is not shown' : 'is shown'}: ${classes}`);
}

/** The pieces of rows, one list a row, with the offsets of their lines. Runs in the browser. */
export function readRows(grid: Element): { offset: number; html: string; pieces: Piece[] }[] {
  const rows = [...grid.querySelectorAll<HTMLElement>('[role=row][data-offset]')].filter((row) => row.checkVisibility());
  return rows.map((row) => {
    const cells = row.querySelectorAll<HTMLElement>('[role=gridcell]');
    const cell = cells[cells.length - 1];
    const pieces: Piece[] = [];
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement as HTMLElement;
      const style = getComputedStyle(parent);
      pieces.push({
        text: node.textContent ?? '',
        classes: parent === cell ? '' : parent.className,
        computed: {
          color: style.color,
          background: parent === cell ? 'rgba(0, 0, 0, 0)' : style.backgroundColor,
          weight: Number(style.fontWeight),
          slant: style.fontStyle,
          line: parent === cell ? 'none' : style.textDecorationLine,
          line_style: style.textDecorationStyle,
          opacity: Number(style.opacity),
          filter: parent === cell ? 'none' : style.filter,
        },
      });
    }
    return { offset: Number(row.dataset.offset), html: cell.outerHTML, pieces };
  });
}

function opened(tag: string, inside: Style): Style {
  const style: Style = { ...inside, attrs: new Set(inside.attrs) };
  const attr = TAGS[tag];
  if (attr) {
    style.attrs.add(attr);
    return style;
  }
  const css = tag.match(/^span style='([^']*)'$/)?.[1];
  if (css === undefined) throw new Error(`an unknown tag: <${tag}>`);
  for (const rule of css.split(';')) {
    const [, property, value] = rule.match(/^(color|background):(.*)$/) ?? [];
    if (property === 'color') style.fg = colorOf(value);
    else if (property === 'background') style.bg = colorOf(value);
    else throw new Error(`an unknown rule: ${css}`);
  }
  return style;
}

function colorOf(value: string): number {
  const named = value.match(/^var\(--(bright-)?([a-z]+),/);
  if (named) return NAMES.indexOf(named[2]) + (named[1] ? 8 : 0);
  const digits = value.replace('#', '');
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  const at = PALETTE.indexOf(full.toLowerCase());
  if (at < 0) throw new Error(`not a colour of the palette: ${value}`);
  return at;
}

/** Colours 16 to 255 as xterm has them; the first 16 are names. */
const PALETTE: string[] = (() => {
  const hex = (...rgb: number[]) => rgb.map((part) => part.toString(16).padStart(2, '0')).join('');
  const palette: string[] = Array(16).fill('named');
  const steps = [0, 95, 135, 175, 215, 255];
  for (const r of steps) for (const g of steps) for (const b of steps) palette.push(hex(r, g, b));
  for (let grey = 8; grey <= 238; grey += 10) palette.push(hex(grey, grey, grey));
  return palette;
})();

function printed({ fg, bg, attrs }: Style): string {
  return [`${fg ?? '-'}/${bg ?? '-'}`, ...[...attrs].sort()].join(' ');
}

function push(looks: Look[], text: string, look: string): void {
  const last = looks[looks.length - 1];
  if (last?.look === look) last.text += text;
  else if (text) looks.push({ text, look });
}
