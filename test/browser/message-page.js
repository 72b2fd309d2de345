// In the browser: puts messages into the page, and says what stands there that is no part of a message.

/** Twice: what was harmless may be another thing when the browser reads what it wrote. */
globalThis.putMessage = (html) => {
  document.body.innerHTML = '<div id="message"></div>';
  const message = document.querySelector("#message");
  message.innerHTML = html;
  const again = message.innerHTML;
  message.innerHTML = again;
};

/** @param tags the tags that a message may have, each with its attributes */
globalThis.foreignParts = (tags) => {
  const message = document.querySelector("#message");
  if (message?.parentElement !== document.body) return ["the message is not where it was put"];
  const beside = [...document.querySelectorAll("body > :not(#message), head > *")].map(({ outerHTML }) => outerHTML);
  return [...beside, ...[...message.querySelectorAll("*")].flatMap((element) => foreignOf(element, tags))];
};

function foreignOf(element, tags) {
  const name = element.tagName.toLowerCase();
  if (tags[name] === undefined || element.namespaceURI !== "http://www.w3.org/1999/xhtml") return [`<${name}>`];
  const allowed = [...tags[name], ...(name === "a" ? ["rel", "target"] : [])];
  const attributes = [...element.attributes].filter((attribute) => !allowed.includes(attribute.name));
  const isLink = element instanceof HTMLAnchorElement && element.hasAttribute("href");
  return [
    ...attributes.map((attribute) => `<${name} ${attribute.name}>`),
    ...(isLink && !/^(?:https?|mailto):$/.test(element.protocol) ? [element.href] : []),
  ];
}
