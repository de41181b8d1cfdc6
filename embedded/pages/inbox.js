// Says that new mails came, without moving what is being read.
const news = document.querySelector("[data-newest]");
if (news) {
  const look = async () => {
    try {
      const answer = await fetch("/mails.json?limit=1&to=" + encodeURIComponent(news.dataset.to));
      const { count } = await answer.json();
      const more = count - Number(news.dataset.count);
      if (more > 0) {
        news.querySelector("a").textContent = more === 1 ? "1 new mail" : `${more} new mails`;
        news.hidden = false;
      }
    } catch {
      // The stack was stopped; the page stays readable.
    }
  };
  setInterval(look, 3000);
}
