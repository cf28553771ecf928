/** Cells of the pictures, in pixels. */
const [cellWidth, cellHeight, margin] = [8.4, 18, 14];

const palette = ['#1d2330', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#c8ccd4'];
const [paper, ink, faint, grey] = ['#1d2330', '#d7dae0', '#7d8694', '#7f848e'];

interface Look {
  color: string;
  bold: boolean;
  dim: boolean;
  inverse: boolean;
}

const plain: Look = { color: ink, bold: false, dim: false, inverse: false };

function after(look: Look, code: number): Look {
  if (code === 0) return plain;
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, dim: true };
  if (code === 7) return { ...look, inverse: true };
  if (code === 22) return { ...look, bold: false, dim: false };
  if (code === 27) return { ...look, inverse: false };
  if (code >= 30 && code <= 37) return { ...look, color: palette[code - 30] ?? ink };
  if (code === 39) return { ...look, color: ink };
  return code === 90 ? { ...look, color: grey } : look;
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A picture (SVG) of what `tmux capture-pane -e` gave, for the documentation. For letters that are one cell wide. */
export function pictureOf(title: string, screen: string, columns: number, rows: number): string {
  const [width, height] = [columns * cellWidth + 2 * margin, rows * cellHeight + 2 * margin];
  const out: string[] = [];
  let look = plain;
  for (const [row, line] of screen.split('\n').slice(0, rows).entries()) {
    let column = 0;
    for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
      const codes = /^\u001b\[([0-9;]*)m$/.exec(part)?.[1];
      if (codes !== undefined) look = codes.split(';').map(Number).reduce(after, look);
      else if (part !== '') {
        out.push(run(part, column, row, look));
        column += [...part].length;
      }
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width.toFixed(0)}" height="${height}" viewBox="0 0 ${width.toFixed(0)} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" rx="8" fill="${paper}"/>
${out.filter(Boolean).join('\n')}
</svg>
`;
}

function run(text: string, column: number, row: number, { color, bold, dim, inverse }: Look): string {
  const x = (margin + column * cellWidth).toFixed(1);
  const y = margin + row * cellHeight;
  const wide = ([...text].length * cellWidth).toFixed(1);
  const fill = inverse ? paper : dim ? faint : color;
  const box = inverse ? `<rect x="${x}" y="${y}" width="${wide}" height="${cellHeight}" fill="${color}"/>` : '';
  if (text.trim() === '') return box;
  const weight = bold ? ' font-weight="bold"' : '';
  return `${box}<text x="${x}" y="${y + 13.5}" fill="${fill}"${weight} textLength="${wide}" xml:space="preserve">${escaped(text)}</text>`;
}
