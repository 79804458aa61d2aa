/** The secret values of a run, as they become known, and text without them. */
export class Secrets {
  readonly #values = new Map<string, { readonly spellings: RegExp | string; readonly mask: string }>();

  /** Remembers a token. */
  addToken(token: string): void {
    this.#add(token, '[token]');
  }

  /** Remembers the password in the address of a proxy, in each form in which it goes over a wire or stands in a file. */
  addProxy({ username, password }: URL): void {
    if (password !== '') {
      const [user, plain] = [username, password].map(decodeURIComponent);
      this.#add(plain!, '[password]');
      this.#add(Buffer.from(`${user}:${plain}`).toString('base64'), '[password]');
    }
  }

  /** A text with each secret in it, however it is spelled there, replaced by what kind of secret it is. */
  mask(text: string): string {
    let masked = text;
    for (const { spellings, mask } of this.#values.values()) {
      masked = masked.replaceAll(spellings, mask);
    }
    return masked;
  }

  #add(value: string, mask: string): void {
    if (isDistinct(value)) {
      this.#values.set(value, { spellings: spellingsOf(value), mask });
    }
  }
}

/** Whether a value can be told from what else is printed: without this, a token `12345` would make JSON no JSON. */
function isDistinct(value: string): boolean {
  return value.length >= 6 && /[a-z]/i.test(value);
}

/** Of more characters V8 makes no pattern, or none that is fast. No token and no password comes near it. */
const longestSpelled = 500;

/**
 * Finds a secret however it is spelled: as it is, percent-encoded or escaped in JSON, also when that was put into JSON
 * or a URL once more. One of absurd length is found as it is.
 */
export function spellingsOf(secret: string): RegExp | string {
  if (secret.length > longestSpelled) {
    return secret;
  }
  // Backslashes are taken along with what they escape. Each repetition has an end, or a long row of them would take its
  // length squared.
  const characters = Array.from(secret.replaceAll('\\', ''), (character) => {
    const plain = `\\u{${character.codePointAt(0)!.toString(16)}}`;
    const percent = Array.from(Buffer.from(character), (byte) => `%(?:25){0,4}${hex(byte, 2)}`);
    const json = character.split('').map((unit) => `\\\\{1,8}u${hex(unit.charCodeAt(0), 4)}`);
    return `(?:\\\\{0,8}${plain}|${percent.join('')}|${json.join('')})`;
  });
  return characters.length === 0 ? /(?!)/g : new RegExp(characters.join(''), 'giu');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
