#include "fcis/eval/report/page_frame.h"

#include "absl/strings/str_cat.h"
#include "fcis/eval/report/escape_html.h"

namespace fcis {
namespace {

// Series colours: Okabe and Ito's, darker where white would swallow them; lines
// l0 to l9 go from dark to light of one hue, for thresholds have an order.
constexpr char kStyle[] = R"css(
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2330;
--dim:#5d6776;--rule:#dfe3e9;--track:#edf0f4;--warn:#fff4dc;--warnline:#d99a1c;
--s0:#0067a6;--s1:#c75300;--s2:#00805c;--s3:#a8508a;--s4:#8a6d00;--s5:#3f7fae;
--l0:#08306b;--l1:#08448a;--l2:#0c57a0;--l3:#1c6bb0;--l4:#3180bd;--l5:#4a97c9;
--l6:#6aaed6;--l7:#8bc0dd;--l8:#a9cfe5;--l9:#c3dbee}
@media (prefers-color-scheme:dark){:root{--page:#12161c;--card:#1a2028;
--ink:#e6eaf0;--dim:#9aa5b4;--rule:#303947;--track:#252d38;--warn:#382c10;
--warnline:#c99a3a;--s0:#4ba3e0;--s1:#f08a3c;--s2:#2fbf94;--s3:#dd8fc0;
--s4:#d8b93c;--s5:#86bde6;--l0:#deebf7;--l1:#c9def0;--l2:#b1d0e8;--l3:#96c1e0;
--l4:#7bb1d8;--l5:#60a0cd;--l6:#488fc1;--l7:#367cb0;--l8:#2b6899;--l9:#255682}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0 0 4px;overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:600;margin:14px 0 6px}
h2{font-size:18px;margin:0 0 4px}h3{font-size:15px;margin:14px 0 6px}
p{margin:4px 0 12px}.dim,.note{color:var(--dim)}.note{font-size:13px}
nav{margin:12px 0 18px;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px}
a{color:var(--s0);text-decoration:none}a:hover{text-decoration:underline}
section{background:var(--card);border:1px solid var(--rule);border-radius:10px;
padding:18px 20px;margin:0 0 18px}
.warning{background:var(--warn);border-left:4px solid var(--warnline);
padding:8px 14px;margin:0 0 12px;border-radius:4px;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));
gap:10px}
.card{border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.card b{display:block;font-size:24px;font-variant-numeric:tabular-nums}
.card.big b{font-size:34px;color:var(--s0)}.card span{display:block}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));
gap:18px 28px;align-items:start}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;
font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--rule);
white-space:nowrap}
th:first-child,td:first-child,td.text,th.text{text-align:left}
td.text{white-space:normal;overflow-wrap:anywhere}
th{font-weight:600;color:var(--dim);position:sticky;top:0;background:var(--card)}
.sortable th{cursor:pointer}.sortable th:hover{color:var(--ink)}
th[data-order=up]::after{content:" \25B4"}
th[data-order=down]::after{content:" \25BE"}
tbody tr:hover{background:var(--track)}
svg{display:block;width:100%;height:auto}
svg.spark{width:72px;height:24px;margin-left:auto}
svg text{font-size:12px;fill:var(--ink)}svg .tick{fill:var(--dim)}
svg .cell{font-size:9px;fill:var(--dim)}svg .end{text-anchor:end}
svg .middle{text-anchor:middle}
.grid{stroke:var(--rule);fill:none}.track{fill:var(--track)}
.ideal{stroke:var(--dim);stroke-dasharray:4 4;fill:none}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}
.s4{fill:var(--s4)}.s5{fill:var(--s5)}
polyline,path[class^=l]{fill:none;stroke-width:2;stroke-linejoin:round}
.l0{stroke:var(--l0)}.l1{stroke:var(--l1)}.l2{stroke:var(--l2)}
.l3{stroke:var(--l3)}.l4{stroke:var(--l4)}.l5{stroke:var(--l5)}
.l6{stroke:var(--l6)}.l7{stroke:var(--l7)}.l8{stroke:var(--l8)}
.l9{stroke:var(--l9)}.spark .l0{stroke:var(--s0);stroke-width:1.5}
.picture{margin:0 0 22px}.picture h4{margin:0 0 6px;font-size:14px;
overflow-wrap:anywhere}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:8px}
figure{margin:0}figure img{width:100%;border-radius:6px;display:block}
figcaption{font-size:13px;color:var(--dim)}
@media print{section{break-inside:avoid}}
)css";

constexpr char kScript[] = R"js(
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
)js";

}  // namespace

std::string HtmlPage(absl::string_view title, absl::string_view body) {
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
      "'none'; img-src data:; style-src 'unsafe-inline'; script-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>",
      EscapeHtml(title), "</title>\n<style>", kStyle, "</style>\n</head>\n",
      "<body>\n<main>\n", body, "</main>\n<script>", kScript,
      "</script>\n</body>\n</html>\n");
}

}  // namespace fcis
