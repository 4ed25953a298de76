// Shows who may be meant while a name is typed into a field with data-suggest. Without this script the field takes the same
// names, and the server asks where they leave a doubt.
(() => {
  "use strict";

  // How long a hand has to rest before the server is asked.
  const REST = 150;

  for (const field of document.querySelectorAll("[data-suggest]")) {
    const list = document.createElement("ul");
    list.id = `${field.id}-suggestions`;
    list.className = "suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    list.hidden = true;
    const said = document.createElement("p");
    said.className = "v";
    said.setAttribute("role", "status");
    field.after(list, said);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    let timer, asking;

    // The line in which the cursor is, as the places of its first character and of what follows its last.
    const line = () => {
      const at = field.selectionStart;
      const start = field.value.lastIndexOf("\n", at - 1) + 1;
      const end = field.value.indexOf("\n", at);
      return [start, end < 0 ? field.value.length : end];
    };
    const active = () => list.querySelector("[aria-selected=true]");

    const close = () => {
      clearTimeout(timer);
      asking?.abort();
      list.hidden = true;
      list.replaceChildren();
      field.removeAttribute("aria-activedescendant");
    };

    const choose = (option) => {
      const [start, end] = line();
      const isLast = end === field.value.length;
      const more = field.tagName === "TEXTAREA" && isLast ? "\n" : "";
      field.setRangeText(option.dataset.value + more, start, end, "end");
      close();
      field.focus();
    };

    const mark = (option) => {
      active()?.setAttribute("aria-selected", "false");
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", option.id);
    };

    const show = (suggestions) => {
      list.replaceChildren(...suggestions.map(({ value, title, detail }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.value = value;
        const name = document.createElement("bdi");
        name.textContent = title;
        const more = document.createElement("small");
        more.textContent = detail;
        option.append(name, " ", more);
        return option;
      }));
      list.hidden = !suggestions.length;
      field.removeAttribute("aria-activedescendant");
      said.textContent = suggestions.length ? `${suggestions.length} found. Arrow keys choose.` : "Nobody found";
    };

    const ask = async () => {
      const [start, end] = line();
      const text = field.value.slice(start, end).trim();
      if (!text) {
        close();
        return;
      }
      asking?.abort();
      asking = new AbortController();
      try {
        const url = `${field.dataset.suggest}?text=${encodeURIComponent(text.slice(0, 255))}`;
        const reply = await fetch(url, { headers: { Accept: "application/json" }, signal: asking.signal });
        if (reply.ok) {
          const { people, groups } = await reply.json();
          // Only where several people can be named, a group can be.
          show(field.tagName === "TEXTAREA" ? [...people, ...groups] : people);
        }
      } catch {
        // Another text has been typed meanwhile, or the server can't be reached: the field works without suggestions.
      }
    };

    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, REST);
    });
    field.addEventListener("blur", () => setTimeout(() => document.activeElement === field || close(), REST));
    // The field keeps the focus while a suggestion is pressed.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) {
        choose(option);
      }
    });
    field.addEventListener("keydown", (event) => {
      if (list.hidden || event.isComposing) {
        return;
      }
      const options = [...list.children];
      const at = options.indexOf(active());
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        const step = event.key === "ArrowDown" ? 1 : at < 0 ? 0 : -1;
        mark(options[(at + step + options.length) % options.length]);
      } else if (event.key === "Enter" && active()) {
        choose(active());
      } else if (event.key === "Escape") {
        close();
      } else {
        return;
      }
      event.preventDefault();
    });
  }
})();
