import pMap from 'p-map';
import { FileError, type FileErrorCode } from '../errors.ts';
import { type Edits, formatEdits } from '../files/edits.ts';
import type { FoundFile } from '../files/found-file.ts';
import { Fitter, type FitterDependencies } from '../fit/fitter.ts';
import type { SourceFile } from '../fit/source-file.ts';
import { type CheckContext, createCheckContext } from '../media/check-context.ts';
import { unlessAborted } from '../until-aborted.ts';
import { checkFiles } from './check-files.ts';
import {
  type AcceptableFile,
  type CheckedFile,
  type FileCheck,
  selectAcceptable,
  unchecked,
} from './checked-file.ts';
import type { Manifest } from './manifest.ts';
import { createPlannedAsset, type PlannedAssetContext } from './planned-asset.ts';
import { settledWithoutSending } from './record.ts';
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
  /** Whether the first failure stops the conversions. */
  readonly failFast: boolean;
}

/** What {@link FileFitting} needs from outside. */
export interface FileFittingDependencies extends Pick<PlannedAssetContext, 'onEvent' | 'onFittedImage'> {
  readonly machine: FitterDependencies;
  readonly manifest: Pick<Manifest, 'findFitted'> | undefined;
  readonly signal: AbortSignal;
}

/** Refusals that a conversion may fix. */
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

/** An input as a file on the disk. */
interface LoadedInput extends FitInput {
  /** Absolute. */
  readonly path: string;
  /** Undefined if nothing needed its SHA-256 yet. */
  readonly source: SourceFile | undefined;
}

/** Converts the files of one run: plans before anything is sent, and converts each file when its turn comes. */
export class FileFitting {
  readonly #options: FileFittingOptions;
  readonly #dependencies: FileFittingDependencies;
  readonly #fitter: Fitter;
  readonly #checks: CheckContext & { close(): Promise<void> };
  readonly #planned: PlannedAssetContext;

  constructor(options: FileFittingOptions, dependencies: FileFittingDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#fitter = new Fitter(options, dependencies.machine);
    this.#checks = createCheckContext(options.noLimits, dependencies.signal);
    this.#planned = { ...dependencies, fitter: this.#fitter, checks: this.#checks };
  }

  /**
   * Checks every file and plans its conversion. Nothing is converted yet; only standard input is put into a file,
   * because decoders read it more than once.
   */
  async check(found: readonly FoundFile[]): Promise<readonly CheckedFile[]> {
    const { signal } = this.#dependencies;
    const inputs = new Map<string, FitInput>();
    const keys = found.map((file) => this.#keyOf(file));
    for (const [index, file] of found.entries()) {
      const key = keys[index]!;
      if (!inputs.has(key)) {
        inputs.set(key, { index, file, edits: { ...this.#options.edits, ...file.edits } });
      }
    }
    const prepared = await unlessAborted(this.#checkInputs([...inputs.values()]), signal);
    const byKey = new Map([...inputs.keys()].map((key, i) => [key, prepared?.[i]]));
    return found.map(({ path }, i) => ({ path, check: byKey.get(keys[i]!) ?? unchecked }));
  }

  /** Converts all files that need it; with `failFast`, stops at the first failure. */
  async fitAll(files: readonly CheckedFile[]): Promise<readonly CheckedFile[]> {
    const { machine } = this.#dependencies;
    const { failFast } = this.#options;
    const stopping = new AbortController();
    const signal = AbortSignal.any([this.#dependencies.signal, stopping.signal]);
    const results = new Map<FileCheck, FileCheck>();
    if (failFast && files.some(({ check }) => check.kind === 'refused')) {
      stopping.abort();
    }
    await pMap(
      selectAcceptable(files),
      async (file) => {
        signal.throwIfAborted();
        const result = await this.#fitNow(file, signal);
        results.set(file.check, result);
        if (failFast && result.kind === 'refused') {
          stopping.abort();
        }
      },
      { concurrency: machine.cores },
    ).catch((error: unknown) => {
      if (!signal.aborted) {
        throw error;
      }
    });
    return files.map(({ path, check }) => ({
      path,
      check: results.get(check) ?? (check.kind === 'acceptable' ? unchecked : check),
    }));
  }

  /** Removes all converted files. */
  async close(): Promise<void> {
    await Promise.all([this.#fitter.close(), this.#checks.close()]);
  }

  async #fitNow({ index, path, check }: AcceptableFile, signal: AbortSignal): Promise<FileCheck> {
    const { onEvent } = this.#dependencies;
    const { sizeBytes } = check.asset;
    try {
      return { ...check, asset: await check.asset.prepare(signal) };
    } catch (error) {
      const refused = refusedBy(error);
      onEvent({ type: 'file-settled', index, path, sizeBytes, outcome: settledWithoutSending(refused) });
      return refused;
    }
  }

  /** The same for inputs that are one file with the same edits. */
  #keyOf({ source, edits }: FoundFile): string {
    const named = typeof source === 'string' ? source : '-';
    return edits === undefined ? `${named}\0` : `${named}\0#${formatEdits(edits)}`;
  }

  async #checkInputs(inputs: readonly FitInput[]): Promise<readonly FileCheck[]> {
    const { signal } = this.#dependencies;
    const { noLimits, failFast } = this.#options;
    const concurrency = maxSourcesAtOnce;
    const spool = this.#createSpool();
    const loaded = await pMap(inputs, (input) => this.#load(input, spool), { concurrency });
    const toCheck = loaded.flatMap((it) => ('file' in it ? it.file : []));
    // A conversion may fix a refusal, so a refusal does not stop the checks.
    const checked = await checkFiles(toCheck, { noLimits, failFast: false }, signal);
    const checks = checked.values();
    const prepared = await pMap(
      loaded.map((it) => ('file' in it ? { ...it, check: checks.next().value!.check } : it)),
      (it) => ('check' in it ? this.#plan(it, it.check) : it.settled),
      { concurrency },
    );
    const firstRefused = failFast ? prepared.findIndex(({ kind }) => kind === 'refused') : -1;
    return firstRefused === -1
      ? prepared
      : prepared.map((preparation, i) => (i <= firstRefused ? preparation : unchecked));
  }

  /** Puts a stream into a file, once however often it is named. */
  #createSpool(): (stream: NodeJS.ReadableStream) => Promise<string> {
    const { signal } = this.#dependencies;
    let path: Promise<string> | undefined;
    return (stream) => {
      path ??= this.#fitter.spool(stream, signal);
      return path;
    };
  }

  /** Asks the manifest before anything of the file is probed. */
  async #load(
    input: FitInput,
    spool: (stream: NodeJS.ReadableStream) => Promise<string>,
  ): Promise<LoadedInput | { readonly settled: FileCheck }> {
    const { manifest, signal } = this.#dependencies;
    const { file, edits } = input;
    try {
      const path = typeof file.source === 'string' ? file.source : await spool(file.source);
      const loaded = { ...input, file: { ...file, source: path }, path, source: undefined };
      if (manifest === undefined || file.folderError !== undefined || !this.#shouldFit(file)) {
        return loaded;
      }
      // If it cannot be hashed, the check explains why in better words.
      const source = await this.#fitter.loadSource(path, signal).catch(() => undefined);
      const upload = source && manifest.findFitted(source.sha256, this.#fitter.formatRecipeKey(edits));
      return upload === undefined ? { ...loaded, source } : { settled: { kind: 'known', upload } };
    } catch (error) {
      return { settled: refusedBy(error) };
    }
  }

  async #plan(
    { index, file, path, edits, source: loaded }: LoadedInput,
    check: FileCheck,
  ): Promise<FileCheck> {
    const { signal, onEvent } = this.#dependencies;
    const isMendable = check.kind === 'refused' && mendable.has(check.error.code);
    if (!this.#shouldFit(file) || !(check.kind === 'acceptable' || isMendable)) {
      return check;
    }
    try {
      const source = loaded ?? (await this.#fitter.loadSource(path, signal));
      const recipe = this.#fitter.formatRecipeKey(edits);
      const plan = await this.#fitter.plan(source, edits, check.kind === 'acceptable', signal);
      for (const reason of describeUselessEdits(file.edits, plan, check)) {
        onEvent({ type: 'fit-doubt', index, path: file.path, reason });
      }
      switch (plan.kind) {
        case 'untouched':
          if (plan.note !== undefined) {
            onEvent({ type: 'fit-doubt', index, path: file.path, reason: plan.note });
          }
          return check.kind === 'acceptable' ? { ...check, recipe } : withoutFitting(check);
        case 'fit':
          return {
            kind: 'acceptable',
            asset: createPlannedAsset({ index, path: file.path, plan }, this.#planned),
            recipe,
          };
      }
    } catch (error) {
      return refusedBy(error);
    }
  }

  #shouldFit({ edits }: FoundFile): boolean {
    return this.#options.everyFile || edits !== undefined;
  }
}

/** A refusal that the fitter left as it is, so that nobody is sent to it again. */
function withoutFitting(check: Exclude<FileCheck, { kind: 'acceptable' }>): FileCheck {
  if (check.kind !== 'refused') {
    return check;
  }
  const { code, message, hint, cause } = check.error;
  return { kind: 'refused', error: new FileError(code, message, { hint, cause }) };
}

function refusedBy(error: unknown): Extract<FileCheck, { kind: 'refused' }> {
  if (error instanceof FileError) {
    return { kind: 'refused', error };
  }
  throw error;
}
