// Makes the administration easier to use. Every page works without it.
(() => {
  "use strict";

  // A second click while the first is on its way sends nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });

  // A page that comes back from the browser's memory can be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });

  // <section id="progress" data-running>: fetched again from the server until the server says that nothing runs.
  const progress = () => document.getElementById("progress");

  async function renew() {
    try {
      const reply = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const next = page.getElementById("progress");
      if (reply.redirected || !next) {
        location.reload();
        return;
      }
      progress().replaceWith(next);
    } catch {
      // The server can't be reached for a moment, so it is asked again.
    }
    later();
  }

  function later() {
    if (progress()?.hasAttribute("data-running")) {
      setTimeout(renew, 400);
    }
  }

  later();

  // Ways of choosing that belong together: typing into one of [data-chooses="id"] chooses the radio button of that id.
  for (const field of document.querySelectorAll("[data-chooses]")) {
    field.addEventListener("input", () => {
      document.getElementById(field.dataset.chooses).checked = true;
    });
  }

  // The frame of a preview becomes as high as what is in it.
  addEventListener("message", (event) => {
    for (const frame of document.querySelectorAll("iframe.preview")) {
      if (event.source === frame.contentWindow && event.data.type === "scorekeeper:height") {
        frame.height = event.data.height;
      }
    }
  });

  // A link with data-ticks="a b" ticks just these boxes of its form, in place of loading the page that has them ticked.
  for (const link of document.querySelectorAll("[data-ticks]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const wanted = link.dataset.ticks.split(" ");
      for (const box of link.closest("form").querySelectorAll("input[type=checkbox]")) {
        box.checked = !box.disabled && wanted.includes(box.value);
      }
    });
  }
})();
