/** The text of a file, which the bundler inserts instead of the import. */
declare module '*?raw' {
  const text: string;
  export default text;
}
