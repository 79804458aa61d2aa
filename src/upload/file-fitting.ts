import pMap from 'p-map';
import { FileError, type FileErrorCode } from '../errors.ts';
import { type Edits, formatEdits } from '../files/edits.ts';
import type { FoundFile } from '../files/found-file.ts';
import { Fitter, type FitterDependencies } from '../fit/fitter.ts';
import type { SourceFile } from '../fit/source-file.ts';
import { createCheckContext } from '../media/check-context.ts';
import { unlessAborted } from '../until-aborted.ts';
import { checkFile } from './check-files.ts';
import { type CheckedFile, type FileCheck, type RefusedCheck, refusedBy, unchecked } from './checked-file.ts';
import { createFittedAsset, type FittedAssetContext } from './fitted-asset.ts';
import type { Manifest } from './manifest.ts';
import { describeUselessEdits } from './useless-edits.ts';

/** How files are converted. */
export interface FitOptions {
  /** Whether all files are converted if they need it; otherwise only those with edits of their own. */
  readonly everyFile: boolean;
  /** The edits of every file. */
  readonly edits: Edits;
  /** The folder for copies of converted files; absolute. */
  readonly fitDir: string | undefined;
  /** Whether all conversions happen before the first byte is sent. */
  readonly beforeSending: boolean;
}

interface FileFittingOptions extends FitOptions {
  /** Whether size, length and sides are left to the server. */
  readonly noLimits: boolean;
  /** Whether the files after the first refused one count as unchecked. */
  readonly failFast: boolean;
}

/** What {@link FileFitting} needs from outside. */
export interface FileFittingDependencies extends Pick<FittedAssetContext, 'onEvent' | 'onFittedImage'> {
  readonly machine: FitterDependencies;
  readonly manifest: Pick<Manifest, 'findFitted'> | undefined;
  readonly signal: AbortSignal;
}

/** Refusals that a conversion may fix, some only with edits: a frame of a clip that is too short is an image. */
const mendable: ReadonlySet<FileErrorCode> = new Set([
  'unsupported_type',
  'too_large',
  'bad_duration',
  'bad_dimensions',
]);

/** Enough sources at once to keep a disk busy. */
const maxSourcesAtOnce = 8;

/** A file with all edits that it gets. */
interface FitInput {
  /** Its first place in the input. */
  readonly index: number;
  readonly file: FoundFile;
  readonly edits: Edits;
}

/** Checks the files of a run that converts them, and plans the conversions. */
export class FileFitting {
  readonly #options: FileFittingOptions;
  readonly #dependencies: FileFittingDependencies;
  readonly #fitter: Fitter;
  readonly #checkContext: ReturnType<typeof createCheckContext>;
  #spooled: Promise<string> | undefined;

  constructor(options: FileFittingOptions, dependencies: FileFittingDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#fitter = new Fitter(options, dependencies.machine);
    this.#checkContext = createCheckContext(options.noLimits, dependencies.signal);
  }

  /**
   * Checks every file and plans its conversion. Nothing is converted yet; only standard input is put into a file,
   * because decoders read it more than once.
   */
  async check(found: readonly FoundFile[]): Promise<readonly CheckedFile[]> {
    const inputs = new Map<string, FitInput>();
    const keys = found.map(resolveInputKey);
    for (const [index, file] of found.entries()) {
      const key = keys[index]!;
      if (!inputs.has(key)) {
        inputs.set(key, { index, file, edits: { ...this.#options.edits, ...file.edits } });
      }
    }
    const checking = pMap(inputs.values(), (input) => this.#check(input), { concurrency: maxSourcesAtOnce });
    const checks = (await unlessAborted(checking, this.#dependencies.signal)) ?? [];
    const firstRefused = this.#options.failFast ? checks.findIndex(({ kind }) => kind === 'refused') : -1;
    // As without conversion, files after the first failure count as unchecked.
    const counted = firstRefused === -1 ? checks : checks.slice(0, firstRefused + 1);
    const byKey = new Map([...inputs.keys()].map((key, i) => [key, counted[i]]));
    return found.map(({ path }, i) => ({ path, check: byKey.get(keys[i]!) ?? unchecked }));
  }

  /** Removes all converted files. */
  async close(): Promise<void> {
    await Promise.all([this.#fitter.close(), this.#checkContext.close()]);
  }

  /** Checks one input, and plans its conversion. Asks the manifest before anything of the file is probed. */
  async #check(input: FitInput): Promise<FileCheck> {
    const { file, edits } = input;
    const { manifest, signal } = this.#dependencies;
    const shouldFit = this.#options.everyFile || file.edits !== undefined;
    try {
      const path = typeof file.source === 'string' ? file.source : await this.#spool(file.source);
      let source: SourceFile | undefined;
      if (shouldFit && manifest !== undefined && file.folderError === undefined) {
        // If it cannot be hashed, the check explains why in better words.
        source = await this.#fitter.loadSource(path, signal).catch(() => undefined);
        const upload = source && manifest.findFitted(source.sha256, this.#fitter.formatRecipeKey(edits));
        if (upload !== undefined) {
          return { kind: 'known', upload };
        }
      }
      const check = await checkFile({ ...file, source: path }, this.#checkContext, signal);
      if (!shouldFit || !isFitCandidate(check)) {
        return check;
      }
      return await this.#plan(input, source ?? (await this.#fitter.loadSource(path, signal)), check);
    } catch (error) {
      return refusedBy(error);
    }
  }

  /** Puts standard input into a file, once however often it is named. */
  #spool(stream: NodeJS.ReadableStream): Promise<string> {
    this.#spooled ??= this.#fitter.spool(stream, this.#dependencies.signal);
    return this.#spooled;
  }

  /** Plans the conversion of a file that is acceptable, or that a conversion may make acceptable. */
  async #plan({ index, file, edits }: FitInput, source: SourceFile, check: FitCandidate): Promise<FileCheck> {
    const { path } = file;
    const { signal, onEvent, onFittedImage } = this.#dependencies;
    const recipe = this.#fitter.formatRecipeKey(edits);
    const plan = await this.#fitter.plan(source, edits, check.kind === 'acceptable', signal);
    const doubts = describeUselessEdits(file.edits, plan, check);
    const note = plan.kind === 'untouched' ? plan.note : undefined;
    for (const reason of note === undefined ? doubts : [...doubts, note]) {
      onEvent({ type: 'fit-doubt', index, path, reason });
    }
    if (plan.kind === 'untouched') {
      return check.kind === 'acceptable' ? { ...check, recipe } : withoutFitting(check);
    }
    const asset = createFittedAsset({ index, path }, plan, {
      fitter: this.#fitter,
      checkContext: this.#checkContext,
      onEvent,
      onFittedImage,
    });
    return { kind: 'acceptable', asset, recipe };
  }
}

/** The same for inputs that are one file with the same edits. */
function resolveInputKey({ source, edits }: FoundFile): string {
  const named = typeof source === 'string' ? source : '-';
  return edits === undefined ? `${named}\0` : `${named}\0#${formatEdits(edits)}`;
}

/** The check of a file that may be converted. */
type FitCandidate = RefusedCheck | Extract<FileCheck, { kind: 'acceptable' }>;

function isFitCandidate(check: FileCheck): check is FitCandidate {
  return check.kind === 'acceptable' || (check.kind === 'refused' && mendable.has(check.error.code));
}

/** A refusal that the fitter left as it is, so that nobody is sent to it again. */
function withoutFitting({ error }: RefusedCheck): RefusedCheck {
  const { code, message, hint, cause } = error;
  return { kind: 'refused', error: new FileError(code, message, { hint, cause }) };
}
