// Keeps a leaderboard up to date: whenever the server's stream tells of a change, the page is fetched again and its
// live part replaces the old one. The server draws; nothing is drawn here. Also hides the strip about the reader's own row
// while that row is in view, and closes the list of boards.
"use strict";

(() => {
  let observer;

  const follow = () => {
    observer?.disconnect();
    const strip = document.getElementById("mine");
    const row = strip && document.getElementById(strip.dataset.row);
    if (!row) {
      return;
    }
    observer = new IntersectionObserver(
      (entries) => strip.classList.toggle("seen", entries.at(-1).isIntersecting),
      // The strip itself may lie over the lowest part of the window.
      { rootMargin: "0px 0px -60px 0px", threshold: 0.6 },
    );
    observer.observe(row);
  };

  follow();
  document.addEventListener("swapped", follow);

  const boards = document.querySelector(".boards details");
  const close = () => {
    if (boards) {
      boards.open = false;
    }
  };
  document.addEventListener("click", (event) => boards?.contains(event.target) || close());
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
})();

(() => {
  const EVERY_MS = 2000;
  const state = document.getElementById("live-state");
  if (!state || !window.EventSource) {
    return;
  }
  let last = 0;
  let timer = 0;
  let waiting = false;

  const say = (text, lost) => {
    state.hidden = false;
    state.classList.toggle("lost", lost);
    if (state.textContent !== text) {
      state.textContent = text;
    }
  };

  const scores = (part) => {
    const found = new Map();
    for (const row of part.querySelectorAll("[id^=u]")) {
      found.set(row.id, row.dataset.score ?? row.lastElementChild.textContent);
    }
    return found;
  };

  // The element that has the focus. It is found again in the new part by the address that it links to.
  const focused = (part) => {
    const element = document.activeElement;
    return part.contains(element) ? element.getAttribute("href") : null;
  };

  const swap = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const [facts, said] = [document.getElementById("facts"), page.getElementById("facts")];
    if (facts && said) {
      facts.textContent = said.textContent;
    }
    const before = document.getElementById("live");
    const after = page.getElementById("live");
    if (!before || !after || before.innerHTML === after.innerHTML) {
      return;
    }
    const old = scores(before);
    const focus = focused(before);
    for (const [id, score] of scores(after)) {
      if (old.get(id) !== score) {
        after.querySelector(`#${id}`).classList.add("changed");
      }
    }
    before.replaceWith(document.adoptNode(after));
    document.dispatchEvent(new Event("swapped"));
    if (focus) {
      after.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    }
  };

  const refresh = async () => {
    timer = 0;
    if (document.hidden) {
      waiting = true;
      return;
    }
    last = Date.now();
    try {
      const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (reply.status === 200) {
        swap(await reply.text());
      }
    } catch {
      // The stream tells of the lost connection, and of the next change once it is back.
    }
  };

  const ask = () => {
    if (!timer) {
      timer = setTimeout(refresh, Math.max(0, last + EVERY_MS - Date.now()));
    }
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting) {
      waiting = false;
      ask();
    }
  });

  const stream = new EventSource(state.dataset.stream);
  stream.addEventListener("open", () => say("Live", false));
  stream.addEventListener("leaderboard", ask);
  stream.addEventListener("error", () => {
    say(stream.readyState === EventSource.CLOSED ? "Not live: reload to try again" : "Connection lost, trying again", true);
  });
})();
