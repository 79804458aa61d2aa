import { rm } from 'node:fs/promises';
import { type Edits, formatEdits } from '../files/edits.ts';
import { encodePath } from '../files/path-bytes.ts';
import type { Machine } from '../host.ts';
import { Converter } from './converter.ts';
import type { FitPlan, FitTools, FittedFile, FittingPlan } from './fit-plan.ts';
import { ImageProcesses } from './image-processes.ts';
import { keepCopy } from './keep-copy.ts';
import { Planner } from './planner.ts';
import { FfmpegTools } from './programs/ffmpeg-tools.ts';
import { loadSourceFile, refuseChanged, type SourceFile } from './source-file.ts';
import { createDiskError, Workspace } from './workspace.ts';

/** Changes whenever the same source and edits would give another file. */
const recipeVersion = 1;

/** The options that apply to all files. */
export interface FitterOptions {
  /** Whether size, length and sides are left to the server. */
  readonly noLimits: boolean;
  /** Absolute; undefined if nothing is kept. */
  readonly fitDir: string | undefined;
}

/** What the fitter needs from outside. */
export interface FitterDependencies extends Machine {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** How long a program may make no progress. */
  readonly stallMs?: number;
}

/** Converts files. Nothing is loaded, looked for or made on disk until a file asks for it. */
export class Fitter {
  readonly #options: FitterOptions;
  readonly #tools: FitTools;
  readonly #planner: Planner;
  readonly #converter: Converter;

  constructor(options: FitterOptions, dependencies: FitterDependencies) {
    this.#options = options;
    this.#tools = {
      noLimits: options.noLimits,
      cores: dependencies.cores,
      ffmpegTools: new FfmpegTools(dependencies),
      imageProcesses: new ImageProcesses(dependencies),
      workspace: new Workspace(dependencies),
    };
    this.#planner = new Planner(this.#tools);
    this.#converter = new Converter(this.#tools);
  }

  /** The part of a manifest's key that describes options and edits. With the source's SHA-256 it determines the result. */
  formatRecipeKey(edits: Edits): string {
    return [`fit=${recipeVersion}`, ...(this.#options.noLimits ? ['no-limits'] : []), formatEdits(edits)]
      .filter((part) => part !== '')
      .join('&');
  }

  /**
   * Hashes a file, so that the manifest can be asked before anything is probed.
   *
   * @throws FileError, or the signal's reason
   */
  async loadSource(path: string, signal: AbortSignal): Promise<SourceFile> {
    const encoded = encodePath(path);
    const readable = typeof encoded === 'string' ? encoded : await this.#tools.workspace.link(encoded);
    return loadSourceFile(readable, signal);
  }

  /**
   * Puts standard input into the private folder.
   *
   * @throws FileError, or the signal's reason
   */
  spool(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
    return this.#tools.workspace.spool(stream, signal);
  }

  /**
   * Plans how to treat a file; nothing is decoded yet.
   *
   * @param isAccepted whether the check accepts the file unchanged
   * @throws FileError if it cannot be converted, or the signal's reason
   */
  async plan(source: SourceFile, edits: Edits, isAccepted: boolean, signal: AbortSignal): Promise<FitPlan> {
    await this.#tools.workspace.clean();
    return this.#planner.plan(source, edits, isAccepted, signal);
  }

  /**
   * Carries out a plan.
   *
   * @param name how the file is called, for the copy that is kept
   * @param onProgress called with the completed fraction, from 0 to 1
   * @throws FileError, or the signal's reason
   */
  async fit(
    plan: FittingPlan,
    name: string,
    signal: AbortSignal,
    onProgress: (share: number) => void = () => {},
  ): Promise<FittedFile> {
    const { source } = plan;
    await refuseChanged(source);
    const output = await this.#converter.convert(plan, signal, onProgress).catch((error: unknown) => {
      signal.throwIfAborted();
      throw createDiskError(error);
    });
    await refuseChanged(source);
    const { fitDir } = this.#options;
    return {
      path: output.path,
      fitted: output.texts,
      keptPath:
        fitDir === undefined ? undefined : await keepCopy(output.path, fitDir, name, output.extension),
      // The next run removes the folder if it cannot be removed now.
      discard: () => rm(output.path, { force: true }).catch(() => {}),
    };
  }

  /** Removes all converted files. */
  async close(): Promise<void> {
    this.#tools.ffmpegTools.close();
    this.#tools.imageProcesses.close();
    await this.#tools.workspace.remove();
  }
}
