const dialog = document.querySelector("dialog");
const thumbs = [...document.querySelectorAll("button.thumb")];
let at = 0;
function show(n) {
  at = (n + thumbs.length) % thumbs.length;
  const image = dialog.querySelector("img");
  image.src = thumbs[at].querySelector("img").src;
  image.alt = thumbs[at].querySelector("img").alt;
  dialog.querySelector("p").textContent = image.alt;
  if (!dialog.open) dialog.showModal();
}
thumbs.forEach((thumb, n) => thumb.addEventListener("click", () => show(n)));
dialog.querySelector(".close").addEventListener("click", () => dialog.close());
dialog.querySelector(".back").addEventListener("click", () => show(at - 1));
dialog.querySelector(".next").addEventListener("click", () => show(at + 1));
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") show(at - 1);
  if (event.key === "ArrowRight") show(at + 1);
});
dialog.addEventListener("close", () => thumbs[at].focus());
