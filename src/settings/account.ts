// Printable ASCII but for `@` and what can change a URL's path: slash, backslash and percent.
const ACCOUNT =
  /^[A-Z]{2,}:[\x21-\x24\x26-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]+@[\x21-\x24\x26-\x2e\x30-\x3f\x41-\x5b\x5d-\x7e]+$/;

/** Whether a text has the form `REGION:email`, such as `US:name@example.com`. */
export function isAccount(text: string): boolean {
  // No address has two dots in a row, and `..` is what `encodeURIComponent` lets through to rewrite a path.
  return ACCOUNT.test(text) && !text.includes('..');
}
