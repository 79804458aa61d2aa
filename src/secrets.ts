/**
 * A useapi.net token, or the start of one. Catches tokens that were never added, such as one in a line that could not
 * be parsed.
 */
const usualTokens = /user(?::|%3a)\d+-[a-z\d]+/gi;

/**
 * References are data and stay as they are: `US:name@example.com-image:w1:h1:s1-uri:id`. Repetitions are bounded, or a
 * long row of regions would take quadratic time.
 */
const references = /([A-Z]{2,8}:\S{1,500}-(?:uri|vid):\S{1,2000})/;

/** The secret values of a run, added as they become known; masks them in text. */
export class Secrets {
  readonly #secrets = new Map<string, Secret>();

  /** Adds a token. */
  addToken(token: string): void {
    if (token.trim() === '') {
      return;
    }
    this.#add(token.length < minMaskedLength ? `Bearer ${token}` : token, '[token]');
  }

  /** Adds the password of a proxy's address, in each form in which requests and files contain it. */
  addProxy({ username, password }: URL): void {
    if (password !== '') {
      const [user, plain] = [username, password].map(decodeURIComponent);
      this.#add(plain!.length < minMaskedLength ? `${user}:${plain}` : plain!, '[password]');
      this.#add(Buffer.from(`${user}:${plain}`).toString('base64'), '[password]');
    }
  }

  /**
   * Replaces each secret in a text for people by its kind: in any spelling, and parts of it too. Not for data, because
   * a secret may be an ordinary word.
   */
  mask(text: string): string {
    const parts = text.split(references);
    return parts.map((part, i) => (i % 2 === 0 ? this.#maskWords(part) : this.maskData(part))).join('');
  }

  /** Masks tokens in data, such as a record: only whole ones, and only if they are not ordinary words. */
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

/** A shorter secret occurs in too many words, so it is masked only together with the text that precedes it. */
const minMaskedLength = 6;

/** A part of this many characters is masked too, if the secret is at least twice as long. */
const partLength = 8;

const maxWordLength = 11;

type Mask = '[token]' | '[password]';

class Secret {
  /** Whether it is a token that no ordinary text resembles. */
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

  /** The end of the part of the secret that begins at `start`; `start` itself if none does. */
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

/** Whether a part of a secret is more than an ordinary word, such as the `environment` of a made-up token. */
function isTelling(part: string): boolean {
  const isMixed = [/\d/, /[a-z]/, /[A-Z]/].filter((kind) => kind.test(part)).length > 1;
  return part.length >= partLength && (isMixed || part.length > maxWordLength);
}

/** V8 cannot compile a longer pattern, or matches it slowly. No real token or password comes near this length. */
const maxSpelledLength = 500;

/**
 * Finds a secret in any spelling: plain, percent-encoded or escaped in JSON, also if that was encoded again. A secret
 * that is too long for a pattern is found in its plain spelling only.
 */
export function spellingsOf(secret: string): RegExp | string {
  if (secret.length > maxSpelledLength) {
    return secret;
  }
  // Backslashes match together with what they escape. Repetitions are bounded, or a long row of backslashes would take
  // quadratic time.
  const characters = Array.from(secret.replaceAll('\\', ''), (character) => {
    const plain = `\\u{${character.codePointAt(0)!.toString(16)}}`;
    const percent = Array.from(Buffer.from(character), (byte) => `%(?:25){0,4}${hex(byte, 2)}`);
    const json = character.split('').map((unit) => `\\\\{1,8}u${hex(unit.charCodeAt(0), 4)}`);
    return `(?:\\\\|%(?:25){0,4}5c){0,8}(?:${plain}|${percent.join('')}|${json.join('')})`;
  });
  return characters.length === 0 ? /(?!)/g : new RegExp(characters.join(''), 'giu');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
