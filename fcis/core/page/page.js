// What the scripts of all pages share.

// Text for HTML; control characters have no place there.
const escaped = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
const esc = text => String(text).replace(/[\0-\x08\x0b-\x1f\x7f]/g, '\ufffd')
    .replace(/[&<>"']/g, c => escaped[c]);
// As C's %.<digits>f, digits > 0: a tie goes to the even digit.
const fixed = (x, digits) => {
  const long = x.toFixed(digits + 25), short = long.slice(0, -25);
  const tie = long.endsWith('5' + '0'.repeat(24));
  return tie && '02468'.includes(short.slice(-1)) ? short : x.toFixed(digits);
};
// As C's %g.
const general = x => {
  const short = Number(x.toPrecision(6));
  const magnitude = Math.abs(short);
  return short !== 0 && (magnitude < 1e-4 || magnitude >= 1e6)
      ? short.toExponential().replace(/[+-]\d$/, e => e[0] + '0' + e[1])
      : String(short);
};
const sum = numbers => numbers.reduce((a, b) => a + b, 0);
const each = (list, draw) => list.map(draw).join('');
const section = (id, heading, body) => `<section id="${id}"><h2>${heading}</h2>\n${body}</section>\n`;
const note = text => `<p class="note">${text}</p>`;

// Drawings, as SVG.
const svg = (width, height, kind, label, body) =>
    `<svg class="${kind}" viewBox="0 0 ${fixed(width, 0)} ${fixed(height, 0)}" ` +
    `style="max-width:${fixed(width, 0)}px" role="img" aria-label="${esc(label)}">\n${body}</svg>\n`;
const title = text => text === '' ? '' : `<title>${esc(text)}</title>`;
const words = (x, y, kind, text) =>
    `<text x="${fixed(x, 1)}" y="${fixed(y, 1)}" class="${kind}">${esc(text)}</text>\n`;

// Tables sort by the heading that is clicked.
function makeSortable() {
  for (const table of document.querySelectorAll('table.sortable')) {
    const heads = [...table.tHead.rows[0].cells];
    const key = (row, i) => {
      const cell = row.cells[i];
      const text = cell.dataset.sort ?? cell.textContent;
      const number = Number(text);
      return text !== '' && !Number.isNaN(number) ? number : text;
    };
    const compare = (a, b) => typeof a === 'number' && typeof b === 'number'
        ? a - b : String(a).localeCompare(String(b));
    heads.forEach((head, i) => head.addEventListener('click', () => {
      const first = typeof key(table.tBodies[0].rows[0], i) === 'number'
          ? 'down' : 'up';
      const other = first === 'up' ? 'down' : 'up';
      const order = head.dataset.order === first ? other : first;
      heads.forEach(h => delete h.dataset.order);
      head.dataset.order = order;
      const sign = order === 'up' ? 1 : -1;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => sign * compare(key(a, i), key(b, i)));
      table.tBodies[0].append(...rows);
    }));
  }
}

// The runs of COCO's compressed counts (fcis/core/rle/rle_string.h).
function readCounts(text) {
  const runs = [];
  for (let i = 0; i < text.length;) {
    let value = 0, shift = 0, group;
    do {
      group = text.charCodeAt(i++) - 48;
      value |= (group & 31) << shift;
      shift += 5;
    } while (group & 32);
    if (group & 16) value |= -1 << shift;
    if (runs.length > 2) value += runs[runs.length - 2];
    runs.push(value);
  }
  return runs;
}

// Whether each pixel is of the mask, row by row; `size`: [height, width].
function maskPixels(counts, [height, width]) {
  const pixels = new Uint8Array(height * width);
  let at = 0;
  readCounts(counts).forEach((run, i) => {
    for (const end = at + run; at < end; ++at) {
      if (i % 2 === 1) pixels[at % height * width + Math.floor(at / height)] = 1;
    }
  });
  return pixels;
}

// Colours that differ from their neighbours, for instances of a picture.
const instanceColor = i => {
  const hue = (i * 137.5 + 25) % 360, c = .92, x = t => {
    const k = (t + hue / 30) % 12;
    return Math.round(255 * (.55 - c * .45 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [x(0), x(8), x(4)];
};

// Draws instances {box: [x, y, width, height], mask, color: [r, g, b], label,
// strong} over a picture that is `width` x `height` of its own pixels, on a
// canvas that lies over it. `maskSize`: of the masks, which may be missing.
function drawInstances(canvas, instances, {width, height, maskSize}) {
  const scale = canvas.width / width, context = canvas.getContext('2d');
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = true;
  for (const {mask, color, strong} of instances) {
    if (!mask) continue;
    const small = document.createElement('canvas');
    [small.height, small.width] = maskSize;
    const data = small.getContext('2d').createImageData(small.width, small.height);
    maskPixels(mask, maskSize).forEach((on, i) => {
      if (on) data.data.set([...color, strong ? 190 : 120], 4 * i);
    });
    small.getContext('2d').putImageData(data, 0, 0);
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
  }
  const size = Math.max(11, Math.round(canvas.width / 52));
  context.font = `600 ${size}px system-ui,"DejaVu Sans",sans-serif`;
  context.textBaseline = 'top';
  for (const {box: [x, y, w, h], color, label, strong} of instances) {
    context.lineWidth = (strong ? 3 : 1.5) * Math.max(1, canvas.width / 640);
    context.strokeStyle = `rgb(${color})`;
    context.strokeRect(scale * x, scale * y, scale * w, scale * h);
    if (!label) continue;
    const long = context.measureText(label).width + 8;
    const left = Math.max(0, Math.min(scale * x, canvas.width - long));
    const top = Math.max(0, scale * y - size - 5);
    context.fillStyle = `rgb(${color})`;
    context.fillRect(left, top, long, size + 5);
    context.fillStyle = color[0] * .3 + color[1] * .59 + color[2] * .11 > 140 ? '#000' : '#fff';
    context.fillText(label, left + 4, top + 2);
  }
}
