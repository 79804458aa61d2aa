/** A variable of a shell, of Windows, of GitHub Actions or of a template, or the placeholder of an example. */
const variable = /^\$|\$[{(]|\{\{|^%\w+%$|^<.*>$|<\w[\w ]*>/;

/**
 * Finds what tools and people leave around or in a word of printable ASCII: quotes, a variable that was not expanded,
 * spaces, line breaks. Returns a clause without the value; undefined if there is nothing wrong.
 */
export function describeWrapping(text: string): string | undefined {
  if (variable.test(text.replace(/^["'`]/, ''))) {
    return 'it is a variable or a placeholder that was not replaced by its value';
  }
  if (/^["'`\u2018-\u201f]|["'`\u2018-\u201f]$/.test(text)) {
    return 'there are quotes around it';
  }
  if (/[\r\n\u0085\u2028\u2029]/.test(text)) {
    return 'there is a line break in it';
  }
  if (/\s/.test(text)) {
    return 'there is a space or a tab in it';
  }
  return /[^\x21-\x7e]/.test(text) ? 'there is a character in it that is not printable ASCII' : undefined;
}
