"use strict";
(() => {
  const read = id => { const element = document.getElementById(id); return element && JSON.parse(element.textContent); };
  const page = read("page-data");
  if (!page) return;
  const by = id => document.getElementById(id);
  const make = (tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    if (name) element.className = name;
    return element;
  };
  const shown = (value, digits) => value === null || value === undefined ? "–" : value.toFixed(digits);
  const share = value => `${Math.round(100 * value)} %`;
  const many = (count, name) => `${count} ${name}${count === 1 ? "" : "s"}`;
  /// What was loaded, the latest few: more than that of a large layer is read again when it is looked at again.
  const cached = (load, most = Infinity) => {
    const kept = new Map();
    return key => {
      if (!kept.has(key)) {
        kept.set(key, load(key));
        if (kept.size > most) kept.delete(kept.keys().next().value);
      }
      return kept.get(key);
    };
  };

  // MARK: What was found
  // Read where it is first asked for: of a large layer only what is on the screen.
  const rowOf = cached(row => read(`row-${row}`));
  const imagesOf = cached(row => read(`images-${row}`), 2);
  const nearOf = cached(key => read(`near-${key}`), 2);
  const word = id => page.words[id];
  const verdicts = { 2: "supported", 1: "doubtful", 0: "none" };
  const verdictNames = { supported: "well explained", doubtful: "not above chance", none: "no evidence" };

  /// What one method says of the filters of one row: every filter as a value.
  const view = cached(key => {
    const [row, method] = key.split("-").map(Number), own = rowOf(row), said = read(`said-${key}`);
    const extra = said.columns || [];
    const filters = own.n.map((number, index) => {
      const words = said.w[index].map(([id, images, cosine, lift, seen, ...more]) => ({ id, images, cosine, lift, seen, more }));
      return { row, method, key, index, number, words, recall: said.r[index], verdict: verdicts[said.v[index]], pairs: own.p[index],
               threshold: own.t[index], pictures: own.s && own.s.names[index] ? index : null };
    });
    const base = new Map(own.base);
    const leaders = new Map();
    for (const { words } of filters) if (words.length) leaders.set(words[0].id, (leaders.get(words[0].id) || 0) + 1);
    return { row, method, key, filters, base, leaders, extra };
  }, Math.max(2, new Set(page.rows.map(row => row.layer)).size));
  const isEverywhere = (view, id) => view.filters.length >= 20 && (view.leaders.get(id) || 0) > view.filters.length / 10;

  // MARK: Pictures
  const addresses = new Map();
  const address = source => {
    if (!source.startsWith("#")) return source;
    if (!addresses.has(source)) {
      const element = by(source.slice(1));
      if (!element) return "";
      const text = atob(element.textContent);
      addresses.set(source, URL.createObjectURL(new Blob([Uint8Array.from(text, letter => letter.charCodeAt(0))], { type: "image/jpeg" })));
      // Beyond some dozens the oldest go: a picture is a few hundred kilobytes, and a layer has thousands.
      if (addresses.size > 256) {
        const [oldest, url] = addresses.entries().next().value;
        addresses.delete(oldest);
        URL.revokeObjectURL(url);
      }
    }
    return addresses.get(source);
  };
  /// One of the list's small pictures: decoded, the whole sheets of a large layer would take gigabytes.
  const small = (filter, place) => {
    const element = make("span", null, "picture"), sheets = rowOf(filter.row).s;
    if (!sheets || filter.pictures === null || place >= sheets.counts[filter.index]) return element;
    const side = sheets.stripSide, across = Math.min(5, sheets.counts[filter.index]);
    element.style.backgroundSize = `${across * side}px ${side}px`;
    element.style.backgroundPosition = `${-place * side}px 0`;
    return element;
  };
  const showSmall = filter => {
    const sheets = rowOf(filter.row).s, row = by(`filter-${filter.number}`), url = sheets && filter.pictures !== null && address(sheets.strips[filter.index]);
    if (!url || !row) return;
    for (const element of row.querySelectorAll(".strip .picture")) if (element.style.backgroundSize) element.style.backgroundImage = `url("${url}")`;
  };
  const picture = (filter, place, side) => {
    const element = make("span", null, "picture"), sheets = rowOf(filter.row).s;
    element.style.width = element.style.height = `${side}px`;
    if (!sheets || filter.pictures === null || place >= sheets.counts[filter.index]) return element;
    const scale = side / sheets.side, step = (sheets.side + sheets.gap) * scale, total = sheets.counts[filter.index];
    const across = Math.min(sheets.columns, total), down = Math.ceil(total / sheets.columns);
    const url = address(sheets.names[filter.index]);
    if (url) element.style.backgroundImage = `url("${url}")`;
    element.style.backgroundSize = `${across * step - sheets.gap * scale}px ${down * step - sheets.gap * scale}px`;
    element.style.backgroundPosition = `${-(place % sheets.columns) * step}px ${-Math.floor(place / sheets.columns) * step}px`;
    return element;
  };

  // MARK: What is asked for
  const state = { row: 0, method: 0, search: "", show: "all", sort: "filter", down: false, chosen: false, least: null };
  const paired = page.paired;
  const current = () => view(`${state.row}-${state.method}`);
  const other = filter => {
    const there = view(`1-${Math.min(state.method, page.rows[1].methods.length - 1)}`);
    return there.filters.find(one => one.number === filter.number);
  };
  /// How many of the first five words two runs share.
  const kept = (a, b) => { const have = new Set(b.words.slice(0, 5).map(one => one.id)); return a.words.slice(0, 5).filter(one => have.has(one.id)).length; };

  /// The columns of scores: those that the data has.
  let columns = [];
  const findColumns = () => {
    const seen = filter => filter.words.length && filter.pairs ? filter.words[0].seen / filter.pairs : null;
    const top = (filter, name) => filter.words.length ? filter.words[0][name] : null;
    if (paired) {
      const last = page.ks.length - 1;
      return [
        { key: "kept", name: "kept words", value: filter => other(filter) ? kept(filter, other(filter)) : null, digits: 0, title: "of the first five words of A those that B has, too" },
        { key: "a", name: `A recall@${page.ks[last]}`, value: filter => filter.recall[last], digits: 3 },
        { key: "b", name: `B recall@${page.ks[last]}`, value: filter => other(filter) ? other(filter).recall[last] : null, digits: 3 },
        { key: "change", name: "change", digits: 3, value: filter => {
          const there = other(filter);
          return there && there.recall[last] !== null && filter.recall[last] !== null ? there.recall[last] - filter.recall[last] : null;
        } },
      ];
    }
    const list = [{ key: "lift", name: "lift", value: filter => top(filter, "lift"), digits: 2, title: "of the first word: how much more it is said here than of the layer’s other filters" },
                  { key: "cosine", name: "cosine", value: filter => top(filter, "cosine"), digits: 2, title: "of the first word, mean over the images that have it" }];
    current().extra.forEach((name, place) => list.push({ key: `x${place}`, name, value: filter => filter.words.length ? filter.words[0].more[place] : null, digits: 3 }));
    if (rowOf(state.row).annotated) {
      page.ks.forEach((k, place) => { if (place === 0 || place === page.ks.length - 1) list.push({ key: `recall${place}`, name: `recall@${k}`, value: filter => filter.recall[place], digits: 3 }); });
      list.push({ key: "seen", name: "seen", value: seen, digits: 2, title: "share of the images with a ground truth that show the first word" },
                { key: "pairs", name: "pairs", value: filter => filter.pairs, digits: 0, title: "images with a ground truth under the filter" });
    }
    list.push({ key: "threshold", name: "threshold", value: filter => filter.threshold, digits: 3 });
    return list;
  };
  const value = (filter, key) => {
    if (key === "filter") return filter.number;
    if (key === "words") return filter.words.length ? word(filter.words[0].id) : null;
    if (key === "evidence") return filter.verdict === "none" ? null : 1000 * (filter.verdict === "supported") + (filter.words.length ? (filter.words[0].seen ?? 0) / Math.max(1, filter.pairs) : 0);
    const column = columns.find(one => one.key === key);
    return column ? column.value(filter) : null;
  };

  /// How well a filter answers what was typed: the lower the better; null for not at all. A word's best filters come first.
  const relevance = (filter, wanted) => {
    if (String(filter.number) === wanted) return -1;
    let best = null;
    filter.words.forEach((one, rank) => {
      const text = word(one.id).toLowerCase();
      if (!text.includes(wanted)) return;
      const score = (text === wanted ? 0 : text.startsWith(wanted) ? 100 : 200) + rank + (filter.verdict === "supported" ? 0 : .5) - Math.max(-.4, Math.min(.4, (one.lift ?? 0) / 50));
      if (best === null || score < best) best = score;
    });
    return best;
  };

  const found = () => {
    const wanted = state.search.trim().toLowerCase(), { sort, down, least } = state;
    let list = current().filters.map(filter => ({ filter, relevance: wanted ? relevance(filter, wanted) : 0, value: value(filter, sort) }));
    list = list.filter(one => one.relevance !== null && (state.show === "all" || one.filter.verdict === state.show)
      && (least === null || typeof one.value === "number" && one.value >= least));
    const isRanked = wanted && !state.chosen;
    list.sort((a, b) => {
      if (isRanked && a.relevance !== b.relevance) return a.relevance - b.relevance;
      if (a.value === b.value) return a.filter.number - b.filter.number;
      if (a.value === null) return 1;
      if (b.value === null) return -1;
      return (a.value < b.value ? -1 : 1) * (down ? -1 : 1);
    });
    return list.map(one => one.filter);
  };

  // MARK: One filter
  const reason = (view, filter) => {
    if (!filter.words.length) return "It is active in no image: there is nothing to explain.";
    const first = filter.words[0], name = `“${word(first.id)}”`;
    const common = isEverywhere(view, first.id) ? ` ${name} leads ${share(view.leaders.get(first.id) / view.filters.length)} of all filters: a word that is near everywhere says little.` : "";
    if (!rowOf(filter.row).annotated) return `These images have no annotations to compare ${name} with.${common}`;
    if (!filter.pairs) return `No annotated object lies where this filter is active: nothing says whether ${name} is right.${common}`;
    const base = view.base.get(first.id) || 0;
    return `${name} is annotated where the filter is active in ${first.seen} of ${filter.pairs} images; over all filters in ${share(base)}. `
      + (filter.verdict === "supported" ? "That is more than chance explains." : "Chance may explain that.") + common;
  };

  const wordTable = (view, filter, mark) => {
    const hasSeen = rowOf(filter.row).annotated, hasLift = filter.words.some(one => one.lift !== null), table = make("table"), head = make("tr");
    const names = ["word", "images", "cosine", ...(hasLift ? ["lift", ""] : []), ...(hasSeen ? ["seen"] : []), ...view.extra];
    names.forEach((name, place) => head.append(make("th", name, place ? "number" : "")));
    table.createTHead().append(head);
    const body = table.createTBody(), most = Math.max(...filter.words.map(one => one.lift ?? 0), 1e-9);
    for (const one of filter.words) {
      const line = make("tr"), name = make("td", null, mark && mark.has(one.id) ? "kept" : "");
      name.append(word(one.id));
      if (isEverywhere(view, one.id)) { const tag = make("span", "leads everywhere", "quiet"); tag.title = "leads more than a tenth of all filters"; name.append(tag); }
      line.append(name, make("td", one.images, "number"), make("td", shown(one.cosine, 2), "number"));
      if (hasLift) {
        const cell = make("td"), track = make("span", null, "track"), bar = make("span", null, "bar");
        bar.style.width = `${Math.max(0, 100 * (one.lift ?? 0) / most)}%`;
        track.append(bar);
        cell.append(track);
        line.append(make("td", shown(one.lift, 2), "number"), cell);
      }
      if (hasSeen) line.append(make("td", filter.pairs ? `${one.seen}/${filter.pairs}` : "–", "number"));
      one.more.forEach(number => line.append(make("td", shown(number, 3), "number")));
      body.append(line);
    }
    return table;
  };

  const tiles = filter => {
    const box = make("div", null, "tiles"), images = imagesOf(filter.row)[filter.index], near = nearOf(filter.key)[filter.index];
    images.forEach(([id, maximum, truth], place) => {
      const tile = make("div", null, "tile"), line = make("div"), spoken = new Set(truth), art = picture(filter, place, 128);
      if (page.enlarge) {
        const button = make("button");
        button.type = "button";
        button.title = "the whole heat map";
        button.append(art);
        button.addEventListener("click", () => page.enlarge(filter, place));
        tile.append(button);
      } else tile.append(art);
      (near[place] || []).forEach((one, rank) => {
        if (rank) line.append(", ");
        line.append(make("span", word(one), spoken.has(one) ? "hit" : ""));
      });
      tile.append(line, make("div", `${id} · max ${shown(maximum, 2)}`, "quiet"));
      if (truth.length) tile.append(make("div", `annotated: ${truth.map(word).join(", ")}`, "quiet"));
      box.append(tile);
    });
    return box;
  };

  const side = (filter, mark, name) => {
    const own = view(filter.key), box = make("div", null, "side"), left = make("div");
    if (name) left.append(make("h3", name));
    left.append(make("p", reason(own, filter), `mark ${filter.verdict}`), wordTable(own, filter, mark));
    if (!name) return [left, tiles(filter)];
    box.append(left, tiles(filter));
    return [box];
  };

  const detail = filter => {
    const box = make("div", null, `detail${paired ? " paired" : ""}`), sides = make("div", null, "sides"), bar = make("div", null, "bar-of-buttons");
    for (const [text, step] of [["‹ previous", -1], ["next ›", 1]]) {
      const button = make("button", text, "plain");
      button.type = "button";
      button.addEventListener("click", () => move(filter, step));
      bar.append(button);
    }
    const close = make("button", "close", "plain");
    close.type = "button";
    close.addEventListener("click", () => { set(filter, false); focus(filter); });
    bar.append(close, make("span", `filter ${filter.number} · threshold ${shown(filter.threshold, 3)}`, "quiet"));
    if (paired) {
      const there = other(filter), have = new Set(there ? there.words.slice(0, 5).map(one => one.id) : []);
      const common = new Set(filter.words.slice(0, 5).map(one => one.id).filter(id => have.has(id)));
      sides.append(...side(filter, common, `A: ${page.rows[0].name}`));
      if (there) sides.append(...side(there, common, `B: ${page.rows[1].name}`));
      else sides.append(make("p", "B does not explain this filter."));
    } else sides.append(...side(filter));
    box.append(bar, sides);
    return box;
  };

  // MARK: The list
  // Rows are made where they are looked at: blocks of a known height stand for the others.
  const table = by("filter-table"), list = by("filter-rows"), blockSize = 24;
  let order = [], places = new Map(), blocks = [], opened = new Set();
  const head = by("filter-head");

  const drawHead = () => {
    const cells = [["filter", "filter", ""], [null, "images", ""], ["words", "words", ""], ["evidence", paired ? "evidence of A" : "evidence", ""], ...columns.map(one => [one.key, one.name, "number", one.title])];
    table.style.setProperty("--scores", columns.length);
    head.replaceChildren(...cells.map(([key, name, kind, title]) => {
      const cell = make("span", key ? null : name, kind);
      cell.setAttribute("role", "columnheader");
      if (!key) return cell;
      const button = make("button", name);
      button.type = "button";
      button.dataset.sort = key;
      if (title) button.title = title;
      if (state.sort === key) cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      button.addEventListener("click", () => sortBy(key, state.sort === key ? !state.down : key !== "filter" && key !== "words"));
      cell.append(button);
      return cell;
    }));
    const select = by("sort"), names = cells.filter(one => one[0]).map(([key, name]) => [key, name]);
    if (select.children.length !== names.length || [...select.children].some((one, place) => one.value !== names[place][0])) {
      select.replaceChildren(...names.map(([key, name]) => Object.assign(make("option", name), { value: key })));
    }
    select.value = state.sort;
    by("direction").textContent = state.down ? "high to low" : "low to high";
  };

  const evidence = filter => {
    const cell = make("span", null, `mark-cell mark ${filter.verdict}`);
    cell.textContent = verdictNames[filter.verdict];
    if (filter.pairs && filter.words.length) cell.title = `${filter.words[0].seen} of ${filter.pairs} annotated images`;
    return cell;
  };
  const wordLine = (filter, mark) => {
    const line = make("span", null, "words");
    filter.words.slice(0, 8).forEach((one, rank) => {
      if (rank) line.append(", ");
      line.append(mark && mark.has(one.id) && rank < 5 ? make("span", word(one.id), "kept") : rank ? word(one.id) : make("b", word(one.id)));
    });
    if (!filter.words.length) line.append("never active");
    return line;
  };

  const rowElement = filter => {
    const row = make("div", null, `row shut${filter.verdict === "supported" || !rowOf(filter.row).annotated && filter.words.length ? "" : " unsupported"}${filter.verdict === "none" && rowOf(filter.row).annotated ? " without" : ""}`);
    row.setAttribute("role", "row");
    row.id = `filter-${filter.number}`;
    const first = make("span"), button = make("button", filter.number, "open"), strip = make("span", null, "strip");
    button.type = "button";
    button.setAttribute("aria-expanded", String(opened.has(filter.number)));
    button.setAttribute("aria-label", `filter ${filter.number}`);
    first.append(button);
    for (let place = 0; place < 5; place++) strip.append(small(filter, place));
    const words = make("span", null, "words-cell");
    if (paired) {
      const there = other(filter), have = new Set(there ? there.words.slice(0, 5).map(one => one.id) : []);
      const common = new Set(filter.words.slice(0, 5).map(one => one.id).filter(id => have.has(id)));
      for (const [name, one] of [["A ", filter], ["B ", there]]) {
        if (!one) continue;
        const line = wordLine(one, common);
        line.style.webkitLineClamp = 1;
        line.prepend(make("span", name, "quiet"));
        words.append(line);
      }
    } else words.append(wordLine(filter));
    const scores = make("span", null, "scores");
    for (const column of columns) {
      const cell = make("span", shown(column.value(filter), column.digits), "number");
      cell.dataset.name = column.name;
      cell.dataset.key = column.key;
      scores.append(cell);
    }
    row.append(first, strip, words, evidence(filter), scores);
    for (const cell of [...row.children].slice(0, 4).concat([...scores.children])) cell.setAttribute("role", "cell");
    scores.setAttribute("role", "presentation");
    row.addEventListener("click", event => { if (!String(getSelection()) || event.target === button) set(filter, !opened.has(filter.number)); });
    return row;
  };

  /// Pictures of rows that are only passed by are not loaded.
  const pause = 120;
  const fill = (block, isPassing) => {
    if (block.isFull) return;
    block.isFull = true;
    block.element.style.height = "";
    block.element.replaceChildren(...block.filters.flatMap(filter => opened.has(filter.number) ? [rowElement(filter), detail(filter)] : [rowElement(filter)]));
    const show = () => block.filters.forEach(showSmall);
    if (isPassing) block.timer = setTimeout(show, pause); else show();
  };
  const empty = block => {
    if (!block.isFull || block.filters.some(filter => opened.has(filter.number))) return;
    if (block.element.contains(document.activeElement)) return;
    block.isFull = false;
    clearTimeout(block.timer);
    block.element.style.height = `calc(${block.filters.length} * var(--row))`;
    block.element.replaceChildren();
  };
  const watcher = new IntersectionObserver(entries => {
    for (const entry of entries) {
      const block = blocks[Number(entry.target.dataset.block)];
      if (!block || block.element !== entry.target) continue;
      if (entry.isIntersecting) fill(block, true); else empty(block);
    }
  }, { rootMargin: "800px 0px" });

  const draw = () => {
    columns = findColumns();
    drawHead();
    order = found();
    places = new Map(order.map((filter, place) => [filter.number, place]));
    watcher.disconnect();
    blocks = [];
    for (let start = 0; start < order.length; start += blockSize) {
      const element = make("div", null, "block"), filters = order.slice(start, start + blockSize);
      element.setAttribute("role", "rowgroup");
      element.dataset.block = blocks.length;
      element.style.height = `calc(${filters.length} * var(--row))`;
      blocks.push({ element, filters, isFull: false });
    }
    list.replaceChildren(...blocks.map(block => block.element));
    blocks.slice(0, 1).forEach(block => fill(block));
    for (const block of blocks) {
      if (block.filters.some(filter => opened.has(filter.number))) fill(block);
      watcher.observe(block.element);
    }
    by("empty").hidden = order.length > 0;
    by("filter-count").textContent = `${order.length} of ${current().filters.length} filters`;
  };

  const blockOf = filter => blocks[Math.floor(places.get(filter.number) / blockSize)];
  const element = filter => { fill(blockOf(filter)); return by(`filter-${filter.number}`); };
  const set = (filter, isOpen) => {
    const row = element(filter);
    if (isOpen) opened.add(filter.number); else opened.delete(filter.number);
    const next = row.nextElementSibling;
    if (next && next.classList.contains("detail")) next.remove();
    if (isOpen) row.after(detail(filter));
    row.querySelector(".open").setAttribute("aria-expanded", String(isOpen));
  };
  const focus = filter => {
    const row = element(filter);
    row.querySelector(".open").focus({ preventScroll: true });
    const box = row.getBoundingClientRect(), top = 96;
    if (box.top < top || box.bottom > innerHeight) scrollBy(0, box.top - top);
  };
  /// To the filter before or after in the list; an open one closes and that one opens.
  const move = (filter, step) => {
    const next = order[places.get(filter.number) + step];
    if (!next) return;
    if (opened.has(filter.number)) { set(filter, false); set(next, true); }
    focus(next);
    if (opened.has(next.number)) scrollBy(0, element(next).getBoundingClientRect().top - 96);
  };

  const sortBy = (key, down) => {
    Object.assign(state, { sort: key, down, chosen: true });
    draw();
  };

  table.addEventListener("keydown", event => {
    const row = event.target.closest(".row.shut, .detail");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const owner = row.classList.contains("detail") ? row.previousElementSibling : row;
    const filter = order[places.get(Number(owner.id.slice(7)))];
    const steps = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, ...(opened.has(filter.number) ? { ArrowRight: 1, ArrowLeft: -1 } : {}) };
    if (event.key in steps) move(filter, steps[event.key]);
    else if (event.key === "Escape" && opened.has(filter.number)) { set(filter, false); focus(filter); }
    else if (event.key === "Home") focus(order[0]);
    else if (event.key === "End") focus(order[order.length - 1]);
    else return;
    event.preventDefault();
  });

  // MARK: The whole layer
  const colours = ["var(--accent)", "#b5540a", "#00795a", "#a83f80", "#8a6100", "#4a6fd0"];
  const tallies = list => by("tallies").replaceChildren(...list.map(([kind, count, of, text, press]) => {
    const item = make("li"), button = make(press ? "button" : "div", null, kind), line = make("div");
    line.append(make("b", count), of);
    button.append(line, make("div", text, "quiet"));
    if (press) { button.type = "button"; button.addEventListener("click", press); }
    item.append(button);
    return item;
  }));
  /// What became of A's words in B.
  const drawChange = () => {
    const both = current().filters.map(filter => [filter, other(filter)]).filter(([a, b]) => b && a.words.length && b.words.length);
    const same = both.filter(([a, b]) => a.words[0].id === b.words[0].id).length, sum = both.reduce((total, [a, b]) => total + kept(a, b), 0);
    const firsts = place => new Set(both.map(pair => pair[place].words[0].id)), before = firsts(0), after = firsts(1);
    tallies([["supported", same, ` of ${both.length} filters keep their first word`, "the same word leads in A and B"],
             ["doubtful", both.length ? (sum / both.length).toFixed(1) : "–", " of 5 words are kept", "mean over the filters that both explain"]]);
    const names = (from, not) => [...from].filter(id => !not.has(id)).map(word).sort().join(", ") || "none";
    by("everywhere").textContent = `First words only in A: ${names(before, after)}. Only in B: ${names(after, before)}.`;
  };
  const drawSummary = () => {
    if (paired) return drawChange();
    const own = current(), total = own.filters.length, counts = { supported: 0, doubtful: 0, none: 0 };
    for (const filter of own.filters) counts[filter.verdict] += 1;
    const texts = {
      supported: "their first word is annotated in their images more often than chance explains",
      doubtful: "their first word is annotated there hardly more often than in any filter’s images",
      none: rowOf(state.row).annotated ? "nothing annotated where they are active" : "the images have no annotations to compare with",
    };
    tallies(Object.keys(counts).map(name => [name, counts[name], ` of ${total} ${verdictNames[name]}`, texts[name], () => {
      state.show = by("show").value = state.show === name ? "all" : name;
      draw();
      by("filters").scrollIntoView();
    }]));
    const leading = [...own.leaders].filter(([id]) => isEverywhere(own, id)).sort((a, b) => b[1] - a[1]);
    by("everywhere").textContent = leading.length
      ? `Words that lead everywhere: ${leading.map(([id, count]) => `${word(id)} (${share(count / total)} of the filters)`).join(", ")}. They are near whatever the explainer says; read such filters by their other words.`
      : `No word leads more than a tenth of the filters; ${own.leaders.size} different words lead one.`;
  };

  /// Units a concept: whose first word it is, by layer; light: those without evidence.
  const drawHistogram = () => {
    const layers = paired ? ["A", "B"] : [...new Set(page.rows.map(row => row.layer))], tally = new Map();
    const method = page.rows[state.row].methods[state.method];
    const rows = paired ? [0, 1] : layers.length > 1 ? page.rows.map((row, index) => index).filter(index => page.rows[index].seed === page.rows[state.row].seed) : [state.row];
    for (const row of rows) {
      const place = page.rows[row].methods.indexOf(method);
      if (place < 0) continue;
      for (const filter of view(`${row}-${place}`).filters) {
        if (!filter.words.length) continue;
        const id = filter.words[0].id, counts = tally.get(id) || { all: 0, good: layers.map(() => 0) };
        counts.all += 1;
        if (paired || filter.verdict === "supported" || !rowOf(row).annotated) counts.good[paired ? row : layers.indexOf(page.rows[row].layer)] += 1;
        tally.set(id, counts);
      }
    }
    const sum = counts => counts.good.reduce((a, b) => a + b, 0);
    const bars = [...tally].sort((a, b) => sum(b[1]) - sum(a[1]) || b[1].all - a[1].all || a[0] - b[0]), most = Math.max(1, ...bars.map(([, counts]) => counts.all));
    const bar = ([id, counts]) => {
      const button = make("button"), track = make("span", null, "track"), good = sum(counts);
      button.type = "button";
      button.title = `${word(id)} is the first word of ${counts.all} filters, with evidence of ${good}`;
      counts.good.forEach((count, layer) => {
        const part = make("span", null, "part");
        part.style.width = `${100 * count / most}%`;
        part.style.background = colours[layer % colours.length];
        track.append(part);
      });
      const rest = make("span", null, "part rest");
      rest.style.width = `${100 * (counts.all - good) / most}%`;
      track.append(rest);
      button.append(make("span", word(id), "name"), track, make("span", paired ? counts.good.join(" → ") : `${good}/${counts.all}`, "number"));
      button.addEventListener("click", () => { state.search = by("filter-search").value = word(id); state.chosen = false; draw(); by("filters").scrollIntoView(); });
      return button;
    };
    const groups = new Map();
    for (const one of bars) {
      const category = (page.categories || {})[word(one[0])] || (page.categories ? "other" : "");
      groups.set(category, [...(groups.get(category) || []), one]);
    }
    const size = list => list.reduce((total, one) => total + sum(one[1]), 0);
    by("histogram").replaceChildren(...[...groups].sort((a, b) => size(b[1]) - size(a[1])).flatMap(([category, list]) =>
      [...(category ? [make("h4", `${category}: ${many(size(list), "filter")} with evidence, ${many(list.length, "concept")}`)] : []), ...list.map(bar)]));
    by("layers").replaceChildren(...(layers.length > 1 ? layers : []).flatMap((layer, place) => {
      const swatch = make("span", null, "square");
      swatch.style.background = colours[place % colours.length];
      return [swatch, ` ${layer}  `];
    }));
    const learned = bars.filter(([, counts]) => sum(counts) > 0).length;
    by("learned").textContent = paired ? "How many filters have a concept as their first word, in A → B. Press one to see A’s filters." : `${bars.length} concepts are some filter’s first word, ${learned} of them with evidence. Dark: filters with evidence; light: without. Press a concept to see its filters.`;
  };

  const drawAll = () => { opened = new Set(); draw(); drawSummary(); drawHistogram(); drawTraining(); };
  const drawTraining = () => { for (const box of document.querySelectorAll("[data-training]")) box.hidden = Number(box.dataset.training) !== state.row; };

  // MARK: The switch
  const switches = by("switches");
  const drawSwitch = () => {
    const rows = page.rows, labelled = [];
    if (!paired) {
      const keys = rows[0].labels.map(one => one[0]);
      keys.forEach((key, place) => {
        const values = [...new Set(rows.map(row => row.labels[place][1]))];
        if (values.length > 1) labelled.push([key.replace(/^backbone\.|^protocol\./, ""), values, rows[state.row].labels[place][1], value => {
          // The nearest row with that value: the one that agrees in most other labels.
          let best = state.row, most = -1;
          rows.forEach((row, index) => {
            if (row.labels[place][1] !== value) return;
            const agreeing = row.labels.filter((one, other) => one[1] === rows[state.row].labels[other][1]).length;
            if (agreeing > most) { most = agreeing; best = index; }
          });
          const method = rows[state.row].methods[state.method];
          state.row = best;
          state.method = Math.max(0, rows[best].methods.indexOf(method));
        }]);
      });
    }
    const methods = rows[state.row].methods;
    if (methods.length > 1) labelled.push(["method", methods, methods[state.method], value => { state.method = methods.indexOf(value); }]);
    switches.replaceChildren(...labelled.map(([name, values, chosen, choose]) => {
      const label = make("label", name), select = make("select");
      select.dataset.switch = name;
      for (const value of values) select.append(Object.assign(make("option", value), { value, selected: value === chosen }));
      select.addEventListener("change", () => {
        choose(select.value);
        drawSwitch();
        drawAll();
        switches.querySelector(`[data-switch="${CSS.escape(name)}"]`).focus();
      });
      label.append(select);
      return label;
    }));
  };

  // MARK: The tools
  by("filter-search").addEventListener("input", event => { state.search = event.target.value; state.chosen = false; draw(); });
  by("show").addEventListener("change", event => { state.show = event.target.value; draw(); });
  by("sort").addEventListener("change", event => sortBy(event.target.value, event.target.value !== "filter" && event.target.value !== "words"));
  by("direction").addEventListener("click", () => sortBy(state.sort, !state.down));
  by("least").addEventListener("input", event => { const number = parseFloat(event.target.value); state.least = Number.isFinite(number) ? number : null; draw(); });
  by("save").addEventListener("click", () => {
    const quoted = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const scores = columns, row = page.rows[state.row];
    const lines = [["experiment", "row", "method", "filter", "words", "evidence", ...scores.map(one => one.name)]].concat(order.map(filter => [
      page.experiment, row.name, row.methods[state.method], filter.number, filter.words.map(one => word(one.id)).join(" "), verdictNames[filter.verdict], ...scores.map(one => one.value(filter) ?? "")]));
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([lines.map(line => line.map(one => quoted(String(one))).join(",") + "\n").join("")], { type: "text/csv" }));
    link.download = `${page.experiment}-filters.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  const follow = () => {
    const match = /^#filter-(\d+)$/.exec(location.hash);
    if (!match) return;
    const number = Number(match[1]);
    if (!places.has(number)) { Object.assign(state, { search: "", show: "all", least: null }); by("filter-search").value = by("least").value = ""; by("show").value = "all"; draw(); }
    const filter = order[places.get(number)];
    if (!filter) return;
    if (!opened.has(number)) set(filter, true);
    focus(filter);
  };
  addEventListener("hashchange", follow);
  state.method = page.rows[0].shown;
  if (page.annotated === false || paired) by("show").closest("label").hidden = true;
  drawSwitch();
  drawAll();
  // Pictures in the page stand behind this script.
  addEventListener("DOMContentLoaded", () => { if (page.embedded) draw(); follow(); });
  Object.assign(page, { view, rowOf, current, state, word, make, picture });
  window.lavise = page;
  document.documentElement.dataset.ready = "true";
})();
