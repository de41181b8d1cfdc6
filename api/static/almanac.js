// What a page gains with a script. Every page works without it: this saves drafts while one types,
// hides questions that are not asked, narrows lists in place, and keeps boards fresh.
"use strict";

const TYPING_PAUSE = 1200; // milliseconds of silence before a draft is saved
const RETRY = 5000;
const BOARD = 20000;
const SEARCH_PAUSE = 250; // milliseconds of silence before a search is sent

// --- Drafts -------------------------------------------------------------------------------------

function watchDraft(form) {
  const says = form.querySelector("[data-saved]");
  const button = form.querySelector("[data-save]");
  const version = form.elements.version;
  let timer = 0;
  let dirty = false;
  let busy = false;
  let stopped = false;
  let sent = null; // a save that the server may have kept, though its answer has not come
  let leaving = null; // the button that was pressed while a save was under way
  if (button) button.hidden = true;

  function say(text, bad) {
    says.textContent = text;
    says.classList.toggle("bad", Boolean(bad));
  }

  async function save() {
    if (busy || stopped) return;
    busy = true;
    clearTimeout(timer);
    timer = 0;
    // What may have been kept is sent once more as it was: the server takes equal text for what it
    // is. Sent with newer text, it would look like another window.
    if (!sent) {
      dirty = false;
      sent = new URLSearchParams(new FormData(form));
    }
    say(leaving ? "Saving before it is sent" : "Saving");
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST",
        body: sent,
        headers: { Accept: "application/json" },
        credentials: "same-origin",
      });
      if (answer.ok) {
        const saved = await answer.json();
        sent = null;
        version.value = saved.version;
        say(`Saved ${saved.clock}`);
        if (saved.asked) showAsked(form, saved.asked);
      } else {
        await refused(answer);
      }
    } catch {
      later("no connection");
    }
    busy = false;
    if (leaving && !sent) leave();
    else if (dirty && !sent) schedule();
  }

  function later(why) {
    const done = leaving ? "Not sent yet" : "Not saved yet";
    say(`${done}: ${why}. Your text is still here; we keep trying.`, true);
    timer = setTimeout(save, RETRY);
  }

  function leave() {
    const { button } = leaving;
    leaving = null;
    form.requestSubmit(button);
  }

  async function refused(answer) {
    if (answer.status >= 500) {
      later("the server did not answer");
      return;
    }
    sent = null;
    if (answer.status === 412) {
      stopped = true;
      say("Saved in another window meanwhile. Continue, and choose which text stays.", true);
    } else {
      const problem = await answer.json().catch(() => ({}));
      say(problem.detail || "Not saved. Copy your text, then reload the page.", true);
    }
  }

  function schedule() {
    dirty = true;
    if (busy || sent) return; // what is under way comes back here
    clearTimeout(timer);
    timer = setTimeout(save, TYPING_PAUSE);
  }

  // The form goes when no save is under way: two requests that pass each other on their way would
  // look like two windows.
  form.addEventListener("submit", (event) => {
    if (!stopped && (busy || sent)) {
      event.preventDefault();
      leaving = { button: event.submitter };
      save();
      return;
    }
    stopped = true;
    dirty = false;
    clearTimeout(timer);
  });
  form.addEventListener("input", schedule);
  addEventListener("beforeunload", (event) => {
    if ((dirty || sent) && !stopped) event.preventDefault();
  });
  addEventListener("online", () => { if (dirty || sent) save(); });
  // Back in history: what was sent from here is what is kept, unless somebody else wrote on.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    stopped = false;
    save();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden && dirty) save(); });
}

// Which questions are asked is decided by the server; here they are only shown or hidden.
function showAsked(form, asked) {
  for (const block of form.querySelectorAll("[data-question]")) {
    if (block.querySelector("[data-only-if]") || block.dataset.notAsked !== undefined) {
      block.hidden = !asked.includes(block.dataset.question);
    }
  }
}

function hideUnasked() {
  for (const block of document.querySelectorAll("[data-not-asked]")) block.hidden = true;
  for (const hint of document.querySelectorAll("[data-only-if]")) hint.hidden = true;
}

// --- Words --------------------------------------------------------------------------------------

function countWords(area) {
  const target = document.getElementById(area.dataset.words) || added(area);
  const spoken = document.createElement("span"); // once the typing pauses, not at every letter
  spoken.className = "vh";
  spoken.setAttribute("role", "status");
  target.after(spoken);
  const wrong = area.getAttribute("aria-invalid");
  let timer = 0;
  const show = () => {
    const words = area.value.trim() ? area.value.trim().split(/\s+/).length : 0;
    const left = Number(area.dataset.longest) - [...area.value].length;
    const counted = words && area.dataset.words ? `${words} ${words === 1 ? "word" : "words"}` : "";
    const over = `${-left} ${left === -1 ? "character" : "characters"} too long. It is kept as it `
      + "is; shorten it before you submit.";
    const near = left < 0 ? over : left < 200 ? `${left} characters left` : "";
    target.textContent = [counted, near].filter(Boolean).join(", ");
    target.classList.toggle("bad", left < 0);
    if (left < 0) area.setAttribute("aria-invalid", "true");
    else if (wrong === null) area.removeAttribute("aria-invalid");
    clearTimeout(timer);
    timer = setTimeout(() => { spoken.textContent = near; }, TYPING_PAUSE);
  };
  area.addEventListener("input", show);
  show();
}

function added(area) {
  const count = document.createElement("p");
  count.className = "count";
  area.after(count);
  return count;
}

// --- Lists --------------------------------------------------------------------------------------

// The server searches everything there is; what stands on the page is only the first of it.
function narrow(input) {
  const form = input.form;
  let timer = 0;
  let latest = 0;

  async function ask() {
    const mine = ++latest;
    const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected || mine !== latest) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("form.filter");
      if (!fresh) return;
      const count = form.querySelector("[data-filter-count]");
      count.textContent = fresh.querySelector("[data-filter-count]").textContent;
      const here = block(form);
      while (here.nextSibling) here.nextSibling.remove();
      let next = block(fresh).nextSibling;
      while (next) {
        const after = next.nextSibling;
        here.parentNode.append(next);
        next = after;
      }
      history.replaceState(null, "", address);
    } catch {
      // What stands there stays; the next letter asks again.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SEARCH_PAUSE);
  });
}

// The results stand after the form, or after the box that it stands in.
function block(form) {
  return form.parentElement.matches(".more") ? form.parentElement : form;
}

async function freshen() {
  if (document.hidden) return;
  const boards = document.querySelectorAll("[data-live]");
  if (!boards.length || [...boards].some((b) => b.contains(document.activeElement))) return;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const board of boards) {
      const open = [...board.querySelectorAll("details")].map((d) => d.open);
      const fresh = page.getElementById(board.id);
      if (!fresh || fresh.innerHTML === board.innerHTML) continue;
      board.innerHTML = fresh.innerHTML;
      board.querySelectorAll("details").forEach((d, n) => { d.open = Boolean(open[n]); });
    }
  } catch {
    // The board stays as it was; the next round tries again.
  }
}

// --- Begin --------------------------------------------------------------------------------------

for (const form of document.querySelectorAll("form[data-draft]")) watchDraft(form);
for (const area of document.querySelectorAll("[data-longest]")) countWords(area);
for (const input of document.querySelectorAll("[data-filter]")) narrow(input);
for (const choice of document.querySelectorAll("select[data-send]")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
}
// Back in history, a form that was sent may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});
hideUnasked();
// On a narrow page what stands beside the form would stand before it: closed, but there.
if (matchMedia("(max-width: 1000px)").matches) {
  for (const part of document.querySelectorAll(".beside details")) part.open = false;
}
if (document.querySelector("[data-live]")) setInterval(freshen, BOARD);
const problems = document.querySelector("[data-focus]");
if (problems) problems.focus();
