// Passkeys: a form marked data-passkey asks the browser for one and sends along what it says. Without JavaScript, and
// in a browser that knows no passkeys, these forms stay hidden and the other ways remain.

const WORDS = {
  NotAllowedError: "Abgebrochen, oder es war kein passender Passkey da. Versuchen Sie es noch einmal oder nehmen Sie einen anderen Weg.",
  InvalidStateError: "Auf diesem Gerät ist für Ihr Konto schon ein Passkey eingerichtet.",
  SecurityError: "Unter dieser Adresse kann der Browser keinen Passkey benutzen. Bitte rufen Sie KIM unter seiner gewohnten Adresse auf.",
};
const OTHERWISE = "Der Browser konnte den Passkey nicht benutzen. Bitte nehmen Sie einen anderen Weg.";

// Kept on the device where it can be, so that it may be used without a name; a plain security key is welcome, too.
function wished(options) {
  const choice = { ...options.publicKey.authenticatorSelection };
  Object.assign(choice, { residentKey: "preferred", requireResidentKey: false, userVerification: "preferred" });
  return { ...options, publicKey: { ...options.publicKey, authenticatorSelection: choice } };
}

async function offered(form) {
  if (form.dataset.passkey !== "login") return JSON.parse(document.getElementById("js_data").textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return answer.json();
}

async function ask(form) {
  const options = await offered(form);
  if (form.dataset.passkey === "create") return window.webauthnJSON.create(wished(options.creation_options));
  return window.webauthnJSON.get(options.request_options);
}

function arm(form) {
  const said = form.querySelector("[data-passkey-said]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    said.textContent = "";
    try {
      form.elements.credential.value = JSON.stringify(await ask(form));
      form.submit();
    } catch (error) {
      said.textContent = WORDS[error.name] || OTHERWISE;
    }
  });
}

if (window.PublicKeyCredential && window.webauthnJSON) {
  document.querySelectorAll("form[data-passkey]").forEach(arm);
  document.querySelectorAll("[data-passkey-without]").forEach((words) => words.remove());
}
