// Passkeys: a button with data-passkey="add", "use" or "login" asks the browser, then sends its form.
// Words for what can go wrong stand on the element with data-passkey-words, in the reader's language.
(function () {
  "use strict";

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    var plain = "";
    new Uint8Array(buffer).forEach(function (b) { plain += String.fromCharCode(b); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function named(list) {
    return (list || []).map(function (each) { return Object.assign({}, each, { id: bytes(each.id) }); });
  }

  function plain(credential) {
    var given = credential.response, response = { clientDataJSON: text(given.clientDataJSON) };
    if (given.attestationObject) {
      response.attestationObject = text(given.attestationObject);
      response.transports = given.getTransports ? given.getTransports() : [];
    } else {
      response.authenticatorData = text(given.authenticatorData);
      response.signature = text(given.signature);
      response.userHandle = given.userHandle ? text(given.userHandle) : null;
    }
    return {
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response,
      authenticatorAttachment: credential.authenticatorAttachment || null,
      clientExtensionResults: credential.getClientExtensionResults()
    };
  }

  async function create(options) {
    var wanted = Object.assign({}, options.publicKey);
    wanted.challenge = bytes(wanted.challenge);
    wanted.user = Object.assign({}, wanted.user, { id: bytes(wanted.user.id) });
    wanted.excludeCredentials = named(wanted.excludeCredentials);
    // A passkey: it stays on the device, and knows its holder.
    wanted.authenticatorSelection = Object.assign({}, wanted.authenticatorSelection, {
      residentKey: "required", requireResidentKey: true, userVerification: "required"
    });
    return plain(await navigator.credentials.create({ publicKey: wanted }));
  }

  async function get(options) {
    var wanted = Object.assign({}, options.publicKey);
    wanted.challenge = bytes(wanted.challenge);
    wanted.allowCredentials = named(wanted.allowCredentials);
    wanted.userVerification = "required";
    return plain(await navigator.credentials.get({ publicKey: wanted }));
  }

  async function options(button) {
    if (button.dataset.passkey === "login") {
      var answer = await fetch(button.form.action, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
      if (!answer.ok) throw new Error("options");
      return (await answer.json()).request_options;
    }
    var data = JSON.parse(document.getElementById(button.dataset.options).textContent);
    return data.creation_options || data.request_options;
  }

  function say(box, error) {
    var words = box.dataset;
    if (error && error.name === "InvalidStateError") box.textContent = words.already;
    else if (error && (error.name === "NotAllowedError" || error.name === "AbortError")) box.textContent = words.refused;
    else box.textContent = words.failed;
    box.hidden = false;
  }

  document.querySelectorAll("[data-passkey]").forEach(function (button) {
    var box = document.querySelector("[data-passkey-words]");
    if (!window.PublicKeyCredential || !navigator.credentials) {
      box.textContent = box.dataset.unable;
      box.hidden = false;
      button.disabled = true;
      return;
    }
    button.addEventListener("click", async function (event) {
      event.preventDefault();
      box.hidden = true;
      button.disabled = true;
      try {
        var wanted = await options(button);
        var made = button.dataset.passkey === "add" ? await create(wanted) : await get(wanted);
        button.form.elements.credential.value = JSON.stringify(made);
        button.form.submit();
      } catch (error) {
        button.disabled = false;
        say(box, error);
      }
    });
  });
})();
