// In place of parts of libraries that are never called, see rolldown.config.ts.
