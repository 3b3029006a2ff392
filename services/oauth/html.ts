/** Text that is HTML. Only `html` makes it, so what is not has been escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | readonly Html[] | undefined | false;

/**
 * HTML with values in it, which are escaped unless they are HTML themselves.
 *
 * @example
 * html`<p title="${title}">${name}</p>`
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = parts.map((part) => {
    if (part === undefined || part === false) return '';
    if (part instanceof Html) return part.text;
    return typeof part === 'string' ? escapeHtml(part) : part.map(({ text }) => text).join('');
  });
  return new Html(String.raw({ raw: strings }, ...texts));
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}
