// Makes charts answer: a step that is pointed at, clicked or reached by keys is told below its chart. Without it every step is
// a link to the list of steps, which says the same.
"use strict";
(() => {
  const stories = Array.from(document.querySelectorAll("details.story"));

  const told = (link) => document.getElementById(link.getAttribute("href").slice(1));

  const answer = (story) => {
    const chart = story.querySelector(".chart");
    if (!chart) return;
    const links = Array.from(chart.querySelectorAll("a.step"));
    const cursors = chart.querySelectorAll(".cursor");
    const panel = story.querySelector(".panel");
    const frame = chart.querySelector(".frame");
    const [first, column] = [Number(chart.dataset.first), Number(chart.dataset.column)];
    let chosen = -1;

    const show = (index) => {
      const link = links[index];
      chart.classList.add("chosen");
      cursors.forEach((it) => it.setAttribute("x", String(first - column / 2 + index * column)));
      const copy = told(link).cloneNode(true);
      copy.removeAttribute("id");
      const list = document.createElement("ol");
      list.start = index + 1;
      list.append(copy);
      panel.replaceChildren(list);
      panel.hidden = false;
    };

    // The panel may lie over the chart that it is about.
    const uncover = () => {
      const box = frame.getBoundingClientRect();
      const covered = box.bottom > panel.getBoundingClientRect().top + 1;
      if (box.top < 0 || (covered && box.top > 16)) frame.scrollIntoView({ block: "start" });
    };

    const choose = (index, focus) => {
      chosen = Math.max(0, Math.min(links.length - 1, index));
      links.forEach((it, at) => {
        it.setAttribute("tabindex", at === chosen ? "0" : "-1");
        if (at === chosen) it.setAttribute("aria-current", "step");
        else it.removeAttribute("aria-current");
      });
      show(chosen);
      if (focus) {
        links[chosen].focus({ preventScroll: true });
        uncover();
        const names = frame.querySelector(".names").offsetWidth;
        const left = names + first - column / 2 + chosen * column;
        if (left < frame.scrollLeft + names + column) frame.scrollLeft = left - names - column;
        else if (left + 2 * column > frame.scrollLeft + frame.clientWidth) {
          frame.scrollLeft = left + 2 * column - frame.clientWidth;
        }
      }
    };

    const at = (event) => {
      const body = chart.querySelector(".body").getBoundingClientRect();
      const index = Math.floor((event.clientX - body.left - first + column / 2) / column);
      return index >= 0 && index < links.length ? index : -1;
    };

    links.forEach((link, index) => {
      link.setAttribute("tabindex", index === 0 ? "0" : "-1");
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        choose(index, true);
      });
      link.addEventListener("focus", () => { if (chosen !== index) choose(index, true); });
    });
    chart.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || !event.target.closest("a.step")) return;
      const to = {
        ArrowRight: chosen + 1, ArrowLeft: chosen - 1, Home: 0, End: links.length - 1,
        PageDown: chosen + 10, PageUp: chosen - 10,
      }[event.key];
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        story.querySelector(".steps").open = true;
        told(links[chosen]).scrollIntoView({ block: "center" });
      } else if (event.key === "Escape") {
        panel.hidden = true;
      } else if (to !== undefined) {
        event.preventDefault();
        choose(to, true);
      }
    });
    chart.addEventListener("mousemove", (event) => {
      const index = at(event);
      if (index >= 0 && event.target.closest(".head, .body")) show(index);
    });
    chart.addEventListener("mouseleave", () => { if (chosen >= 0) show(chosen); });
    chart.querySelector(".body").addEventListener("click", (event) => {
      const index = at(event);
      if (index >= 0) choose(index, true);
    });
    // The chart and the panel say it; the list is there for whoever wants it.
    const steps = story.querySelector(".steps");
    if (links.length > 12) steps.open = false;
  };

  stories.forEach(answer);

  // A link to a step or a rule opens what it is folded away in.
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let it = target; it; it = it.parentElement) if (it.tagName === "DETAILS") it.open = true;
    target.scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) reveal();
  });
  reveal();

  // On paper everything about violations is open; afterwards all is as it was.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details.story:not([open]), details.steps:not([open])"));
    closed.forEach((it) => { it.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((it) => { it.open = false; }));
})();
