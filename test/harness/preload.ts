import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempDir } from './temp-dir.ts';

const prelude = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static int endsWith(const char *text, const char *end) {
  size_t length = strlen(text), endLength = strlen(end);
  return length >= endLength && strcmp(text + length - endLength, end) == 0;
}
__attribute__((unused)) static int isNamed(int fd, const char *end) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return endsWith(path, end);
}
`;

/**
 * Compiles C functions that replace those of the C library, for LD_PRELOAD: they imitate a faulty disk.
 * They may use `isNamed(fd, end)` and `endsWith(text, end)`. Needs Linux and gcc.
 */
export async function compilePreload(functions: string): Promise<string> {
  const folder = await tempDir();
  const [source, library] = [join(folder, 'preload.c'), join(folder, 'preload.so')];
  await writeFile(source, prelude + functions);
  await promisify(execFile)('gcc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  return library;
}
