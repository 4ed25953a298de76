// A search of events that stops, because one request looks at so many only, goes on by itself: the next stretch is fetched and
// put below what is found. Without this script a link leads there.
(() => {
  "use strict";

  // How many events are found before the search waits for a click.
  const ENOUGH = 50;

  const part = (page, id) => page.getElementById(id);
  const rows = (page) => part(page, "found")?.querySelectorAll("tbody tr") ?? [];
  const onward = () => part(document, "onward")?.querySelector("[data-goes-on]");

  const said = document.createElement("p");
  said.className = "v";
  said.setAttribute("role", "status");
  document.querySelector("main")?.append(said);

  let stopped = false;

  // The line of progress, with a button that stops it.
  function progress(link) {
    const line = link.closest(".further");
    line.setAttribute("aria-busy", "true");
    const stop = document.createElement("button");
    stop.type = "button";
    stop.textContent = "Stop";
    stop.addEventListener("click", () => {
      stopped = true;
      stop.remove();
      link.hidden = false;
      line.removeAttribute("aria-busy");
    });
    link.hidden = true;
    line.append(stop);
  }

  function add(next) {
    const found = [...rows(next)];
    if (found.length && rows(document).length) {
      part(document, "found").querySelector("tbody").append(...found);
    } else if (!rows(document).length) {
      part(document, "found").replaceWith(part(next, "found"));
    }
    for (const id of ["totals", "onward"]) {
      part(document, id).replaceWith(part(next, id));
    }
  }

  async function goOn() {
    while (onward() && !stopped && rows(document).length < ENOUGH) {
      const link = onward();
      progress(link);
      let next;
      try {
        const reply = await fetch(link.href, { headers: { Accept: "text/html" } });
        next = new DOMParser().parseFromString(await reply.text(), "text/html");
      } catch {
        // The server can't be reached: the link stays.
      }
      if (stopped) {
        return;
      }
      if (!next || !part(next, "onward")) {
        link.hidden = false;
        link.nextElementSibling?.remove();
        return;
      }
      add(next);
    }
    const count = rows(document).length;
    // All is shown from the newest on, so no link has to lead there.
    if (!onward()) {
      part(document, "onward").textContent = "";
    }
    said.textContent = onward() ? `${count} found so far.` : `The search is done: ${count} found.`;
  }

  if (onward()) {
    goOn();
  }
})();
