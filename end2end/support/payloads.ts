//! Three hundred and more texts that want to become markup or script. Each would call `pwned()`.

const CALL = 'pwned()';
const HANDLERS = [
  'onerror', 'onload', 'onclick', 'onfocus', 'onmouseover', 'onanimationstart', 'ontoggle', 'onpointerenter', 'onbegin', 'onstart', 'onwheel', 'onscroll',
];
const ELEMENTS = ['img src=x', 'svg', 'body', 'video src=x', 'details open', 'input autofocus', 'marquee', 'iframe', 'object data=x', 'style', 'math', 'audio src=x'];
const CLOSERS = ['', '">', "'>", '</span>', '</div></div>', '-->', '</script>', '</style>', '</title>', '</textarea>', '</template>', ']]>'];

/** Texts for lines, names and parameters. */
export function payloads(): string[] {
  const all: string[] = [];
  for (const element of ELEMENTS) for (const handler of HANDLERS) all.push(`<${element} ${handler}=${CALL}>`);
  for (const closer of CLOSERS) {
    all.push(`${closer}<script>${CALL}</script>`);
    all.push(`${closer}<img src=x onerror=${CALL}>`);
    all.push(`${closer}<svg/onload=${CALL}>`);
    all.push(`${closer}<iframe srcdoc="<script>parent.${CALL}</script>">`);
    all.push(`${closer}<a href="javascript:${CALL}">a</a>`);
  }
  for (const scheme of ['javascript:', 'JaVaScRiPt:', 'java\tscript:', ' javascript:', 'data:text/html,<script>', 'vbscript:']) {
    all.push(`${scheme}${CALL}`, `\x1b]8;;${scheme}${CALL}\x1b\\link\x1b]8;;\x1b\\`, `<a href='${scheme}${CALL}'>x</a>`);
  }
  for (const style of ['31', '38;5;208', '38;2;1;2;3', '1;4;7', '<', '"onload=', '999', '38;2;256;"']) {
    all.push(`\x1b[${style}m<img src=x onerror=${CALL}>\x1b[0m`, `\x1b[${style}m"><script>${CALL}</script>`, `<scr\x1b[${style}mipt>${CALL}</scr\x1b[0mipt>`);
    all.push(`&lt;\x1b[${style}m&#x3c;script&#x3e;${CALL}`);
  }
  for (const text of ['&lt;script&gt;', '&#60;script&#62;', '&amp;lt;img src=x onerror=', '\u2028', '\u2029', '\ufeff', '\u202e', '\0', '%3Cscript%3E', '\\u003cscript\\u003e', '${', '{{', '<!--', '<![CDATA[', '<?xml ', '<%']) {
    all.push(`${text}${CALL}`, `${text}${CALL}</script>`, `"${text}${CALL}"`, `${text}<script>${CALL}</script>`);
  }
  all.push(`</script><script>${CALL}</script>`, `<base href=//127.0.0.1:1/><script>${CALL}</script>`, `<meta http-equiv=refresh content="0;url=javascript:${CALL}">`);
  all.push(`<link rel=stylesheet href=data:,*{}><form action=javascript:${CALL}><button>x`, `<object data="data:text/html,<script>${CALL}</script>">`);
  return all;
}
