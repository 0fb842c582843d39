// Asks an authenticator for a secret that only it can make: WebAuthn with the extension PRF. The page's
// frontend/src/pages/wallet/passkey.rs calls this; what is thrown has a message for people.
window.cairnPasskey = (() => {
  const ALWAYS = "Nothing was lost: the password always works.";

  // A passkey belongs to a name; browsers refuse numbers such as 127.0.0.1.
  function available() {
    const isNumber = /^[\d.]+$|:/.test(location.hostname);
    return isSecureContext && !isNumber && "PublicKeyCredential" in window && !!navigator.credentials;
  }

  // Makes a passkey: the id of its credential, and its secret for the salt.
  async function create(name, user, salt) {
    const made = await asked("create", {
      rp: { name: "Cairn" },
      user: { id: user, name, displayName: name },
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      attestation: "none",
      extensions: { prf: { eval: { first: salt } } },
    });
    const { prf } = made.getClientExtensionResults();
    if (!prf?.enabled && !prf?.results?.first) {
      throw new Error(`This authenticator makes no secrets for a wallet (it lacks PRF). ${ALWAYS} Try another one.`);
    }
    const credential = new Uint8Array(made.rawId);
    // Some authenticators give the secret only when they are asked again.
    const secret = prf.results?.first ? new Uint8Array(prf.results.first) : await get(credential, salt);
    return { credential, secret };
  }

  // The secret of a passkey for the salt.
  async function get(credential, salt) {
    const given = await asked("get", {
      allowCredentials: [{ type: "public-key", id: credential }],
      userVerification: "required",
      extensions: { prf: { eval: { first: salt } } },
    });
    const secret = given.getClientExtensionResults().prf?.results?.first;
    if (!secret) throw new Error(`The authenticator gave no secret for this wallet. ${ALWAYS}`);
    return new Uint8Array(secret);
  }

  async function asked(what, publicKey) {
    const challenge = crypto.getRandomValues(new Uint8Array(32));
    try {
      return await navigator.credentials[what]({ publicKey: { challenge, ...publicKey } });
    } catch (error) {
      throw new Error(sentence(error));
    }
  }

  function sentence({ name }) {
    switch (name) {
      case "NotAllowedError":
      case "AbortError":
        return `The passkey was not used: the request was cancelled or took too long. ${ALWAYS}`;
      case "SecurityError":
        return `The browser allows no passkeys at this address. ${ALWAYS}`;
      case "NotSupportedError":
      case "ConstraintError":
        return `This device has no authenticator that can do this with a finger, face or PIN. ${ALWAYS}`;
      default:
        return `The browser did not use a passkey (${name}). ${ALWAYS}`;
    }
  }

  return { available, create, get };
})();
