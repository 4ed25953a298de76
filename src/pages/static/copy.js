// Buttons that copy the text of another element: <button data-copy="id" hidden>. Without JavaScript they stay hidden.
"use strict";

(() => {
  const show = () => {
    for (const button of document.querySelectorAll("button[data-copy]")) {
      button.hidden = !navigator.clipboard;
    }
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) {
      return;
    }
    const label = (button.dataset.label ??= button.textContent);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
      getSelection().selectAllChildren(source);
    }
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });

  // A part of the page that has replaced another may have buttons too.
  document.addEventListener("swapped", show);
  show();
})();
