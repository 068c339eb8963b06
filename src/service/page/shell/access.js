// The token that the service may ask for: kept for this tab, or on this device if its user wishes so.

const KEY = "plate-token";
const dialog = document.getElementById("access");
const field = document.getElementById("token");
let asked = null;

export const token = () => sessionStorage.getItem(KEY) || localStorage.getItem(KEY) || "";

/** Has a token shown from now on: on this device, or in this tab only. */
export function keepToken(text, onDevice) {
  for (const storage of [sessionStorage, localStorage]) storage.removeItem(KEY);
  if (text) (onDevice ? localStorage : sessionStorage).setItem(KEY, text);
}

/** Shows the form; becomes true once a token was given, and false if the form was closed without one. */
export function showAccess() {
  asked ||= new Promise((done) => {
    field.value = token();
    document.getElementById("keep-token").checked = Boolean(localStorage.getItem(KEY));
    const form = dialog.querySelector("form");
    let given = false;
    form.onsubmit = (event) => {
      event.preventDefault();
      keepToken(field.value.trim(), document.getElementById("keep-token").checked);
      given = true;
      dialog.close();
    };
    dialog.onclose = () => {
      asked = null;
      done(given);
    };
    dialog.showModal();
  });
  return asked;
}

let declined = null;

/** Asks for another token than the one that a refused request has shown; who declined it is not asked again. */
export async function askForToken(shown = "") {
  if (shown !== (token() ? `Token ${token()}` : "")) return true; // another one was given meanwhile
  if (declined === shown) return false;
  const given = await showAccess();
  declined = given ? null : shown;
  return given;
}

document.getElementById("no-token").addEventListener("click", () => dialog.close());
document.getElementById("account").addEventListener("click", async () => {
  if (await showAccess()) location.reload();
});
