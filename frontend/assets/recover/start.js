// Starts the program that stands above in base64; frontend/src/bin/recover.rs is its source.
(() => {
  const fail = (error) => {
    document.getElementById("state").textContent = "";
    document.getElementById("fault").textContent =
      `The page cannot go on (${error?.message ?? error}). Open it again, or in another browser.`;
  };
  addEventListener("error", (event) => fail(event.error));
  addEventListener("unhandledrejection", (event) => fail(event.reason));
  const program = Uint8Array.from(atob(PROGRAM), (sign) => sign.charCodeAt(0));
  wasm_bindgen({ module_or_path: program }).catch(fail);
})();
