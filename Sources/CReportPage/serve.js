"use strict";
// What a page from `serve` can do beside: whole heat maps, and pictures of one's own.
(() => {
  const page = window.lavise;
  if (!page) return;
  const { make, state, current } = page, by = id => document.getElementById(id);

  const dialog = make("dialog"), close = make("button", "close", "plain"), heading = make("p"), image = make("img");
  close.type = "button";
  close.addEventListener("click", () => dialog.close());
  dialog.append(heading, image, close);
  document.body.append(dialog);
  const open = (text, source, alternative) => {
    heading.textContent = text;
    image.src = source;
    image.alt = alternative;
    dialog.showModal();
  };
  page.enlarge = (filter, place) => open(
    `filter ${filter.number}, image ${place + 1}: the picture, the region above the threshold, the activation (light: high)`,
    `map/${filter.row}/${filter.number}/${place}.png`, "picture, region and activation side by side");

  const drop = by("drop"), said = by("own-state"), tiles = by("own-tiles");
  let asked = 0;
  const explain = async file => {
    const own = ++asked, method = page.rows[state.row].methods[state.method];
    said.textContent = `${file.name}: the network looks at it…`;
    tiles.replaceChildren();
    try {
      const answer = await fetch(`explain/${state.row}?method=${encodeURIComponent(method)}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
      const text = await answer.text();
      if (own !== asked) return;
      if (!answer.ok) { said.textContent = text; return; }
      const found = JSON.parse(text).filters;
      said.textContent = `${file.name} by ${method}: ${found.length} filters, the strongest first`;
      tiles.replaceChildren(...found.map(one => {
        const tile = make("div", null, "tile"), art = make("img"), link = make("a", `filter ${one.filter}`);
        art.width = art.height = 128;
        art.src = `data:image/png;base64,${one.picture}`;
        art.alt = `what filter ${one.filter} sees`;
        link.href = `#filter-${one.filter}`;
        const line = make("div");
        line.append(link, one.strength === null ? "" : ` · ${one.strength.toFixed(2)} × threshold, ${(100 * one.area).toFixed(1)} % of it`);
        tile.append(art, line, make("div", one.words.map(entry => entry.word).join(", ")));
        return tile;
      }));
    } catch (error) {
      if (own === asked) said.textContent = "The program does not answer; is `lavise-pipeline serve` still running?";
    }
  };
  by("own-file").addEventListener("change", event => { if (event.target.files[0]) explain(event.target.files[0]); });
  for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, event => { event.preventDefault(); drop.classList.add("over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", event => { event.preventDefault(); if (event.dataTransfer.files[0]) explain(event.dataTransfer.files[0]); });
  // A picture dropped beside the box would take the place of the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, event => event.preventDefault());
})();
