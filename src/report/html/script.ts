/**
 * The script of the page. It makes elements and sets their text; nothing is ever parsed as markup (the policy's trusted types
 * would refuse it), and there is no network to ask. Plain JavaScript, because what the file holds is what runs.
 */
export const script = String.raw`
const byId = (id) => document.getElementById(id);
const all = [...document.querySelectorAll('script.data')].flatMap((e) => JSON.parse(e.textContent));
const severities = ['critical', 'high', 'medium', 'low', 'info'];
const signs = { added: '+', removed: '-', changed: '~', violates: '!' };
const perPage = 50;
const state = { words: [], verdicts: new Set(), severities: new Set(), kind: '', order: 'score', page: 0 };

function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (key === 'class') e.className = value;
    else if (key.startsWith('on')) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value);
  }
  e.append(...children.filter((c) => c !== undefined && c !== ''));
  return e;
}

// What a search looks at, made when it is first needed.
function haystack(one) {
  one.hay ??= [one.name, one.uri, one.group, one.image, one.os, one.verdict, one.action, ...one.labels,
    ...one.gaps.flat(), ...one.findings.flatMap((f) => [f.subject, f.rule, f.kind, f.id, f.ownedBy])]
    .join('\n').toLowerCase();
  return one.hay;
}

const fits = (f) => (state.severities.size === 0 || state.severities.has(f.severity)) && (state.kind === '' || f.kind === state.kind);

function matching() {
  const found = all.filter((one) =>
    (state.verdicts.size === 0 || state.verdicts.has(one.verdict)) &&
    (state.severities.size === 0 || severities.some((s, i) => state.severities.has(s) && one.counts[i] > 0)) &&
    (state.kind === '' || one.findings.some((f) => f.kind === state.kind)) &&
    state.words.every((word) => haystack(one).includes(word)));
  const by = (key) => (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
  return found.sort(state.order === 'score' ? (a, b) => b.score - a.score || by('name')(a, b) : by(state.order));
}

function diff(lines) {
  const kind = (line) => (/^(\+\+\+|---) /.test(line) ? 'dim' : line[0] === '+' ? 'add' : line[0] === '-' ? 'del' : '');
  return el('pre', { class: 'diff' }, ...lines.map((line) => el('span', { class: kind(line) }, line || ' ')));
}

function pairs(entries) {
  return el('dl', {}, ...entries.filter(([, v]) => v !== undefined && v !== '').flatMap(([k, v]) => [el('dt', {}, k), el('dd', {}, String(v))]));
}

function findingView(f) {
  const side = (list) => (list || []).map(([k, v]) => k + ': ' + v).join(', ');
  const by = f.by ? [f.by.by, f.by.at, f.by.command].filter(Boolean).join(', ') + " (the host's own word: " + f.by.source + ')' : '';
  const body = () => [
    el('p', {}, f.reason),
    f.diff ? diff(f.diff) : '',
    pairs([['before', side(f.before)], ['after', side(f.after)], ['owned by', f.ownedBy], ['stands for', f.explains ? f.explains + ' more differences' : ''],
      ['seen on', f.prevalence ? f.prevalence.seen + ' of ' + f.prevalence.of + ' instances of the image' : ''], ['first seen', f.firstSeenAt],
      ['rule', f.rule], ['controls', f.controls.join(', ')], ['ATT&CK', f.attack], ['by', by], ['finding', f.id]]),
  ];
  return folded('finding s-' + f.severity, [el('span', { class: 'tag' }, f.disposition || f.severity), signs[f.change] + ' ' + f.kind + ' ', el('code', {}, f.subject), f.tamper ? ' (tampering)' : ''], body);
}

// A details element whose inside is made when it is opened.
function folded(className, summary, body) {
  const e = el('details', { class: className }, el('summary', {}, ...summary.filter((c) => c !== '')));
  e.addEventListener('toggle', () => { if (e.open && e.childElementCount === 1) e.append(el('div', { class: 'body' }, ...body().filter((c) => c !== ''))); });
  return e;
}

function instanceView(one) {
  const counts = severities.map((s, i) => (one.counts[i] ? one.counts[i] + ' ' + s : '')).filter(Boolean).join(', ');
  const body = () => {
    const shown = one.findings.filter(fits);
    return [
      el('p', {}, el('b', {}, one.action + ': '), one.reason + (one.confidence ? ' (confidence ' + one.confidence + ')' : '')),
      pairs([['uri', one.uri], ['group', one.group], ['image', one.image], ['system', one.os], ['identity', one.identity], ['launched', one.launchedAt],
        ['labels', one.labels.join(', ')], ['files hashed', one.hashed.join(' of ')]]),
      ...one.gaps.map(([probe, reason, detail]) => el('p', { class: 'v-incomplete' }, el('span', { class: 'tag' }, 'not read'), probe + ': ' + detail + ' [' + reason + ']')),
      ...shown.map(findingView),
      shown.length < one.findings.length ? el('p', { class: 'dim' }, one.findings.length - shown.length + ' findings do not fit the filters') : '',
      one.more > 0 ? el('p', { class: 'dim' }, one.more + ' more findings are not in this file: the other formats have them') : '',
    ];
  };
  return folded('one v-' + one.verdict, [el('span', { class: 'name' }, one.name), el('span', { class: 'tag' }, one.verdict),
    el('span', { class: 'dim' }, ['score ' + one.score, counts, one.gaps.length ? one.gaps.length + ' not read' : '', one.image].filter(Boolean).join(' · '))], body);
}

function draw() {
  const found = matching();
  const pages = Math.max(1, Math.ceil(found.length / perPage));
  state.page = Math.min(state.page, pages - 1);
  byId('count').textContent = found.length + ' of ' + all.length + (all.length === 1 ? ' instance' : ' instances');
  byId('list').replaceChildren(...found.slice(state.page * perPage, (state.page + 1) * perPage).map(instanceView));
  if (found.length === 1) byId('list').firstElementChild.open = true;
  const go = (to, text) => el('button', { type: 'button', onclick: () => { state.page = to; draw(); byId('filters').scrollIntoView(); } }, text);
  byId('pages').replaceChildren(...(pages === 1 ? [] : [
    ...(state.page > 0 ? [go(state.page - 1, 'previous')] : []), 'page ' + (state.page + 1) + ' of ' + pages,
    ...(state.page < pages - 1 ? [go(state.page + 1, 'next')] : [])]));
}

function drawMap() {
  const images = new Map();
  for (const one of all) {
    const list = images.get(one.image) || [];
    list.push(one);
    images.set(one.image, list);
  }
  const pick = (one) => { byId('filters').reset(); byId('search').value = one.name; search(); byId('filters').scrollIntoView(); };
  const cells = (list) => el('div', { class: 'cells' }, ...list.map((one) => {
    const label = one.name + ': ' + one.verdict;
    return el('button', { class: 'v-' + one.verdict, type: 'button', title: label, 'aria-label': label, onclick: () => pick(one) });
  }));
  byId('map').append(el('h2', {}, 'Fleet'), ...[...images].flatMap(([image, list]) => [el('h3', {}, (image || 'image unknown') + ' (' + list.length + ')'), cells(list)]));
}

function boxes(id, values, set) {
  for (const value of values) byId(id).append(el('label', {}, el('input', { type: 'checkbox', value, onchange: (e) => {
    if (e.target.checked) set.add(value); else set.delete(value);
    state.page = 0;
    draw();
  } }), ' ' + value));
}

function search() {
  state.words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  state.page = 0;
  draw();
}

let waiting;
byId('search').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(search, 80); });
byId('filters').addEventListener('submit', (e) => { e.preventDefault(); search(); });
byId('filters').addEventListener('reset', () => { Object.assign(state, { words: [], kind: '', order: 'score', page: 0 }); state.verdicts.clear(); state.severities.clear(); setTimeout(draw); });
byId('kind').addEventListener('change', (e) => { state.kind = e.target.value; state.page = 0; draw(); });
byId('order').addEventListener('change', (e) => { state.order = e.target.value; draw(); });
document.addEventListener('keydown', (e) => { if (e.key === '/' && document.activeElement !== byId('search')) { e.preventDefault(); byId('search').focus(); } });
addEventListener('beforeprint', () => { for (const e of document.querySelectorAll('details')) e.open = true; });
boxes('verdicts', [...new Set(all.map((one) => one.verdict))], state.verdicts);
boxes('severities', severities.filter((s, i) => all.some((one) => one.counts[i] > 0)), state.severities);
byId('kind').append(...[...new Set(all.flatMap((one) => one.findings.map((f) => f.kind)))].sort().map((kind) => el('option', { value: kind }, kind)));
drawMap();
draw();
`;
