// What attributes such as `onclick` would do, were scripts in attributes not forbidden on this site:
// an element names the object and what to call of it.
for (const event of ["click", "input"]) {
  document.addEventListener(event, ({ target }) => {
    const control = target.closest("[data-object][data-call]");
    if (control && (control.tagName === "INPUT") === (event === "input")) {
      const { object, call } = control.dataset;
      if (object === "window" && call === "print") window.print();
      if (/^anim_[0-9a-f]{12}$/.test(object)) window[object][call](Number(control.value));
    }
  });
}

// What a player or the explorer needs is loaded when it comes near.
const near = new IntersectionObserver(
  (changes) => {
    for (const { isIntersecting, target } of changes) {
      const script = target.querySelector("script[data-src]");
      if (!isIntersecting || !script) continue;
      near.unobserve(target);
      script.replaceWith(
        Object.assign(document.createElement("script"), { src: script.dataset.src }),
      );
    }
  },
  { rootMargin: "100%" },
);
for (const script of document.querySelectorAll("script[data-src]")) {
  near.observe(script.parentElement);
}

// Equations are typeset a few at a time, so that the page answers while they come.
if (window.MathJax) {
  window.MathJax.startup = {
    async pageReady() {
      const [first, all] = ["article .math", ".math"].map((s) => document.querySelectorAll(s));
      const equations = [...new Set([...first, ...all])];
      while (equations.length) {
        await window.MathJax.typesetPromise(equations.splice(0, 8));
        await new Promise((done) => setTimeout(done));
      }
    },
  };
}

// Who has no mouse can scroll an equation that is wider than the page.
const wide = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  }
});
for (const equation of document.querySelectorAll("article div.math")) wide.observe(equation);
