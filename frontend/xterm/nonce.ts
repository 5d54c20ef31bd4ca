// The emulator inserts style elements. The content security policy allows only those with the nonce of the response, so
// each style element that is created from now on gets it. Done once per page.

let done = false;

export function allowStyles(): void {
  if (done) return;
  done = true;
  const nonce = document.querySelector<HTMLMetaElement>("meta[name=csp-nonce]")?.nonce;
  if (!nonce) return;
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (name.toLowerCase() === "style") element.nonce = nonce;
    return element;
  });
}
