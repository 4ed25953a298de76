// Tells the page around this frame how high the leaderboard is, so that the page can make the frame as high. Any page may
// know that number.
"use strict";

(() => {
  if (parent === window) {
    return;
  }
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    if (height !== told) {
      told = height;
      parent.postMessage({ type: "scorekeeper:height", height }, "*");
    }
  };
  new ResizeObserver(tell).observe(document.documentElement);
  tell();
})();
