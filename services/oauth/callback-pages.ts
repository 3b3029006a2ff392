import type { Problem } from '#schemas/problem.ts';
import type { Connected } from './consents.ts';
import { type Html, html } from './html.ts';
import { page } from './page.ts';

/** What a person sees once an account is connected. @param backUrl where the console is */
export function connectedPage(connected: Connected, backUrl: string): string {
  const { account, again, connectionId, missing, name, provider } = connected;
  const who = account.name ?? account.id;
  const granted = connected.granted.filter((scope) => connected.requested.includes(scope));
  return page(
    `${provider.title} is connected${again ? ' again' : ''}`,
    'good',
    html`<dl>
<dt>Connection</dt><dd>${name}</dd>
${who !== null && html`<dt>Account</dt><dd>${who}</dd>`}
<dt>Id</dt><dd><code>${connectionId}</code></dd>
</dl>
${granted.length > 0 && html`<h2>Allowed</h2>${scopeList(connected, granted)}`}
${
  missing.length > 0 &&
  html`<h2>Asked for and not allowed</h2>
${scopeList(connected, missing)}
<p class="quiet">The connection works without. To allow it later, authenticate the connection again.</p>`
}
${back(backUrl)}`,
  );
}

/** What a person sees when it came to nothing. */
export function failedPage(problem: Problem, backUrl: string): string {
  const { code, kind, message } = problem;
  return page(
    kind.title,
    'bad',
    html`<p>${message}</p>
<p>${NEXT[kind.next]}</p>
<p class="quiet">Code: <code>${code}</code></p>
${back(backUrl)}`,
  );
}

const NEXT: Readonly<Record<Problem['kind']['next'], string>> = {
  fix_request: 'Go back to your connections, and begin again from there.',
  authenticate: 'Sign in, then connect again.',
  retry_later: 'Try again in a few minutes, from the beginning.',
  ask_operator: 'Ask those who run this installation, and give them the code.',
};

function back(url: string): Html {
  return html`<a class="button" href="${url}">Back to Tributary</a>`;
}

function scopeList({ provider }: Connected, names: readonly string[]): Html {
  const items = names.map((name) => {
    const title = provider.scopes.find((scope) => scope.name === name)?.title;
    return html`<li>${title !== undefined && `${title} `}<code>${name}</code></li>
`;
  });
  return html`<ul>
${items}</ul>`;
}
