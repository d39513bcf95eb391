// Runs in the book that is about to be printed, and names the document when all is in place.
(async () => {
  "use strict";

  // Equations: each chapter by itself, so that labels need be unique in their chapter only.
  await MathJax.startup.promise;
  for (const chapter of document.querySelectorAll(".chapter")) {
    MathJax.texReset();
    await MathJax.typesetPromise([chapter]);
  }
  await document.fonts.ready;

  // To a screen reader an equation is one picture, and not hundreds of letters.
  for (const equation of MathJax.startup.document.math) {
    equation.typesetRoot.setAttribute("role", "img");
    equation.typesetRoot.setAttribute("aria-label", equation.math);
  }

  // What is wider than its place is made smaller; the cells of a table get more lines first.
  const excess = (wide) => {
    const width = (wide.querySelector(":scope > mjx-math") ?? wide).scrollWidth;
    return width / wide.parentElement.clientWidth;
  };
  for (const table of document.querySelectorAll(".chapter table")) {
    if (excess(table) > 1) {
      table.querySelectorAll("td.short").forEach((cell) => cell.classList.remove("short"));
    }
  }
  for (const wide of document.querySelectorAll(".chapter table, .chapter mjx-container[display]")) {
    const factor = excess(wide);
    if (factor > 1) {
      wide.style.zoom = 1 / factor;
    }
  }

  const lines = (text) =>
    Math.floor(text.offsetHeight / parseFloat(getComputedStyle(text).lineHeight));
  for (const text of document.querySelectorAll(".chapter :is(p, li)")) {
    text.classList.toggle("whole", lines(text) <= 3);
  }

  // A line of code that takes several rows shows at each but the first that it goes on.
  for (const line of document.querySelectorAll("pre .long")) {
    line.dataset.more = "\n↪".repeat(lines(line) - 1);
  }

  // The title says to whoever reads the file that all of this has been done.
  const failed = document.querySelector("mjx-merror, .math:not(:has(mjx-container))");
  document.title = failed
    ? `an equation cannot be typeset: ${failed.dataset.mjxError ?? failed.textContent.trim()}`
    : document.documentElement.dataset.title;
})();
