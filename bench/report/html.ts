// Pieces of HTML. What comes out of a report goes through `escaped`: a file may say anything.

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for between tags and in quoted attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);
}

/** The same, where a number does not part from its unit at the end of a line. */
export function prose(text: string): string {
  return escaped(text)
    .replace(/(\d) (?=(?:[µmn]?s|k|M|[KMG]iB|workers?|rows?)\b)/g, '$1&nbsp;')
    .replace(/\b(B\*?) = (?=\d)/g, '$1&nbsp;=&nbsp;');
}

/** JSON for a script element: no tag can end or begin in it. */
export function embedded(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

export type Cell = string | number;

/** A table that scrolls on its own where it is wider than the page; the first column is the head of its row. */
export function tableOf(caption: string, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const numeric = head.map((_, i) => i > 0 && rows.every((row) => /^[\d−-]|^never|^$/.test(String(row[i]))));
  const cell = (value: Cell, i: number) =>
    i === 0
      ? `<th scope="row">${prose(String(value))}</th>`
      : `<td${numeric[i] ? ' class="number"' : ''}>${prose(String(value))}</td>`;
  const heads = head.map((text, i) => `<th scope="col"${numeric[i] ? ' class="number"' : ''}>${escaped(text)}</th>`);
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escaped(caption)}"><table>
<caption>${escaped(caption)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody>
</table></div>`;
}

/** What is folded away until somebody wants it. */
export function details(summary: string, content: string): string {
  return `<details><summary>${escaped(summary)}</summary>${content}</details>`;
}

export function list(items: readonly string[]): string {
  return items.length > 0 ? `<ul>${items.map((item) => `<li>${prose(item)}</li>`).join('')}</ul>` : '';
}

/** A part of the page; `content` is HTML. */
export function section(id: string, title: string, content: string): string {
  return `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${escaped(title)}</h2>
${content}
</section>`;
}
