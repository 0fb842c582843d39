// Lists the routes of the OpenAPI document, each with a form to try it. Replies are shown as text, never as HTML.
"use strict";

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

// The parts of a text, with what stands between backticks as code.
const prose = (text) =>
  (text ?? "").split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));

const resolve = (description, schema) => {
  const name = schema?.$ref?.split("/").pop();
  return name ? description.components.schemas[name] : schema;
};

// A value of a schema, for the body's text field.
const example = (description, schema, depth = 0) => {
  const at = resolve(description, schema);
  if (!at || depth > 4) return null;
  if (at.example !== undefined) return at.example;
  if (at.examples?.length) return at.examples[0];
  const variant = at.oneOf?.find((one) => one.type !== "null") ?? at.anyOf?.[0];
  if (variant) return example(description, variant, depth + 1);
  if (at.allOf) return Object.assign({}, ...at.allOf.map((part) => example(description, part, depth + 1)));
  const type = [at.type].flat().find((one) => one !== "null");
  switch (type) {
    case "object":
      return Object.fromEntries(
        Object.entries(at.properties ?? {})
          .filter(([, property]) => !property.readOnly)
          .map(([key, property]) => [key, example(description, property, depth + 1)]),
      );
    case "array":
      return [example(description, at.items, depth + 1)];
    case "integer":
    case "number":
      return at.default ?? 0;
    case "boolean":
      return at.default ?? false;
    case "string":
      return at.default ?? "";
    default:
      return null;
  }
};

const field = (name, hint, control) =>
  element("label", {}, element("span", {}, name), control, element("small", {}, ...prose(hint)));

const operation = (description, method, path, about) => {
  const parameters = (about.parameters ?? []).filter((one) => one.in !== "header");
  const inputs = new Map();
  const form = element("form", {});
  for (const parameter of parameters) {
    const input = element("input", { name: parameter.name, autocomplete: "off", spellcheck: "false" });
    if (parameter.required) input.required = true;
    inputs.set(parameter, input);
    form.append(field(parameter.name, parameter.description, input));
  }
  const schema = about.requestBody?.content?.["application/json"]?.schema;
  const body = schema && element("textarea", { spellcheck: "false" });
  if (body) {
    body.value = JSON.stringify(example(description, schema), null, 2);
    form.append(field("Body", about.requestBody.description, body));
  }
  const output = element("pre", { "aria-live": "polite", hidden: "" });
  form.append(element("button", { type: "submit" }, "Try it"), output);

  const show = (text) => {
    output.hidden = false;
    output.textContent = text;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let target = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of inputs) {
      if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (input.value !== "") query.set(parameter.name, input.value);
    }
    const url = query.size > 0 ? `${target}?${query}` : target;
    if (path === "/blockchain/events") return listen(url, show);
    show("…");
    try {
      const options = { method: method.toUpperCase() };
      if (body) {
        options.headers = { "content-type": "application/json" };
        options.body = body.value;
      }
      const reply = await fetch(url, options);
      const text = await reply.text();
      let shown = text;
      try {
        shown = JSON.stringify(JSON.parse(text), null, 2);
      } catch {
        // Not JSON: shown as it is.
      }
      show(`${options.method} ${url}\n${reply.status} ${reply.statusText}\n\n${shown.slice(0, 200000)}`);
    } catch (error) {
      show(`${url}\n${error}`);
    }
  });

  return element(
    "details",
    {},
    element(
      "summary",
      {},
      element("code", { class: "method" }, method.toUpperCase()),
      element("code", { class: "path" }, path),
      element("span", { class: "about" }, ...prose([about.summary, about.description].filter(Boolean).join(" "))),
    ),
    form,
  );
};

// Shows events for a minute.
const listen = (url, show) => {
  const lines = [];
  const source = new EventSource(url);
  const note = (event) => {
    lines.push(`${event.lastEventId} ${event.type}\n${event.data}`);
    show(lines.slice(-20).join("\n\n"));
  };
  for (const name of ["status", "block", "reorganisation", "pending", "dropped", "reset"]) {
    source.addEventListener(name, note);
  }
  show("Listening for a minute…");
  setTimeout(() => source.close(), 60000);
};

const start = async () => {
  const about = document.getElementById("about");
  try {
    const reply = await fetch("/blockchain/openapi.json");
    const description = await reply.json();
    about.replaceChildren(...prose(description.info.description));
    const groups = new Map();
    for (const [path, methods] of Object.entries(description.paths)) {
      for (const [method, operationAbout] of Object.entries(methods)) {
        const tag = operationAbout.tags?.[0] ?? "Other";
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push(operation(description, method, path, operationAbout));
      }
    }
    const routes = document.getElementById("routes");
    for (const [tag, operations] of groups) routes.append(element("h2", {}, tag), ...operations);
  } catch (error) {
    about.textContent = `The description cannot be read: ${error}`;
  }
};

start();
