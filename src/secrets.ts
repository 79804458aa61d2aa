/** What a token of useapi.net looks like, or its beginning; one in a line that could not be parsed is known to nobody. */
const usualTokens = /user(?::|%3a)\d+-[a-z\d]+/gi;

/**
 * References are data, whatever words are in them: `US:name@example.com-image:w1:h1:s1-uri:id`. Each repetition has an
 * end, or a long row of regions would take its length squared.
 */
const references = /([A-Z]{2,8}:\S{1,500}-(?:uri|vid):\S{1,2000})/;

/** The secret values of a run, as they become known, and text without them. */
export class Secrets {
  readonly #secrets = new Map<string, Secret>();

  /** Remembers a token. */
  addToken(token: string): void {
    if (token.trim() === '') {
      return;
    }
    this.#add(token.length < minMaskedLength ? `Bearer ${token}` : token, '[token]');
  }

  /** Remembers the password in the address of a proxy, in each form in which it goes over a wire or stands in a file. */
  addProxy({ username, password }: URL): void {
    if (password !== '') {
      const [user, plain] = [username, password].map(decodeURIComponent);
      this.#add(plain!.length < minMaskedLength ? `${user}:${plain}` : plain!, '[password]');
      this.#add(Buffer.from(`${user}:${plain}`).toString('base64'), '[password]');
    }
  }

  /**
   * A text for people with each secret in it replaced by what kind of secret it is: however it is spelled, and parts of
   * it too. A secret may be an ordinary word, so this is not for data.
   */
  mask(text: string): string {
    const parts = text.split(references);
    return parts.map((part, i) => (i % 2 === 0 ? this.#maskWords(part) : this.maskData(part))).join('');
  }

  /** Data, such as a record, without tokens: only the whole of one is masked, and only if it is no ordinary word. */
  maskData(text: string): string {
    let masked = text;
    for (const secret of this.#secrets.values()) {
      if (secret.isPlainlyToken) {
        masked = secret.maskWhole(masked);
      }
    }
    return masked;
  }

  #maskWords(text: string): string {
    let masked = text;
    for (const secret of this.#secrets.values()) {
      masked = secret.maskParts(secret.maskWhole(masked));
    }
    return masked.replace(usualTokens, '[token]');
  }

  #add(value: string, mask: Mask): void {
    this.#secrets.set(value, new Secret(value, mask));
  }
}

/** A shorter secret stands in too many words, and is masked only together with what goes before it. */
const minMaskedLength = 6;

/** So many characters of a secret that is at least twice as long are masked too. */
const partLength = 8;

const maxWordLength = 11;

type Mask = '[token]' | '[password]';

class Secret {
  /** Whether it is a token that nothing else can be mistaken for. */
  readonly isPlainlyToken: boolean;
  readonly #value: string;
  readonly #mask: Mask;
  readonly #spellings: RegExp | string;

  constructor(value: string, mask: Mask) {
    const isLikeTokens = value.length >= 2 * partLength && /\d/.test(value) && /[a-z]/i.test(value);
    this.isPlainlyToken = mask === '[token]' && (isLikeTokens || /^user:\d+-[a-z\d]+$/i.test(value));
    this.#value = value;
    this.#mask = mask;
    this.#spellings = spellingsOf(value);
  }

  maskWhole(text: string): string {
    return text.replaceAll(this.#spellings, this.#mask);
  }

  maskParts(text: string): string {
    if (this.#value.length < 2 * partLength) {
      return text;
    }
    let masked = '';
    let keptFrom = 0;
    for (let i = 0; i + partLength <= text.length; i += 1) {
      const end = this.#findEnd(text, i);
      if (isTelling(text.slice(i, end))) {
        masked += `${text.slice(keptFrom, i)}${this.#mask}`;
        keptFrom = end;
        i = end - 1;
      }
    }
    return masked + text.slice(keptFrom);
  }

  /** Where the part of the secret ends that begins at `start`; `start` itself where none does. */
  #findEnd(text: string, start: number): number {
    let end = start + partLength;
    if (!this.#value.includes(text.slice(start, end))) {
      return start;
    }
    while (end < text.length && this.#value.includes(text.slice(start, end + 1))) {
      end += 1;
    }
    return end;
  }
}

/** Whether a part of a secret is more than an ordinary word, such as the `environment` of a token that somebody made up. */
function isTelling(part: string): boolean {
  const isMixed = [/\d/, /[a-z]/, /[A-Z]/].filter((kind) => kind.test(part)).length > 1;
  return part.length >= partLength && (isMixed || part.length > maxWordLength);
}

/** Of more characters V8 makes no pattern, or none that is fast. No token and no password comes near it. */
const maxSpelledLength = 500;

/**
 * Finds a secret however it is spelled: as it is, percent-encoded or escaped in JSON, also when that was put into JSON
 * or a URL once more. One of absurd length is found as it is.
 */
export function spellingsOf(secret: string): RegExp | string {
  if (secret.length > maxSpelledLength) {
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
