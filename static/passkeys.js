// Passkeys, on the pages that ask for one. Each form[data-passkey] names where its challenge is had; the browser's answer
// goes into the form, which is then sent like any other, so that errors are pages.

const known = window.PublicKeyCredential !== undefined && navigator.credentials !== undefined;

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// What to say, beside the button.
function say(form, words) {
  let alert = form.querySelector("[role=alert]");
  if (!alert) {
    alert = document.createElement("p");
    alert.className = "field-error";
    alert.setAttribute("role", "alert");
    (form.querySelector(".card-main") ?? form).append(alert);
  }
  alert.textContent = words;
}

async function challenge(form) {
  const body = new URLSearchParams({ form_token: form.elements.form_token.value });
  const answer = await fetch(form.dataset.challenge, { method: "POST", body, redirect: "manual" });
  // The sign-in is over, or not recent any more: the page itself leads on.
  if (answer.type === "opaqueredirect") {
    location.reload();
    return new Promise(() => {});
  }
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(json.message ?? "The server did not answer. Try again.");
  const options = json.options.publicKey;
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) {
    for (const credential of list ?? []) credential.id = bytes(credential.id);
  }
  return { ceremony: json.ceremony, options };
}

function send(form, ceremony, credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  form.elements.ceremony.value = ceremony;
  form.elements.credential.value = JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response, extensions: {},
  });
  form.submit();
}

// One question at a time: the button ends the one that waits behind the field.
let waiting;
async function ask(form, extra = {}) {
  waiting?.abort();
  const mine = new AbortController();
  waiting = mine;
  try {
    const { ceremony, options } = await challenge(form);
    if (mine.signal.aborted) return;
    const wanted = { publicKey: options, signal: mine.signal, ...extra };
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create(wanted)
      : await navigator.credentials.get(wanted);
    if (credential) send(form, ceremony, credential);
  } catch (error) {
    if (mine.signal.aborted || extra.mediation) return;
    const words = {
      NotAllowedError: "No passkey was used. Try again.",
      InvalidStateError: "This device already has a passkey for your account.",
      SecurityError: "Passkeys do not work at this address. Open the server under its own name.",
    };
    say(form, words[error.name] ?? error.message);
  }
}

for (const form of document.querySelectorAll("form[data-passkey=create]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (known) ask(form);
    else say(form, "This browser has no passkeys.");
  });
}

for (const form of document.querySelectorAll("form[data-passkey=get]")) {
  if (!known) {
    form.hidden = true;
    continue;
  }
  let pressed = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    pressed = true;
    await ask(form);
    pressed = false;
  });
  // Offered by the browser itself, in the list under the field. A challenge lives five minutes.
  if ("conditional" in form.dataset && await PublicKeyCredential.isConditionalMediationAvailable?.()) {
    const offer = () => { if (!document.hidden && !pressed) ask(form, { mediation: "conditional" }); };
    offer();
    setInterval(offer, 240_000);
  }
}
