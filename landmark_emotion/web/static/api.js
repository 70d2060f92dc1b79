// The documentation of the HTTP API, made from its OpenAPI description.

const description = await (await fetch("/openapi.json")).json();

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function table(heads, rows, label) {
  const line = (cell, row) => element("tr", {}, ...row.map((text) => element(cell, {}, text)));
  const body = element("tbody", {}, ...rows.map((row) => line("td", row)));
  const scroll = { class: "scroll", tabindex: 0, role: "region", "aria-label": label };
  return element("div", scroll, element("table", {}, element("thead", {}, line("th", heads)), body));
}

const resolve = (schema) => schema.$ref
  ? description.components.schemas[schema.$ref.split("/").at(-1)]
  : schema.anyOf?.map(resolve).find(({ type }) => type !== "null") ?? schema;

function typeOf(schema) {
  const { type, items, additionalProperties, enum: values } = resolve(schema);
  if (values) return values.join(" | ");
  if (type === "array") return `array of ${typeOf(items)}`;
  if (additionalProperties?.type) return `object of ${typeOf(additionalProperties)}`;
  return type;
}

/** List the fields of an answer, with those of nested objects below them. */
function fields(schema, prefix = "") {
  return Object.entries(resolve(schema).properties ?? {}).flatMap(([name, property]) => {
    const { description: text } = { ...resolve(property), ...property };
    const inner = resolve(property).items ?? property;
    const path = `${prefix}${name}${inner === property ? "" : "[]"}`;
    return [[`${prefix}${name}`, typeOf(property), text ?? ""], ...fields(inner, `${path}.`)];
  });
}

function operation(path, method, { description: text, parameters, responses }) {
  const statuses = Object.entries(responses).map(([status, one]) => [status, one.description]);
  const { schema } = responses[200].content["application/json"];
  return element(
    "section", {},
    element("h2", {}, element("code", {}, `${method.toUpperCase()} ${path}`)),
    element("p", {}, text),
    ...(parameters ?? []).map((one) => element(
      "p", {}, element("code", {}, one.name), ` (${typeOf(one.schema)}): ${one.description}`,
    )),
    table(["status", "meaning"], statuses, `Answers of ${path}`),
    element(
      "details", {}, element("summary", {}, "Fields of the answer"),
      table(["field", "type", "meaning"], fields(schema), `Fields of the answer of ${path}`),
    ),
  );
}

const [text, example] = description.info.description.split(" For example: ");
document.getElementById("description").textContent = text;
// With the address under which this page was opened.
document.getElementById("example").textContent = example.replace(
  /\S*\/api\/recognize/, `\\\n     ${location.origin}/api/recognize`,
);
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, described] of Object.entries(methods)) {
    document.getElementById("operations").append(operation(path, method, described));
  }
}
