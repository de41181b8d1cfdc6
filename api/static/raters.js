// Choosing raters, with a script: the tally counts while one picks, and a search answers while one
// types. Without it the buttons of the page do the same. A module: its names are its own.
const SEARCH_PAUSE = 250; // milliseconds of silence before a search is sent

function watchTally(form) {
  const groups = [...form.querySelectorAll("[data-group]")];
  const usual = groups.length ? groups[0].dataset.group : "";

  function counted() {
    const relations = new Map();
    for (const row of form.querySelectorAll("li.rater")) {
      const id = row.querySelector("[name=r]").value;
      const choice = row.querySelector("[name='rel." + id + "']");
      relations.set(id, choice ? choice.value : usual);
    }
    for (const box of form.querySelectorAll("[name=pick]:checked")) {
      if (!relations.has(box.value)) relations.set(box.value, usual);
    }
    return [...relations.values()];
  }

  function show() {
    const relations = counted();
    for (const group of groups) {
      const named = relations.filter((one) => one === group.dataset.group).length;
      const least = Number(group.dataset.least);
      const most = group.dataset.most === undefined ? Infinity : Number(group.dataset.most);
      const mood = named > most ? "many" : named < least ? "short" : "enough";
      const says = {
        many: `${named - most} too many`,
        short: `${least - named} more wanted`,
        enough: least ? "enough" : "",
      }[mood];
      group.className = mood;
      group.querySelector("b").textContent = String(named);
      group.querySelector("span").textContent = says;
    }
  }

  form.addEventListener("input", show);
  show();
}

function watchSearch(part) {
  const form = part.closest("form");
  const input = part.querySelector("[name=q]");
  const found = part.querySelector("#found");
  const kept = part.querySelector("[data-kept]");
  const button = part.querySelector("button[value=search]");
  const place = part.dataset.find.replace(/^\/tasks\/([^/]+)\/raters$/, "/tasks/$1");
  let timer = 0;
  let latest = 0;
  button.hidden = true;

  // Whoever was picked stays, whatever is searched next.
  function keep() {
    for (const box of found.querySelectorAll("[name=pick]:checked")) {
      kept.append(box.closest("label"));
    }
  }

  async function search() {
    const mine = ++latest;
    const words = input.value.trim();
    try {
      const answer = await fetch(`${place}?q=${encodeURIComponent(words)}`, {
        credentials: "same-origin",
      });
      if (!answer.ok || answer.redirected || mine !== latest) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("found");
      if (!fresh) return;
      keep();
      const taken = new Set([...form.querySelectorAll("[name=pick], [name=r]")]
        .filter((box) => !found.contains(box)).map((box) => box.value));
      for (const label of fresh.querySelectorAll("label")) {
        if (taken.has(label.querySelector("input").value)) label.remove();
      }
      found.replaceChildren(...fresh.childNodes);
    } catch {
      // What was found before stays; the next letter tries again.
    }
  }

  input.addEventListener("input", (event) => {
    event.stopPropagation(); // a search is no change of the list
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(timer);
    search();
  });
}

for (const form of document.querySelectorAll("form[data-raters]")) watchTally(form);
for (const part of document.querySelectorAll("[data-find]")) watchSearch(part);
