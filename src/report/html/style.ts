/** Style of the page; its hash stands in the policy, so no other is taken. */
export const style = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1a2330;--dim:#5b6775;--line:#d5dbe2;--card:#f6f8fa;
--clean:#2e8b57;--drifted:#c98a00;--violating:#d9480f;--snowflake:#c2255c;--unread:#7048a8;--add:#e6f4ea;--del:#fdecea}
@media (prefers-color-scheme:dark){:root{--bg:#12171d;--fg:#dfe6ee;--dim:#93a1b0;--line:#2c3742;--card:#1a2129;
--clean:#51cf8a;--drifted:#f0b429;--violating:#ff8a5b;--snowflake:#ff6b9d;--unread:#b197fc;--add:#14351f;--del:#431a1c}}
*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;background:var(--bg);color:var(--fg);max-width:80rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:1.2rem 0 .4rem}header p,#count{color:var(--dim);margin:.2rem 0}
code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
.counts{display:flex;flex-wrap:wrap;gap:.4rem;list-style:none;padding:0;margin:.4rem 0}
.counts li{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.1rem .6rem}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.v-clean{--c:var(--clean)}.v-drifted{--c:var(--drifted)}.v-violating{--c:var(--violating)}.v-snowflake{--c:var(--snowflake)}
.v-unreachable,.v-unknown-image,.v-incomplete{--c:var(--unread)}
.s-critical{--c:var(--snowflake)}.s-high{--c:var(--violating)}.s-medium{--c:var(--drifted)}.s-low{--c:#3b82c4}.s-info{--c:var(--dim)}
.counts b,.tag{color:var(--c)}.tag{font-weight:600;margin-right:.4rem}
#map h3{font-size:.85rem;font-weight:400;color:var(--dim);margin:.5rem 0 .2rem;overflow-wrap:anywhere}
.cells{display:flex;flex-wrap:wrap;gap:2px}.cells button{width:14px;height:14px;padding:0;border:0;border-radius:3px;background:var(--c);cursor:pointer}
.cells button:hover,.cells button:focus-visible{outline:2px solid var(--fg)}
#filters{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin:1rem 0 .4rem;position:sticky;top:0;background:var(--bg);padding:.4rem 0;z-index:1}
#search{flex:1 1 16rem;font:inherit;padding:.3rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);color:inherit}
fieldset{border:0;padding:0;margin:0;display:flex;flex-wrap:wrap;gap:.5rem}legend{float:left;color:var(--dim);margin-right:.3rem}
select,#filters button,#pages button{font:inherit;background:var(--card);color:inherit;border:1px solid var(--line);border-radius:.4rem;padding:.15rem .5rem}
details.one{border:1px solid var(--line);border-left:4px solid var(--c);border-radius:.4rem;margin:.4rem 0;background:var(--card)}
details.one>summary{padding:.4rem .7rem;cursor:pointer;overflow-wrap:anywhere}.body{padding:0 .9rem .6rem}
summary .name{font-weight:600;margin-right:.5rem}summary .dim,.dim{color:var(--dim)}
details.finding{border-top:1px solid var(--line);padding:.25rem 0}details.finding>summary{cursor:pointer;overflow-wrap:anywhere}
pre.diff{margin:.4rem 0;padding:.4rem;border:1px solid var(--line);border-radius:.3rem;background:var(--bg);white-space:pre-wrap}
.diff span{display:block}.diff .add{background:var(--add)}.diff .del{background:var(--del)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.3rem 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
#pages{display:flex;gap:.4rem;align-items:center;margin:1rem 0}
.chart{width:100%;height:auto;max-height:14rem}.chart polyline{fill:none;stroke-width:2}.chart line{stroke:var(--line)}.chart text{fill:var(--dim);font-size:11px}
.chart polyline.findings{stroke:var(--snowflake)}.chart polyline.instances{stroke:var(--dim);stroke-dasharray:4}
circle.findings{fill:var(--snowflake)}circle.instances{fill:var(--dim)}.now{stroke:var(--fg);stroke-width:2}
.key{display:inline-block;width:1rem;height:3px;vertical-align:middle}.key.findings{background:var(--snowflake)}.key.instances{background:var(--dim)}
@media print{body{max-width:none;font-size:11px}#filters,#pages,#map{display:none}details.one{break-inside:avoid-page;background:none}
.counts li{background:none}a{color:inherit}}
`;
