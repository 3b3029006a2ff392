import { createHash } from 'node:crypto';
import { type Html, html, Html as Markup } from './html.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #5c6670; --ground: #f4f5f7;
  --card: #ffffff; --line: #d9dde2; --good: #1a7f4b; --bad: #b42318; --link: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --quiet: #a3abb4; --ground: #15181b; --card: #1e2226; --line: #363c43;
    --good: #5cc98d; --bad: #ff8a80; --link: #7cb8f5; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; padding: 1rem; display: grid; place-items: center;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: 100%; max-width: 34rem; padding: 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-top: 4px solid var(--bad); border-radius: 8px; }
main.good { border-top-color: var(--good); }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; }
h2 { margin: 1.25rem 0 .35rem; font-size: 1rem; }
p, dd, li { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dt, .quiet { color: var(--quiet); }
dd { margin: 0; }
ul { margin: 0; padding-left: 1.25rem; }
code { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; }
a { color: var(--link); }
a.button { display: inline-block; margin-top: 1.5rem; padding: .55rem 1rem; border-radius: 6px;
  border: 1px solid currentColor; text-decoration: none; font-weight: 600; }
a.button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
@media (max-width: 26rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** For pages that carry no script and load nothing. The address that led here may hold a code. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

/** A page of its own, without anything to load. */
export function page(title: string, kind: 'good' | 'bad', content: Html): string {
  const style = new Markup(`<style>${STYLE}</style>`);
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${style}
</head>
<body>
<main class="${kind}">
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.text;
}
