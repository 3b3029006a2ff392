/** Where the browser is sent, or the page it shows. */
export type BrowserAnswer =
  | { readonly status: 302; readonly location: string }
  | { readonly status: 200 | 400; readonly html: string };

/** The page on which a person allows or denies. It asks for the same address, with the decision added. */
export function consentPage(
  provider: string,
  query: URLSearchParams,
  scopes: readonly string[],
): BrowserAnswer {
  const hidden = [...query].map(
    ([name, value]) =>
      `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const choices = scopes.map(
    (scope) =>
      `<p><label><input type="checkbox" name="sandbox_scope" value="${escapeHtml(scope)}" checked> ${escapeHtml(scope)}</label></p>`,
  );
  // Without any box checked the answer would look like one to a page without boxes.
  const none = scopes.length > 0 ? '<input type="hidden" name="sandbox_scope" value="">' : '';
  return page(
    200,
    `<h1>Sandbox of ${escapeHtml(provider)}</h1>
<form method="get">
${hidden.join('\n')}
${none}
${choices.join('\n')}
<p><button name="sandbox_decision" value="allow">Allow</button>
<button name="sandbox_decision" value="deny">Deny</button></p>
</form>`,
  );
}

export function refusalPage(text: string): BrowserAnswer {
  return page(400, `<h1>Not possible</h1><p>${escapeHtml(text)}</p>`);
}

function page(status: 200 | 400, body: string): BrowserAnswer {
  return {
    status,
    html: `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sandbox</title></head><body>${body}</body></html>`,
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
