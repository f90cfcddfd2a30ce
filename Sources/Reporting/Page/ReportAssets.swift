/// The page's own style and script.
enum ReportAssets {
    static let style = """
        :root { --paper: #fff; --ink: #1b1f24; --quiet: #5b6570; --rule: #d9dee3; --accent: #0072b2; --soft: #f3f6f8;
          --good: #1a7f4b; --open: #9a6700; --bad: #b42318; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14181c; --ink: #e6eaee; --quiet: #9aa5b1; --rule: #333c45; --accent: #56b4e9; --soft: #1d2329;
            --good: #4cc38a; --open: #e0b040; --bad: #ff7b72; }
        }
        * { box-sizing: border-box; }
        html { scroll-behavior: smooth; }
        body { margin: 0 auto; max-width: 72rem; padding: 1.25rem 1rem 4rem; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        h1 { margin: 0 0 1rem; font-size: 1.7rem; line-height: 1.2; text-wrap: balance; }
        h2 { margin: 2.5rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--rule); font-size: 1.3rem; }
        h3 { margin: 1.5rem 0 .5rem; font-size: 1.05rem; }
        p { margin: .5rem 0; max-width: 65ch; }
        a { color: var(--accent); }
        nav { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin-top: 1rem; }
        .experiment, .quiet { color: var(--quiet); }
        .experiment { margin: 0; font-family: ui-monospace, monospace; font-size: .9rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0; }
        dt { color: var(--quiet); }
        dd { margin: 0; overflow-wrap: anywhere; }
        #provenance dd { font-family: ui-monospace, monospace; font-size: .82rem; }
        #provenance dt { overflow-wrap: anywhere; } #provenance dl { grid-template-columns: minmax(8rem, max-content) 1fr; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .93rem; }
        th, td { padding: .35rem 1.1rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
        th { font-weight: 600; white-space: nowrap; }
        .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        .notes { color: var(--quiet); font-size: .9rem; padding-left: 1.2rem; }
        .claims { list-style: none; padding: 0; }
        .claims li { padding: .3rem 0; border-bottom: 1px solid var(--rule); }
        .verdict { display: inline-block; min-width: 6.6rem; font-size: .85rem; font-weight: 600; }
        .reproduced { color: var(--good); } .inconclusive { color: var(--open); } .refuted { color: var(--bad); }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1rem; }
        figure { margin: 0; max-width: 40rem; } figure svg { width: 100%; height: auto; }
        pre { padding: .8rem; overflow-x: auto; background: var(--soft); border-radius: 6px; }
        code, pre { font-family: ui-monospace, monospace; font-size: .88rem; }
        .graph { padding: .5rem 0; } .graph rect { fill: var(--paper); } svg rect.failed { stroke: var(--bad); } svg rect.stale, svg rect.missing { stroke: var(--open); }
        #filter-search { width: min(100%, 22rem); padding: .45rem .6rem; font: inherit; color: inherit; background: var(--soft);
          border: 1px solid var(--rule); border-radius: 6px; }
        #filter-table { width: 100%; }
        #filter-table th button, #filter-table .open { padding: 0; font: inherit; font-weight: 600; color: inherit; background: none;
          border: 0; cursor: pointer; }
        #filter-table th[aria-sort] button { color: var(--accent); }
        #filter-table th[aria-sort=ascending] button::after { content: " ▲"; }
        #filter-table th[aria-sort=descending] button::after { content: " ▼"; }
        #filter-table .open { color: var(--accent); }
        #filter-table .open::before { content: "▸ "; } #filter-table .open[aria-expanded=true]::before { content: "▾ "; }
        #filter-table tr.shut { cursor: pointer; } #filter-table tr.shut:hover td { background: var(--soft); }
        .detail > td { padding: .5rem 0 1.5rem; }
        .detail > td > div { position: sticky; left: 0; max-width: calc(100vw - 2rem); }
        .bars { display: grid; grid-template-columns: max-content minmax(2.5rem, 22rem) max-content; gap: .1rem .6rem; align-items: center;
          max-width: 40rem; margin: .3rem 0 1rem; font-size: .9rem; }
        .bar { height: .7rem; background: var(--accent); border-radius: 2px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: .8rem .6rem; }
        .tile { font-size: .8rem; line-height: 1.35; overflow-wrap: anywhere; }
        .picture { display: block; width: 128px; height: 128px; border-radius: 4px; background-color: var(--soft); background-repeat: no-repeat; }
        .hit { color: var(--good); font-weight: 600; }
        a:focus-visible, button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        @media (max-width: 40rem) {
          dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; }
          h1 { font-size: 1.4rem; }
          .bars { font-size: .8rem; }
          #filter-table td:nth-child(2) { min-width: 12rem; }
        }

        """

    static let script = """
        "use strict";
        (() => {
          const data = JSON.parse(document.getElementById("filter-data").textContent);
          if (!data) return;
          const body = document.querySelector("#filter-table tbody");
          const search = document.getElementById("filter-search");
          const count = document.getElementById("filter-count");
          const side = 128;

          const make = (tag, text, name) => {
            const element = document.createElement(tag);
            if (text !== undefined && text !== null) element.textContent = text;
            if (name) element.className = name;
            return element;
          };
          const shown = (value, digits) => value === null ? "–" : value.toFixed(digits);

          const addresses = new Map();
          const address = source => {
            if (!source.startsWith("#")) return source;
            if (!addresses.has(source)) {
              const text = atob(document.getElementById(source.slice(1)).textContent);
              const bytes = Uint8Array.from(text, letter => letter.charCodeAt(0));
              addresses.set(source, URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })));
            }
            return addresses.get(source);
          };

          const picture = (sheet, index) => {
            const [source, columns, total, size, gap] = sheet, scale = side / size, step = (size + gap) * scale;
            const element = make("span", null, "picture"), rows = Math.ceil(total / columns);
            const wide = (Math.min(columns, total) * (size + gap) - gap) * scale, high = (rows * (size + gap) - gap) * scale;
            element.style.backgroundImage = `url("${address(source)}")`;
            element.style.backgroundSize = `${wide}px ${high}px`;
            element.style.backgroundPosition = `${-(index % columns) * step}px ${-Math.floor(index / columns) * step}px`;
            return element;
          };

          const detail = filter => {
            const row = make("tr", null, "detail"), cell = make("td"), box = make("div"), bars = make("div", null, "bars");
            const most = Math.max(1, ...filter.w.map(word => word[1]));
            for (const [text, frequency, similarity] of filter.w) {
              const track = make("div"), bar = make("div", null, "bar");
              bar.style.width = `${100 * frequency / most}%`;
              track.append(bar);
              bars.append(make("span", text), track, make("span", `${frequency} images, cosine ${shown(similarity, 2)}`, "quiet"));
            }
            const tiles = make("div", null, "tiles");
            filter.i.forEach(([id, maximum, words, truth], index) => {
              const tile = make("div", null, "tile"), line = make("div");
              if (filter.s) tile.append(picture(filter.s, index));
              words.forEach((word, place) => {
                if (place) line.append(", ");
                line.append(make("span", word, truth.includes(word) ? "hit" : ""));
              });
              tile.append(line, make("div", `${id} · max ${shown(maximum, 2)}`, "quiet"));
              if (truth.length) tile.append(make("div", `truth: ${truth.join(", ")}`, "quiet"));
              tiles.append(tile);
            });
            cell.colSpan = 4 + data.ks.length;
            box.append(bars, tiles);
            cell.append(box);
            row.append(cell);
            return row;
          };

          const toggle = entry => {
            // Pictures in the page stand behind this script.
            const source = entry.filter.s ? entry.filter.s[0] : "";
            if (source.startsWith("#") && !document.getElementById(source.slice(1)) && document.readyState === "loading") {
              addEventListener("DOMContentLoaded", () => toggle(entry), { once: true });
              return;
            }
            const isOpen = entry.detail !== null;
            if (isOpen) { entry.detail.remove(); entry.detail = null; }
            else { entry.detail = detail(entry.filter); entry.row.after(entry.detail); }
            entry.button.setAttribute("aria-expanded", String(!isOpen));
          };

          const entries = data.filters.map(filter => {
            const row = make("tr", null, "shut"), head = make("td"), button = make("button", filter.f, "open");
            row.id = `filter-${filter.f}`;
            button.type = "button";
            button.setAttribute("aria-expanded", "false");
            head.append(button);
            row.append(head, make("td", filter.w.slice(0, 8).map(word => word[0]).join(", ")));
            for (const value of filter.r) row.append(make("td", shown(value, 3), "number"));
            row.append(make("td", filter.p, "number"), make("td", shown(filter.t, 3), "number"));
            const entry = { filter, row, button, detail: null, text: filter.w.map(word => word[0].toLowerCase()) };
            row.addEventListener("click", () => { if (!String(getSelection())) toggle(entry); });
            return entry;
          });

          let order = { key: "filter", down: false };
          const value = (filter, key) =>
            key === "filter" ? filter.f : key === "words" ? (filter.w.length ? filter.w[0][0] : "")
            : key === "pairs" ? filter.p : key === "threshold" ? filter.t : filter.r[Number(key.slice(6))];
          const compare = (a, b) => {
            const x = value(a.filter, order.key), y = value(b.filter, order.key);
            if (x === y) return a.filter.f - b.filter.f;
            if (x === null) return 1;
            if (y === null) return -1;
            return (x < y ? -1 : 1) * (order.down ? -1 : 1);
          };
          const draw = () => {
            const wanted = search.value.trim().toLowerCase();
            const found = entries.filter(entry =>
              !wanted || String(entry.filter.f) === wanted || entry.text.some(word => word.includes(wanted)));
            found.sort(compare);
            body.replaceChildren(...found.flatMap(entry => entry.detail ? [entry.row, entry.detail] : [entry.row]));
            count.textContent = wanted ? `${found.length} of ${entries.length}` : "";
            for (const button of document.querySelectorAll("#filter-table th button")) {
              const head = button.parentElement;
              if (button.dataset.sort === order.key) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
              else head.removeAttribute("aria-sort");
            }
          };
          for (const button of document.querySelectorAll("#filter-table th button")) {
            button.addEventListener("click", () => {
              const key = button.dataset.sort, isNumber = key !== "filter" && key !== "words";
              order = { key, down: order.key === key ? !order.down : isNumber };
              draw();
            });
          }
          search.addEventListener("input", draw);
          const follow = () => {
            const entry = entries.find(entry => `#${entry.row.id}` === location.hash);
            if (!entry) return;
            if (!entry.row.isConnected) { search.value = ""; draw(); }
            if (!entry.detail) toggle(entry);
            entry.row.scrollIntoView();
          };
          addEventListener("hashchange", follow);
          draw();
          follow();
          document.documentElement.dataset.ready = "true";
        })();

        """
}
