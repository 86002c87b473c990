// A passkey signs what the page shows: the challenge is the text that OpenSSH would sign (docs/decisions/0008).
"use strict";

const bytes = (text) => {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - (text.length % 4)) % 4);
  return Uint8Array.from(atob(padded), (each) => each.charCodeAt(0));
};
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const sign = async (form, button) => {
  const options = JSON.parse(document.getElementById(button.dataset.options).textContent);
  const answer = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(options.challenge),
      rpId: options.rpId,
      allowCredentials: options.credentials.map((id) => ({ type: "public-key", id: bytes(id) })),
      userVerification: "required",
      timeout: options.minutes * 60000,
    },
  });
  form.elements.authenticator_data.value = text(answer.response.authenticatorData);
  form.elements.client_data_json.value = text(answer.response.clientDataJSON);
  form.elements.signature.value = text(answer.response.signature);
  form.elements.credential.value = text(answer.rawId);
  form.submit();
};

for (const form of document.querySelectorAll("form[data-approve]")) {
  const button = form.querySelector("button.sign");
  const error = form.querySelector(".approve-error");
  if (!button) continue;
  const say = (message) => { error.textContent = message; error.hidden = false; };
  button.hidden = false;
  if (!window.PublicKeyCredential) say(error.dataset.missing);
  button.addEventListener("click", async () => {
    button.disabled = true;
    error.hidden = true;
    try { await sign(form, button); } catch { say(error.dataset.refused); button.disabled = false; }
  });
}
